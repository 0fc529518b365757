"""Second factors being asked for, and proven."""

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.core.ids import new_code
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import Attempt, new_step
from keyfob.services.cognito_idp.devices import find_device
from keyfob.services.cognito_idp.domain.codes import SIGN_IN, digest_code
from keyfob.services.cognito_idp.domain.factors import (
    ATTRIBUTES,
    SOFTWARE_TOKEN,
    factors_to_ask,
    needs_setup,
    pool_factors,
)
from keyfob.services.cognito_idp.domain.lockout import check_lockout, count_failure
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.domain.software_tokens import find_step
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.verification import deliver_code
from keyfob.store.ports.users import Lockout, UserRecord

_SECRET = "software token"  # noqa: S105 - a purpose


async def ask_second_factor(
    service: UserPools, attempt: Attempt, user: UserRecord
) -> Mapping[str, Any] | None:
    """Return the challenge that a user with a first factor has yet to answer, None if none.

    A remembered device takes the place of the other factors (documented).
    """
    device = await find_device(service, user, attempt.device_key)
    if device is not None and device.is_remembered:
        return put(service, new_step(service, attempt, user, "DEVICE_SRP_AUTH"), {})
    if needs_setup(attempt.pool, user):
        if SOFTWARE_TOKEN not in pool_factors(attempt.pool):
            raise errors.no_factor_to_set_up()
        parameters = {"MFAS_CAN_SETUP": _texts((SOFTWARE_TOKEN,))}
        return put(service, new_step(service, attempt, user, "MFA_SETUP"), parameters)
    names = factors_to_ask(attempt.pool, user)
    if not names:
        return None
    if len(names) == 1:
        return await ask_factor(service, attempt, user, names[0], has_first_factor=True)
    step = new_step(service, attempt, user, "SELECT_MFA_TYPE", choices=names)
    return put(service, step, {"MFAS_CAN_CHOOSE": _texts(names)})


async def ask_factor(
    service: UserPools, attempt: Attempt, user: UserRecord, name: str, *, has_first_factor: bool
) -> Mapping[str, Any]:
    """Return the challenge for one factor; a code is sent where it takes one.

    Args:
        service: the user pools.
        attempt: the request.
        user: who signs in.
        name: the challenge, for instance `SMS_MFA`.
        has_first_factor: whether this is the second factor.
    """
    if name == SOFTWARE_TOKEN:
        token = user.software_token
        step = new_step(service, attempt, user, name, has_first_factor=True)
        return put(service, step, {"FRIENDLY_DEVICE_NAME": token.name if token else ""})
    attribute = ATTRIBUTES[name]
    delivery = Delivery(attribute, user.attributes[attribute])
    code = new_code(service.randomness)
    step = new_step(
        service,
        attempt,
        user,
        name,
        has_first_factor=has_first_factor,
        code_digest=digest_code(SIGN_IN, code, key=service.code_key, sub=user.sub),
    )
    await deliver_code(
        service,
        attempt.pool,
        user,
        delivery,
        SIGN_IN,
        code,
        caller=attempt.caller,
        now_s=attempt.now_s,
    )
    shown = delivery.render()
    parameters = {
        "CODE_DELIVERY_DELIVERY_MEDIUM": shown["DeliveryMedium"],
        "CODE_DELIVERY_DESTINATION": shown["Destination"],
    }
    return put(service, step, parameters)


async def prove_factor(
    service: UserPools, attempt: Attempt, user: UserRecord, step: Step, code: str
) -> UserRecord:
    """Return the user if a code is right; one attempt at a time, failures are counted.

    Raises:
        AwsError: it is wrong or was used before, or the user must wait.
    """
    async with service.lanes.enter(user.pool_id, f"factor {user.sub}"):
        current = await service.users.get(user.pool_id, user.sub)
        if current is None:
            raise errors.user_not_found()
        check_lockout(current.factor_lockout, attempt.now_s)
        used_step = _check_code(service, current, step, code, attempt.now_s)
        if used_step is None:
            await _count_failure(service, current, attempt.now_s)
            raise errors.wrong_factor_code()
        service.used.use(step.challenge_id, step.expires_at_s, attempt.now_s)
        return await _note_success(service, current, used_step)


def seal_secret(service: UserPools, user: UserRecord, secret: str) -> bytes:
    """Return an authenticator's secret encrypted for storage."""
    return service.sealer.encrypt(_SECRET, secret.encode(), f"{user.pool_id}/{user.sub}")


def open_secret(service: UserPools, user: UserRecord, encrypted: bytes) -> str:
    """Return what `seal_secret` was given.

    Raises:
        SealError: the record was tampered with, or its key is gone.
    """
    return service.sealer.decrypt(_SECRET, encrypted, f"{user.pool_id}/{user.sub}").decode()


def put(service: UserPools, step: Step, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the answer that puts a challenge."""
    return {
        "ChallengeName": step.name,
        "Session": service.sessions.seal_step(step),
        "ChallengeParameters": {"USER_ID_FOR_SRP": step.username, **parameters},
    }


def _check_code(
    service: UserPools, user: UserRecord, step: Step, code: str, now_s: float
) -> int | None:
    """Return the time step of a right software token code, 0 for another right code, else None."""
    if step.name != SOFTWARE_TOKEN:
        digest = digest_code(SIGN_IN, code, key=service.code_key, sub=user.sub)
        return 0 if hmac.compare_digest(digest, step.code_digest) else None
    token = user.software_token
    if token is None or not token.is_verified:
        raise errors.software_token_not_found()
    found = find_step(open_secret(service, user, token.secret_encrypted), code, now_s)
    if found is not None and found <= token.last_step:
        raise errors.software_token_used()
    return found


async def _note_success(service: UserPools, user: UserRecord, used_step: int) -> UserRecord:
    changes: dict[str, Any] = {}
    if user.factor_lockout.failures:
        changes["factor_lockout"] = Lockout()
    if used_step and user.software_token is not None:
        changes["software_token"] = msgspec.structs.replace(
            user.software_token, last_step=used_step
        )
    return await service.change_user(user, **changes) if changes else user


async def _count_failure(service: UserPools, user: UserRecord, now_s: float) -> None:
    await service.users.update(
        user.pool_id,
        user.sub,
        lambda record: msgspec.structs.replace(
            record, factor_lockout=count_failure(record.factor_lockout, now_s)
        ),
    )


def _texts(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(list(names)).decode()
