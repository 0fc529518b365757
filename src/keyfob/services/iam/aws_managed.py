"""AWS's own managed policies: the few that people attach to what keyfob serves.

Their documents are written after the AWS Managed Policy Reference; `ReadOnlyAccess` is cut down
to the services here. They have one version each, so `v1` is always the one in force.
"""

from functools import cache
from importlib.resources import files

import msgspec

from keyfob.store.ports.iam_policies import ManagedPolicyRecord, ManagedPolicyVersion

AWS_ACCOUNT = "aws"
"""What stands for the account in their ARNs."""

_CREATED_AT_S = 1_423_180_800.0
"""6 February 2015, when most of them appeared; they are older than any account here."""


class _Entry(msgspec.Struct):
    name: str
    path: str
    id: str
    description: str
    document: msgspec.Raw


@cache
def load_aws_managed_policies() -> dict[str, ManagedPolicyRecord]:
    """Return the policies by ARN, in the order of their names."""
    text = files("keyfob.services.iam").joinpath("data/aws_managed_policies.json").read_bytes()
    entries = msgspec.json.decode(text, type=list[_Entry])
    records = [_build_record(entry) for entry in sorted(entries, key=lambda e: e.name.lower())]
    return {record.arn: record for record in records}


def is_aws_managed(arn: str) -> bool:
    """Return whether an ARN is in AWS's own account, whether or not such a policy is known."""
    return arn.startswith(f"arn:aws:iam::{AWS_ACCOUNT}:policy/")


def _build_record(entry: _Entry) -> ManagedPolicyRecord:
    document = bytes(entry.document).decode()
    return ManagedPolicyRecord(
        account=AWS_ACCOUNT,
        name=entry.name,
        path=entry.path,
        arn=f"arn:aws:iam::{AWS_ACCOUNT}:policy{entry.path}{entry.name}",
        unique_id=entry.id,
        created_at_s=_CREATED_AT_S,
        updated_at_s=_CREATED_AT_S,
        default_number=1,
        last_number=1,
        versions=(ManagedPolicyVersion(1, document, _CREATED_AT_S),),
        description=entry.description,
    )
