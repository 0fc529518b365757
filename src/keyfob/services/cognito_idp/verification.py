"""Codes on their way: made, sent, tried."""

from collections.abc import Callable

import msgspec

from keyfob.core.errors import AwsError
from keyfob.core.ids import new_code
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.codes import CodeKind, check_code, keep_code
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import NameTakenError, UserRecord


def choose_delivery(pool: UserPoolRecord, user: UserRecord) -> Delivery | None:
    """Return where a sign-up code goes: the pool verifies it, and the user has it.

    Telephone before e-mail where both could be (documented, "Configuring email or phone
    verification").
    """
    for attribute in ("phone_number", "email"):
        if attribute in pool.auto_verified_attributes and user.attributes.get(attribute):
            return Delivery(attribute, user.attributes[attribute])
    return None


def verified_delivery(user: UserRecord) -> Delivery | None:
    """Return a verified address of a user."""
    for attribute in ("phone_number", "email"):
        if user.attributes.get(f"{attribute}_verified") == "true":
            return Delivery(attribute, user.attributes[attribute])
    return None


async def send_code(
    service: UserPools,
    pool: UserPoolRecord,
    user: UserRecord,
    delivery: Delivery,
    kind: CodeKind,
    now_s: float,
) -> dict[str, str]:
    """Make a code, keep its digest, put it into the mailbox; return `CodeDeliveryDetails`."""
    code = new_code(service.randomness)
    pending = keep_code(
        kind, code, key=service.code_key, sub=user.sub, attribute=delivery.attribute, now_s=now_s
    )

    def change(record: UserRecord) -> UserRecord:
        codes = {**record.codes, kind.purpose: pending}
        return msgspec.structs.replace(record, codes=codes)

    if await service.users.update(user.pool_id, user.sub, change) is None:
        raise errors.user_not_found()
    await service.mailbox.send_code(pool, user, delivery, kind=kind, code=code, now_s=now_s)
    return delivery.render()


async def redeem_code(
    service: UserPools,
    user: UserRecord,
    kind: CodeKind,
    code: str,
    *,
    change: Callable[[UserRecord, str], UserRecord],
    now_s: float,
    displace: bool = False,
) -> UserRecord:
    """Take a code and, in the same transaction, do what it allows; a wrong one is counted.

    Args:
        service: the user pools.
        user: who types the code.
        kind: what the code was sent for.
        code: as typed.
        change: gets the record without the code and the attribute it proves.
        now_s: epoch seconds.
        displace: take an alias from another user.

    Raises:
        AwsError: the code is wrong, expired or tried too often; an alias belongs to someone else.
    """

    def apply(record: UserRecord) -> UserRecord:
        pending = check_code(
            kind,
            record.codes.get(kind.purpose),
            code,
            key=service.code_key,
            sub=record.sub,
            now_s=now_s,
        )
        codes = {purpose: each for purpose, each in record.codes.items() if purpose != kind.purpose}
        return change(msgspec.structs.replace(record, codes=codes), pending.attribute)

    def count(record: UserRecord) -> UserRecord:
        pending = record.codes.get(kind.purpose)
        if pending is None:
            return record
        tried = msgspec.structs.replace(pending, attempts=pending.attempts + 1)
        return msgspec.structs.replace(record, codes={**record.codes, kind.purpose: tried})

    try:
        changed = await service.users.update(user.pool_id, user.sub, apply, displace=displace)
    except NameTakenError as error:
        raise errors.alias_exists(error.name.partition(":")[0]) from error
    except AwsError as error:
        if error.code == "CodeMismatchException":
            await service.users.update(user.pool_id, user.sub, count)
        raise
    if changed is None:
        raise errors.user_not_found()
    return changed
