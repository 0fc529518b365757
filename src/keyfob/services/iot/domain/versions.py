"""Versions of IoT policies: at most five, numbered onward, one of them in force."""

import msgspec

from keyfob.services.iot import errors
from keyfob.store.ports.iot_policies import IotPolicyRecord, IotPolicyVersion

MAX_VERSIONS = 5
"""AWS General Reference, IoT Core quotas (documented)."""


def add_version(
    record: IotPolicyRecord,
    document: str,
    now_s: float,
    generation_id: str,
    *,
    is_default: bool,
) -> IotPolicyRecord:
    """Return the policy with one more version.

    Raises:
        AwsError: `VersionsLimitExceededException` for a sixth.
    """
    if len(record.versions) >= MAX_VERSIONS:
        raise errors.too_many_versions(record.name)
    version = IotPolicyVersion(record.last_number + 1, document, now_s)
    return msgspec.structs.replace(
        record,
        versions=(*record.versions, version),
        last_number=version.number,
        default_number=version.number if is_default else record.default_number,
        modified_at_s=now_s,
        generation_id=generation_id,
    )


def choose_default(
    record: IotPolicyRecord, version_id: str, now_s: float, generation_id: str
) -> IotPolicyRecord:
    """Return the policy with another version in force.

    Raises:
        AwsError: `ResourceNotFoundException`.
    """
    version = require_version(record, version_id)
    return msgspec.structs.replace(
        record,
        default_number=version.number,
        modified_at_s=now_s,
        generation_id=generation_id,
    )


def remove_version(
    record: IotPolicyRecord, version_id: str, now_s: float, generation_id: str
) -> IotPolicyRecord:
    """Return the policy without one of its versions.

    Raises:
        AwsError: `ResourceNotFoundException`; `DeleteConflictException` for the one in force.
    """
    version = require_version(record, version_id)
    if version.number == record.default_number:
        raise errors.default_version_in_use(record.name)
    rest = tuple(other for other in record.versions if other.number != version.number)
    return msgspec.structs.replace(
        record, versions=rest, modified_at_s=now_s, generation_id=generation_id
    )


def require_version(record: IotPolicyRecord, version_id: str) -> IotPolicyVersion:
    """Return a version by its id.

    Raises:
        AwsError: `ResourceNotFoundException`.
    """
    version = record.version(version_id)
    if version is None:
        raise errors.version_not_found(record.name, version_id)
    return version
