"""What follows a proof: another challenge, or tokens."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import Attempt, new_step
from keyfob.services.cognito_idp.devices import find_device, new_device
from keyfob.services.cognito_idp.domain.pools import temporary_password_days
from keyfob.services.cognito_idp.domain.users import (
    FORCE_CHANGE_PASSWORD,
    RESET_REQUIRED,
    UNCONFIRMED,
    missing_required,
)
from keyfob.services.cognito_idp.issuing import Grant, issue_tokens
from keyfob.services.cognito_idp.second_factors import ask_second_factor
from keyfob.services.cognito_idp.triggers import Occasion, describe_user, fire
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import UserRecord


async def complete(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord,
    *,
    has_second_factor: bool = False,
    source: str = "Authentication",
) -> Mapping[str, Any]:
    """Return tokens, or the next challenge, for a user who has proven a first factor.

    Raises:
        AwsError: the user is disabled, unconfirmed, or needs another password first.
    """
    if not user.is_enabled:
        raise errors.user_disabled()
    if user.status == UNCONFIRMED:
        raise errors.user_not_confirmed()
    if user.status == RESET_REQUIRED:
        raise errors.password_reset_required()
    if user.status == FORCE_CHANGE_PASSWORD:
        return _ask_new_password(service, attempt, user)
    if not has_second_factor:
        challenge = await ask_second_factor(service, attempt, user)
        if challenge is not None:
            return challenge
    return await _admit(service, attempt, user, source)


async def _admit(
    service: UserPools, attempt: Attempt, user: UserRecord, source: str
) -> Mapping[str, Any]:
    """Hand out tokens; the post authentication trigger has the last word."""
    known = await find_device(service, user, attempt.device_key)
    device = {} if known else new_device(service, attempt.pool, user)
    await fire(
        service.functions,
        attempt.pool,
        Occasion("PostAuthentication", "PostAuthentication_Authentication"),
        username=user.username,
        caller=attempt.caller,
        request={"userAttributes": describe_user(user), "newDeviceUsed": bool(device)},
        response={},
    )
    if not attempt.hands_out_tokens:
        return {"ChallengeParameters": {}, "SignedIn": user.sub}
    grant = Grant(
        attempt.pool,
        attempt.client,
        user,
        new_uuid(service.randomness),
        int(attempt.now_s),
        known.device_key if known else device.get("DeviceKey", ""),
    )
    tokens = await issue_tokens(service, grant, source, attempt.caller, attempt.now_s)
    if device:
        tokens["NewDeviceMetadata"] = device
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}


def _ask_new_password(service: UserPools, attempt: Attempt, user: UserRecord) -> Mapping[str, Any]:
    set_at_s = user.password.set_at_s if user.password is not None else 0.0
    if attempt.now_s >= set_at_s + temporary_password_days(attempt.pool) * 86_400:
        raise errors.temporary_password_expired()
    step = new_step(service, attempt, user, "NEW_PASSWORD_REQUIRED", password_set_at_s=set_at_s)
    # the clients strip the prefix (observed)
    missing = [f"userAttributes.{name}" for name in missing_required(attempt.pool, user)]
    return {
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": service.sessions.seal_step(step),
        "ChallengeParameters": {
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": msgspec.json.encode(missing).decode(),
            "userAttributes": msgspec.json.encode(user.attributes).decode(),
        },
    }
