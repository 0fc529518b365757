import pytest

from keyfob.policy import (
    EMPTY_CONTEXT,
    Effect,
    PolicyKind,
    PolicyRequest,
    compile_policy,
    evaluate,
    parse_policy,
)
from keyfob.services.cognito_identity.domain.guest_policies import GUEST_SESSION_POLICIES

POLICIES = [
    compile_policy(parse_policy(document, PolicyKind.SESSION), "guests")
    for document in GUEST_SESSION_POLICIES
]


@pytest.mark.parametrize(
    ("action", "effect"),
    [
        ("iot:Connect", Effect.ALLOW),
        ("iot:Publish", Effect.ALLOW),
        ("cognito-identity:GetId", Effect.ALLOW),
        ("kms:Decrypt", Effect.ALLOW),
        ("geo:BatchPutGeofence", Effect.ALLOW),
        ("kms:DeleteAlias", Effect.IMPLICIT_DENY),
        ("iotjobsdata:DescribeJobExecution", Effect.IMPLICIT_DENY),
        ("sts:AssumeRole", Effect.IMPLICIT_DENY),
        ("iam:CreateUser", Effect.IMPLICIT_DENY),
    ],
)
def test_what_guests_may_at_most_do(action: str, effect: Effect) -> None:
    request = PolicyRequest(action, "arn:aws:x:eu-central-1:123456789012:y", EMPTY_CONTEXT)
    assert evaluate(POLICIES, request).effect is effect
