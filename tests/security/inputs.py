"""The least valid input of every operation, naming things that exist."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)

BY_MEMBER: Mapping[str, Any] = {
    "AssumeRolePolicyDocument": TRUST,
    "DeviceKey": "eu-central-1_01234567-89ab-cdef-0123-456789abcdef",
    "PolicyDocument": DOCUMENT,
    "policyDocument": DOCUMENT,
    "Password": "Correct-Horse-1",
    "RoleSessionName": "session",
    "Status": "Inactive",
    "topic": "denied",
    "MaxResults": 1,
}


def build_input(shape: Shape | None, things: Mapping[str, Any]) -> dict[str, Any]:
    """Return required members only.

    Args:
        shape: input shape of the operation.
        things: values by member name that win over made-up ones.
    """
    if not isinstance(shape, StructureShape):
        return {}
    known = {**BY_MEMBER, **things}
    return {
        name: known[name] if name in known else _build(shape.members[name], things)
        for name in shape.required_members
    }


def _build(shape: Shape, things: Mapping[str, Any]) -> Any:
    if isinstance(shape, StructureShape):
        return build_input(shape, things)
    if isinstance(shape, ListShape):
        return [_build(shape.member, things)]
    if isinstance(shape, MapShape):
        return {_build(shape.key, things): _build(shape.value, things)}
    if shape.type_name == "string":
        choices = getattr(shape, "enum", None)
        shortest = max(3, shape.metadata.get("min", 1))  # patterns ask for a few characters
        return choices[0] if choices else "a" * min(shortest, shape.metadata.get("max", shortest))
    return {"boolean": True, "blob": b"a", "timestamp": 0}.get(shape.type_name, 1)
