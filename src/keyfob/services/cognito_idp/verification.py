"""Codes on their way: made, sent, tried."""

from collections.abc import Callable

import msgspec

from keyfob.core.errors import AwsError
from keyfob.core.ids import new_code
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.codes import CodeKind, check_code, keep_code
from keyfob.services.cognito_idp.mailbox import CODE_MARK, Delivery
from keyfob.services.cognito_idp.triggers import Caller, Occasion, describe_user, fire
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import NameTakenError, UserRecord

_RECOVERY = {"verified_email": "email", "verified_phone_number": "phone_number"}
"""Attribute by recovery mechanism; `admin_only` has none."""

_DEFAULT_RECOVERY = (
    {"Priority": 1, "Name": "verified_phone_number"},
    {"Priority": 2, "Name": "verified_email"},
)


def choose_delivery(pool: UserPoolRecord, user: UserRecord) -> Delivery | None:
    """Return where a sign-up code goes: the pool verifies it, and the user has it.

    Telephone before e-mail where both could be (documented, "Configuring email or phone
    verification").
    """
    for attribute in ("phone_number", "email"):
        if attribute in pool.auto_verified_attributes and user.attributes.get(attribute):
            return Delivery(attribute, user.attributes[attribute])
    return None


def verified_delivery(pool: UserPoolRecord, user: UserRecord) -> Delivery | None:
    """Return the verified address of a user that a password is recovered by.

    Source: API reference of `AccountRecoverySettingType` (documented): in the order of their
    priority; without a setting telephone before e-mail.
    """
    mechanisms = pool.settings.get("AccountRecoverySetting", {}).get("RecoveryMechanisms")
    names = [
        _RECOVERY.get(each["Name"])
        for each in sorted(mechanisms or _DEFAULT_RECOVERY, key=lambda each: each["Priority"])
    ]
    for attribute in names:
        if attribute and user.attributes.get(f"{attribute}_verified") == "true":
            return Delivery(attribute, user.attributes[attribute])
    return None


async def send_code(
    service: UserPools,
    pool: UserPoolRecord,
    user: UserRecord,
    delivery: Delivery,
    kind: CodeKind,
    *,
    caller: Caller,
    now_s: float,
    source: str | None = None,
) -> dict[str, str]:
    """Make a code, keep its digest, put it into the mailbox; return `CodeDeliveryDetails`."""
    code = new_code(service.randomness)
    pending = keep_code(
        kind, code, key=service.code_key, sub=user.sub, attribute=delivery.attribute, now_s=now_s
    )

    def change(record: UserRecord) -> UserRecord:
        codes = {**record.codes, kind.slot(delivery.attribute): pending}
        return msgspec.structs.replace(record, codes=codes)

    if await service.users.update(user.pool_id, user.sub, change) is None:
        raise errors.user_not_found()
    await deliver_code(
        service, pool, user, delivery, kind, code, caller=caller, now_s=now_s, source=source
    )
    return delivery.render()


async def deliver_code(
    service: UserPools,
    pool: UserPoolRecord,
    user: UserRecord,
    delivery: Delivery,
    kind: CodeKind,
    code: str,
    *,
    caller: Caller,
    now_s: float,
    source: str | None = None,
) -> None:
    """Put a message with a code into the mailbox, worded by the pool or its function.

    Args:
        service: the user pools.
        pool: whose templates.
        user: to whom.
        delivery: where to.
        kind: what the code is for.
        code: the code.
        caller: for the custom message trigger.
        now_s: epoch seconds.
        source: what the trigger is told, where that is not the kind's own.
    """
    request = {
        "userAttributes": describe_user(user),
        "codeParameter": CODE_MARK,
        "usernameParameter": None,
    }
    wording = await fire(
        service.functions,
        pool,
        Occasion("CustomMessage", f"CustomMessage_{source or kind.message_source}"),
        username=user.username,
        caller=caller,
        request=request,
        response={"smsMessage": None, "emailMessage": None, "emailSubject": None},
    )
    await service.mailbox.send_code(
        pool, user, delivery, kind=kind, code=code, wording=wording, now_s=now_s
    )


async def redeem_code(
    service: UserPools,
    user: UserRecord,
    kind: CodeKind,
    code: str,
    *,
    change: Callable[[UserRecord, str], UserRecord],
    now_s: float,
    displace: bool = False,
    attribute: str = "",
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
        attribute: the attribute to prove, for codes that are kept for each.

    Raises:
        AwsError: the code is wrong, expired or tried too often; an alias belongs to someone else.
    """
    slot = kind.slot(attribute)

    def apply(record: UserRecord) -> UserRecord:
        pending = check_code(
            kind,
            record.codes.get(slot),
            code,
            key=service.code_key,
            sub=record.sub,
            now_s=now_s,
        )
        codes = {purpose: each for purpose, each in record.codes.items() if purpose != slot}
        return change(msgspec.structs.replace(record, codes=codes), pending.attribute)

    def count(record: UserRecord) -> UserRecord:
        pending = record.codes.get(slot)
        if pending is None:
            return record
        tried = msgspec.structs.replace(pending, attempts=pending.attempts + 1)
        return msgspec.structs.replace(record, codes={**record.codes, slot: tried})

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
