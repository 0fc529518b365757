"""Versions of managed policies: at most five, numbered onward, one of them in force."""

import msgspec

from keyfob.services.iam import errors
from keyfob.store.ports.iam_policies import ManagedPolicyRecord, ManagedPolicyVersion

MAX_VERSIONS = 5
"""IAM User Guide, `reference_iam-quotas` (documented)."""


def add_version(
    record: ManagedPolicyRecord, document: str, now_s: float, *, is_default: bool
) -> ManagedPolicyRecord:
    """Return the policy with one more version.

    Raises:
        AwsError: `LimitExceeded` for a sixth.
    """
    if len(record.versions) >= MAX_VERSIONS:
        raise errors.too_many_versions()
    version = ManagedPolicyVersion(record.last_number + 1, document, now_s)
    return msgspec.structs.replace(
        record,
        versions=(*record.versions, version),
        last_number=version.number,
        default_number=version.number if is_default else record.default_number,
        updated_at_s=now_s if is_default else record.updated_at_s,
    )


def choose_default(
    record: ManagedPolicyRecord, version_id: str, now_s: float
) -> ManagedPolicyRecord:
    """Return the policy with another version in force.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    version = require_version(record, version_id)
    return msgspec.structs.replace(record, default_number=version.number, updated_at_s=now_s)


def remove_version(record: ManagedPolicyRecord, version_id: str) -> ManagedPolicyRecord:
    """Return the policy without one of its versions.

    Raises:
        AwsError: `NoSuchEntity`; `DeleteConflict` for the version in force.
    """
    version = require_version(record, version_id)
    if version.number == record.default_number:
        raise errors.default_version_in_use()
    rest = tuple(other for other in record.versions if other.number != version.number)
    return msgspec.structs.replace(record, versions=rest)


def require_version(record: ManagedPolicyRecord, version_id: str) -> ManagedPolicyVersion:
    """Return a version by its id.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    version = record.version(version_id)
    if version is None:
        raise errors.policy_version_not_found(record.arn, version_id)
    return version
