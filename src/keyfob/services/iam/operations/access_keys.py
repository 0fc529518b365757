"""Access keys of users: Create, List, Update, Delete, GetAccessKeyLastUsed."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_secret_access_key, new_unique_id
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.entities import USER
from keyfob.services.iam.paging import cut_page
from keyfob.store.ports.iam_users import AccessKeyRecord, UserRecord

MAX_ACCESS_KEYS = 2
"""Access keys of one user; IAM User Guide, `reference_iam-quotas` (documented)."""

SECRET_PURPOSE = "iam secret access key"  # noqa: S105 - what the sealed bytes are, not a secret


async def create_access_key(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make an access key; this answer is the only one that ever holds the secret."""
    secret = new_secret_access_key(service.randomness)
    access_key_id = new_unique_id(service.randomness, "AKIA")
    key = AccessKeyRecord(
        access_key_id=access_key_id,
        sealed_secret=service.sealer.encrypt(SECRET_PURPOSE, secret.encode(), access_key_id),
        created_at_s=request.now_s,
    )

    def change(record: UserRecord) -> UserRecord:
        if len(record.access_keys) >= MAX_ACCESS_KEYS:
            raise errors.quota_exceeded("AccessKeysPerUser", MAX_ACCESS_KEYS)
        return msgspec.structs.replace(record, access_keys=(*record.access_keys, key))

    record = await USER.update(service, request, change)
    return {"AccessKey": {**_render_key(record, key), "SecretAccessKey": secret}}


async def list_access_keys(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of a user's keys, without secrets."""
    record = await USER.find(service, request)
    keys, more = cut_page(
        "access keys", request.params, record.access_keys, key=lambda key: key.access_key_id
    )
    return {"AccessKeyMetadata": [_render_key(record, key) for key in keys], **more}


async def update_access_key(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Switch a key on or off."""
    access_key_id, status = request.params["AccessKeyId"], request.params["Status"]

    def change(record: UserRecord) -> UserRecord:
        _require_key(record, access_key_id)
        keys = tuple(
            msgspec.structs.replace(key, status=status)
            if key.access_key_id == access_key_id
            else key
            for key in record.access_keys
        )
        return msgspec.structs.replace(record, access_keys=keys)

    await USER.update(service, request, change)
    return {}


async def delete_access_key(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a key."""
    access_key_id = request.params["AccessKeyId"]

    def change(record: UserRecord) -> UserRecord:
        _require_key(record, access_key_id)
        rest = tuple(key for key in record.access_keys if key.access_key_id != access_key_id)
        return msgspec.structs.replace(record, access_keys=rest)

    await USER.update(service, request, change)
    return {}


async def get_access_key_last_used(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return whose a key is and when it last signed; `N/A` stands for never.

    Source of the `N/A`: IAM API Reference, `AccessKeyLastUsed` (documented).
    """
    access_key_id = request.params["AccessKeyId"]
    owner = await service.users.find_by_access_key(access_key_id)
    if owner is None or owner.account != request.account:
        raise errors.access_key_not_the_accounts(request.principal.arn, access_key_id)
    use = await service.key_uses.latest(access_key_id)
    last_used: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    if use is not None:
        last_used = {
            "LastUsedDate": use.used_at_s,
            "ServiceName": use.service,
            "Region": use.region,
        }
    return {"UserName": owner.name, "AccessKeyLastUsed": last_used}


def _require_key(record: UserRecord, access_key_id: str) -> None:
    if record.access_key(access_key_id) is None:
        raise errors.access_key_not_found(access_key_id)


def _render_key(record: UserRecord, key: AccessKeyRecord) -> dict[str, Any]:
    return {
        "UserName": record.name,
        "AccessKeyId": key.access_key_id,
        "Status": key.status,
        "CreateDate": key.created_at_s,
    }
