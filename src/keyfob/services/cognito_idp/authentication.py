"""The steps every sign-in shares: who, whether the proof holds, what then.

Users who do not exist take the same steps with stand-ins where the client hides them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.domain.lockout import check_lockout, count_failure
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.triggers import Caller, Occasion, describe_user, fire
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.ports.users import Lockout, UserRecord


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of a sign-in."""

    pool: UserPoolRecord
    client: ClientRecord
    now_s: float
    metadata: Mapping[str, str] = field(default_factory=dict)
    """`ClientMetadata`."""
    device_key: str = ""
    """The device that the request says it comes from."""
    hands_out_tokens: bool = True
    """False on the sign-in pages: who has signed in there gets tokens by OAuth 2.0."""

    @property
    def caller(self) -> Caller:
        """Who sets triggers off."""
        return Caller(self.client.client_id, self.metadata)

    @property
    def expires_at_s(self) -> float:
        """When a challenge that is put now ends."""
        return self.now_s + 60 * self.client.auth_session_minutes


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who wants to sign in, and what the password is checked against."""

    user: UserRecord | None
    """None: nobody; whatever is proven, the answer is no."""
    username: str
    """`USER_ID_FOR_SRP`."""
    verifier: srp.Verifier


async def find_candidate(service: UserPools, attempt: Attempt, name: str) -> Candidate:
    """Return who goes by a name.

    Raises:
        AwsError: nobody, and the client does not hide that; the user must wait; or the
            pre authentication trigger refuses.
    """
    pool = attempt.pool
    user = await service.find_user(pool, name)
    if user is None and not attempt.client.prevents_existence_errors:
        raise errors.user_not_found()
    await ask_before(service, attempt, user, name)
    if user is None or user.password is None:
        phantom_name = phantom_username(service, pool, name)
        service.phantoms.check(pool.pool_id, phantom_name, attempt.now_s)
        return Candidate(None, phantom_name, service.vault.phantom(pool.pool_id, phantom_name))
    check_lockout(user.lockout, attempt.now_s)
    verifier = service.vault.open(user.password, pool_id=pool.pool_id, sub=user.sub)
    return Candidate(user, user.username, verifier)


async def prove_password(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord | None,
    username: str,
    fits: Callable[[srp.Verifier], Awaitable[bool]],
) -> UserRecord:
    """Return the user if the proof of a password holds; one attempt at a time.

    Args:
        service: the user pools.
        attempt: the request.
        user: who; None for nobody.
        username: `USER_ID_FOR_SRP`.
        fits: tells whether the proof is right; it is asked for nobody too.

    Raises:
        AwsError: it is wrong, which is counted; or the user must wait.
    """
    pool_id, now_s = attempt.pool.pool_id, attempt.now_s
    async with service.lanes.enter(pool_id, f"password {user.sub if user else username}"):
        current = None if user is None else await service.users.get(pool_id, user.sub)
        if current is None or current.password is None:
            service.phantoms.check(pool_id, username, now_s)
            await fits(service.vault.phantom(pool_id, username))
            service.phantoms.count(pool_id, username, now_s)
            raise errors.incorrect_login()
        check_lockout(current.lockout, now_s)
        verifier = service.vault.open(current.password, pool_id=pool_id, sub=current.sub)
        if not await fits(verifier):
            await _count_failure(service, current, now_s)
            raise errors.incorrect_login()
        if current.lockout.failures:
            return await service.change_user(current, lockout=Lockout())
        return current


def new_step(
    service: UserPools, attempt: Attempt, user: UserRecord, name: str, **facts: Any
) -> Step:
    """Return a challenge to put to a user."""
    return Step(
        name=name,
        challenge_id=new_uuid(service.randomness),
        pool_id=attempt.pool.pool_id,
        client_id=attempt.client.client_id,
        sub=user.sub,
        username=user.username,
        expires_at_s=attempt.expires_at_s,
        **facts,
    )


def phantom_username(service: UserPools, pool: UserPoolRecord, name: str) -> str:
    """Return the internal name that a user who does not exist would have, always the same.

    Where real internal names are UUIDs, so is this one; elsewhere it is what was typed, which is
    what an existing user's would be.
    """
    is_alias = "@" in name or name.startswith("+")
    if pool.username_attributes or (pool.alias_attributes and is_alias):
        digits = f"{service.vault.phantom(pool.pool_id, name).value:0768x}"[-32:]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    return name


async def ask_before(
    service: UserPools, attempt: Attempt, user: UserRecord | None, name: str
) -> None:
    """Let the pre authentication trigger accept or refuse a sign-in before anything is checked."""
    await fire(
        service.functions,
        attempt.pool,
        Occasion("PreAuthentication", "PreAuthentication_Authentication"),
        username=user.username if user else name,
        caller=Caller(attempt.client.client_id),
        request={
            "userAttributes": describe_user(user) if user else {},
            "validationData": dict(attempt.metadata),
            "userNotFound": user is None,
        },
        response={},
    )


async def _count_failure(service: UserPools, user: UserRecord, now_s: float) -> None:
    await service.users.update(
        user.pool_id,
        user.sub,
        lambda record: msgspec.structs.replace(
            record, lockout=count_failure(record.lockout, now_s)
        ),
    )
