"""Refresh tokens exchanged for new tokens, rotated where the client asks for it.

Source: Cognito Developer Guide, "Refresh tokens" (documented): with rotation each token is good
once, and for a few seconds more so that an answer that was lost can be asked for again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.clients import retry_grace_s, rotates_refresh_tokens
from keyfob.services.cognito_idp.domain.sessions import RefreshToken
from keyfob.services.cognito_idp.issuing import Grant, issue_again, seal_refresh
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import UserRecord


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """What someone sends to refresh."""

    token: str
    device_key: str
    check_client: Callable[[tuple[str, ...]], None]
    """Gets the names a client may have hashed; raises unless the client has proven itself."""


async def refresh(service: UserPools, attempt: Attempt, asked: RefreshRequest) -> dict[str, Any]:
    """Return an `AuthenticationResult`, with a refresh token where the client rotates them.

    Raises:
        AwsError: the token is not ours, expired, revoked or used up; or its user may not sign in.
    """
    client, now_s = attempt.client, attempt.now_s
    token = service.sessions.open_refresh(asked.token)
    if token.client_id != client.client_id or token.pool_id != client.pool_id:
        raise errors.invalid_refresh_token()
    user = await service.users.get(token.pool_id, token.sub)
    asked.check_client((user.username, user.sub) if user is not None else ())
    user = await _check(service, token, user, asked.device_key, now_s)
    grant = Grant(
        attempt.pool,
        client,
        user,
        token.origin_jti,
        token.auth_time_s,
        token.device_key,
        token.scope,
    )
    if rotates_refresh_tokens(client):
        # a token from before rotation was turned on has no id of its own
        token_id = token.token_id or token.origin_jti
        first_used_s = await service.users.use_refresh_token(
            token.pool_id, token_id, token.expires_at_s, now_s
        )
        if now_s > first_used_s + retry_grace_s(client):
            raise errors.refresh_token_reused()
    tokens = await issue_again(service, grant, "RefreshTokens", attempt.caller, now_s)
    if rotates_refresh_tokens(client):
        tokens["RefreshToken"] = seal_refresh(service, grant, token.expires_at_s)
    return tokens


async def _check(
    service: UserPools,
    token: RefreshToken,
    user: UserRecord | None,
    device_key: str,
    now_s: float,
) -> UserRecord:
    if now_s >= token.expires_at_s:
        raise errors.expired_refresh_token()
    if user is None or user.epoch != token.epoch:
        raise errors.revoked_refresh_token()
    if await service.users.is_origin_revoked(token.pool_id, token.origin_jti):
        raise errors.revoked_refresh_token()
    if not user.is_enabled:
        raise errors.user_disabled()
    if token.device_key and token.device_key != device_key:
        raise errors.invalid_refresh_token()  # documented: the device key must come along
    return user
