"""The steps every sign-in shares: who, whether the password fits, what then.

Users who do not exist take the same steps with stand-ins where the client hides them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.domain.lockout import check_lockout, count_failure
from keyfob.services.cognito_idp.domain.pools import temporary_password_days
from keyfob.services.cognito_idp.domain.sessions import PasswordChallenge
from keyfob.services.cognito_idp.domain.users import (
    FORCE_CHANGE_PASSWORD,
    RESET_REQUIRED,
    UNCONFIRMED,
    missing_required,
)
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.ports.users import Lockout, UserRecord


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who wants to sign in, and what the password is checked against."""

    user: UserRecord | None
    """None: nobody; whatever is proven, the answer is no."""
    username: str
    """`USER_ID_FOR_SRP`."""
    verifier: srp.Verifier


async def find_candidate(
    service: UserPools, pool: UserPoolRecord, client: ClientRecord, name: str, now_s: float
) -> Candidate:
    """Return who goes by a name.

    Raises:
        AwsError: nobody, and the client does not hide that; or the user must wait.
    """
    user = await service.find_user(pool, name)
    if user is None and not client.prevents_existence_errors:
        raise errors.user_not_found()
    if user is None or user.password is None:
        phantom_name = _phantom_name(service, pool, name)
        service.phantoms.check(pool.pool_id, phantom_name, now_s)
        return Candidate(None, phantom_name, service.vault.phantom(pool.pool_id, phantom_name))
    check_lockout(user.lockout, now_s)
    verifier = service.vault.open(user.password, pool_id=pool.pool_id, sub=user.sub)
    return Candidate(user, user.username, verifier)


async def reject(
    service: UserPools, pool_id: str, user: UserRecord | None, name: str, now_s: float
) -> Exception:
    """Count a wrong password, also for a name nobody has, and return the refusal."""
    if user is None:
        service.phantoms.count(pool_id, name, now_s)
    else:
        await service.users.update(
            user.pool_id,
            user.sub,
            lambda record: msgspec.structs.replace(
                record, lockout=count_failure(record.lockout, now_s)
            ),
        )
    return errors.incorrect_login()


async def complete(
    service: UserPools, pool: UserPoolRecord, client: ClientRecord, user: UserRecord, now_s: float
) -> Mapping[str, Any]:
    """Return tokens, or the next challenge, for a user whose password was right.

    Raises:
        AwsError: the user is disabled, unconfirmed, or needs another password first.
    """
    if not user.is_enabled:
        raise errors.user_disabled()
    if user.status == UNCONFIRMED:
        raise errors.user_not_confirmed()
    if user.status == RESET_REQUIRED:
        raise errors.password_reset_required()
    if user.lockout.failures:
        user = await service.change_user(user, lockout=Lockout())
    if user.status == FORCE_CHANGE_PASSWORD:
        return _ask_new_password(service, pool, client, user, now_s)
    tokens = await service.issue_tokens(client, user, now_s)
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}


def _ask_new_password(
    service: UserPools, pool: UserPoolRecord, client: ClientRecord, user: UserRecord, now_s: float
) -> Mapping[str, Any]:
    set_at_s = user.password.set_at_s if user.password is not None else 0.0
    if now_s >= set_at_s + temporary_password_days(pool) * 86_400:
        raise errors.temporary_password_expired()
    challenge = PasswordChallenge(
        challenge_id=new_uuid(service.randomness),
        pool_id=pool.pool_id,
        client_id=client.client_id,
        sub=user.sub,
        password_set_at_s=set_at_s,
        expires_at_s=now_s + 60 * client.auth_session_minutes,
    )
    # the clients strip the prefix (observed)
    missing = [f"userAttributes.{name}" for name in missing_required(pool, user)]
    return {
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": service.sessions.seal_password(challenge),
        "ChallengeParameters": {
            "USER_ID_FOR_SRP": user.username,
            "requiredAttributes": msgspec.json.encode(missing).decode(),
            "userAttributes": msgspec.json.encode(user.attributes).decode(),
        },
    }


def _phantom_name(service: UserPools, pool: UserPoolRecord, name: str) -> str:
    """Return the internal name that a user who does not exist would have, always the same.

    Where real internal names are UUIDs, so is this one; elsewhere it is what was typed, which is
    what an existing user's would be.
    """
    is_alias = "@" in name or name.startswith("+")
    if pool.username_attributes or (pool.alias_attributes and is_alias):
        digits = f"{service.vault.phantom(pool.pool_id, name).value:0768x}"[-32:]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    return name
