"""Second factors of users: which are on, and the authenticator applications they set up."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.access import read_optional_token
from keyfob.services.cognito_idp.domain.factors import (
    SOFTWARE_TOKEN,
    choose_factors,
    needs_setup,
    pool_factors,
    render_choice,
)
from keyfob.services.cognito_idp.domain.lockout import check_lockout, count_failure
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.domain.software_tokens import find_step, new_secret
from keyfob.services.cognito_idp.second_factors import open_secret, seal_secret
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import Lockout, SecondFactors, SoftwareToken, UserRecord


async def set_user_mfa_preference(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Choose the user's own second factors."""
    pool, _, user = await service.signed_in(request)
    return await _choose(service, request, pool, user)


async def admin_set_user_mfa_preference(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Choose a user's second factors."""
    pool = await service.pool_of_call(request)
    user = await service.require_user(pool, request.params["Username"])
    return await _choose(service, request, pool, user)


async def get_user_auth_factors(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show how the user can sign in."""
    _, _, user = await service.signed_in(request)
    return _render_factors(user)


async def admin_get_user_auth_factors(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show how a user can sign in."""
    pool = await service.pool_of_call(request)
    return _render_factors(await service.require_user(pool, request.params["Username"]))


async def admin_delete_software_token(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Forget a user's authenticator application, for instance one that was lost."""

    def forget(record: UserRecord) -> UserRecord:
        if record.software_token is None:
            raise errors.software_token_not_found()
        factors = record.second_factors
        enabled = tuple(name for name in factors.enabled if name != SOFTWARE_TOKEN)
        preferred = factors.preferred if factors.preferred in enabled else None
        return msgspec.structs.replace(
            record,
            software_token=None,
            pending_software_token=None,
            second_factors=SecondFactors(enabled, preferred),
            modified_at_s=request.now_s,
        )

    pool = await service.pool_of_call(request)
    user = await service.require_user(pool, request.params["Username"])
    await _update(service, user, forget)
    return {}


def _render_factors(user: UserRecord) -> dict[str, Any]:
    factors = ["PASSWORD"] if user.password is not None else []
    for name, attribute in (("EMAIL_OTP", "email"), ("SMS_OTP", "phone_number")):
        if user.attributes.get(f"{attribute}_verified") == "true":
            factors.append(name)
    return {
        "Username": user.username,
        "ConfiguredUserAuthFactors": factors,
        **render_choice(user),
    }


async def associate_software_token(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make the secret of an authenticator application; it counts once it has proven itself."""
    secret = new_secret(service.randomness)
    if "AccessToken" not in request.params:
        step, pool, _ = await _open_setup(service, request)
        _require_allowed(pool)
        renewed = msgspec.structs.replace(step, software_secret=secret)
        return {"SecretCode": secret, "Session": service.sessions.seal_step(renewed)}
    pool, user = await read_optional_token(service, request)
    _require_allowed(pool)
    await service.change_user(user, pending_software_token=seal_secret(service, user, secret))
    return {"SecretCode": secret}


async def verify_software_token(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take the first code of an authenticator application."""
    if "AccessToken" not in request.params:
        step, pool, user = await _open_setup(service, request)
        if not step.software_secret:
            raise errors.invalid_session()
        used_step = await _prove(service, request, user, step.software_secret)

        def set_up(record: UserRecord) -> UserRecord:
            if not needs_setup(pool, record):
                raise errors.invalid_session()
            enabled = tuple(sorted({*record.second_factors.enabled, SOFTWARE_TOKEN}))
            factors = SecondFactors(enabled, record.second_factors.preferred)
            changed = _with_token(service, request, record, step.software_secret, used_step)
            return msgspec.structs.replace(changed, second_factors=factors)

        await _update(service, user, set_up)
        finished = msgspec.structs.replace(step, is_set_up=True, software_secret="")
        return {"Status": "SUCCESS", "Session": service.sessions.seal_step(finished)}
    _, user = await read_optional_token(service, request)
    if user.pending_software_token is None:
        raise errors.software_token_not_found()
    secret = open_secret(service, user, user.pending_software_token)
    used_step = await _prove(service, request, user, secret)
    await _update(
        service, user, lambda record: _with_token(service, request, record, secret, used_step)
    )
    return {"Status": "SUCCESS"}


async def _choose(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, user: UserRecord
) -> Mapping[str, Any]:
    if request.params.get("WebAuthnMfaSettings", {}).get("Enabled"):
        raise errors.not_supported("WebAuthnMfaSettings")
    await _update(
        service,
        user,
        lambda record: msgspec.structs.replace(
            record,
            second_factors=choose_factors(pool, record, request.params),
            modified_at_s=request.now_s,
        ),
    )
    return {}


async def _open_setup(
    service: UserPools, request: AuthorizedRequest
) -> tuple[Step, UserPoolRecord, UserRecord]:
    """Return the setup that a session stands for, its pool and its user."""
    if "Session" not in request.params:
        raise errors.session_or_token()
    step = service.sessions.open_step(request.params["Session"])
    if step.name != "MFA_SETUP":
        raise errors.invalid_session()
    if request.now_s >= step.expires_at_s:
        raise errors.expired_session()
    user = await service.users.get(step.pool_id, step.sub)
    if user is None:
        raise errors.user_not_found()
    return step, await service.require_pool(step.pool_id), user


async def _prove(
    service: UserPools, request: AuthorizedRequest, user: UserRecord, secret: str
) -> int:
    """Return the time step of a code; failures are counted."""
    async with service.lanes.enter(user.pool_id, f"factor {user.sub}"):
        current = await service.users.get(user.pool_id, user.sub)
        lockout = current.factor_lockout if current else Lockout()
        check_lockout(lockout, request.now_s)
        used_step = find_step(secret, request.params["UserCode"], request.now_s)
        if used_step is None:
            counted = count_failure(lockout, request.now_s)
            await service.change_user(user, factor_lockout=counted)
            raise errors.software_token_mismatch()
        return used_step


def _with_token(
    service: UserPools,
    request: AuthorizedRequest,
    user: UserRecord,
    secret: str,
    used_step: int,
) -> UserRecord:
    token = SoftwareToken(
        seal_secret(service, user, secret),
        is_verified=True,
        name=request.params.get("FriendlyDeviceName", ""),
        last_step=used_step,
    )
    return msgspec.structs.replace(
        user,
        software_token=token,
        pending_software_token=None,
        factor_lockout=Lockout(),
        modified_at_s=request.now_s,
    )


async def _update(
    service: UserPools, user: UserRecord, change: Callable[[UserRecord], UserRecord]
) -> None:
    if await service.users.update(user.pool_id, user.sub, change) is None:
        raise errors.user_not_found()


def _require_allowed(pool: UserPoolRecord) -> None:
    if SOFTWARE_TOKEN not in pool_factors(pool):
        raise errors.software_token_not_enabled()
