"""Tokens handed out: at a sign-in and at a refresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp.domain.claims import (
    SignIn,
    access_claims,
    id_claims,
    stamp_epoch,
)
from keyfob.services.cognito_idp.domain.clients import rotates_refresh_tokens
from keyfob.services.cognito_idp.domain.groups import group_claims
from keyfob.services.cognito_idp.domain.oauth_claims import (
    at_hash,
    oauth_access_claims,
    oauth_id_claims,
)
from keyfob.services.cognito_idp.domain.sessions import RefreshToken
from keyfob.services.cognito_idp.domain.token_changes import TokenChanges, read_changes
from keyfob.services.cognito_idp.triggers import (
    Caller,
    Occasion,
    describe_user,
    fire,
    function_arn,
)
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.issue import sign_jwt


@dataclass(frozen=True, slots=True)
class Grant:
    """A sign-in that tokens are handed out for."""

    pool: UserPoolRecord
    client: ClientRecord
    user: UserRecord
    origin_jti: str
    auth_time_s: int
    device_key: str = ""
    scope: str = ""
    """Scopes granted by OAuth 2.0, separated by blanks; empty: the API's own."""
    nonce: str = ""


async def issue_tokens(
    service: UserPools, grant: Grant, source: str, caller: Caller, now_s: float
) -> dict[str, Any]:
    """Return the `AuthenticationResult` of a fresh sign-in.

    Args:
        service: the user pools.
        grant: who signed in.
        source: what it was, for instance `Authentication`; the token trigger is told.
        caller: for the token trigger.
        now_s: epoch seconds.
    """
    result = await issue_again(service, grant, source, caller, now_s)
    expires_at_s = now_s + grant.client.refresh_token_s
    return {**result, "RefreshToken": seal_refresh(service, grant, expires_at_s)}


def seal_refresh(service: UserPools, grant: Grant, expires_at_s: float) -> str:
    """Return a refresh token for a sign-in."""
    token = RefreshToken(
        grant.client.pool_id,
        grant.client.client_id,
        grant.user.sub,
        grant.origin_jti,
        grant.auth_time_s,
        grant.user.epoch,
        expires_at_s,
        new_uuid(service.randomness) if rotates_refresh_tokens(grant.client) else "",
        grant.device_key,
        grant.scope,
    )
    return service.sessions.seal_refresh(token)


async def issue_again(
    service: UserPools, grant: Grant, source: str, caller: Caller, now_s: float
) -> dict[str, Any]:
    """Return an `AuthenticationResult` without a refresh token; both tokens signed at once."""
    pool, client, user = grant.pool, grant.client, grant.user
    keys = service.keys.open(pool)
    sign_in = SignIn(
        auth_time_s=grant.auth_time_s,
        origin_jti=grant.origin_jti,
        event_id=stamp_epoch(new_uuid(service.randomness), user.epoch),
        id_jti=new_uuid(service.randomness),
        access_jti=new_uuid(service.randomness),
        now_s=int(now_s),
        device_key=grant.device_key,
    )
    groups = group_claims(await service.groups.groups_of(pool.pool_id, user.sub))
    identity = id_claims(client, user, sign_in) | groups.for_id_token()
    access = access_claims(client, user, sign_in) | groups.for_access_token()
    if grant.scope:
        identity = oauth_id_claims(identity, grant.scope, grant.nonce)
        access = oauth_access_claims(access, grant.scope)
    changes = await _ask_trigger(service, grant, source, caller, identity, access)
    access_token = sign_jwt(changes.of_access(access), keys.access_token)
    identity = changes.of_identity(identity)
    if grant.scope:
        identity["at_hash"] = at_hash(access_token)
    return {
        "AccessToken": access_token,
        "IdToken": sign_jwt(identity, keys.id_token),
        "ExpiresIn": client.access_token_s,
        "TokenType": "Bearer",
    }


async def _ask_trigger(
    service: UserPools,
    grant: Grant,
    source: str,
    caller: Caller,
    identity: Mapping[str, Any],
    access: Mapping[str, Any],
) -> TokenChanges:
    """Return what the token trigger wants changed."""
    if function_arn(grant.pool, "PreTokenGeneration") is None:
        return TokenChanges()
    config = grant.pool.settings["LambdaConfig"].get("PreTokenGenerationConfig", {})
    version = config.get("LambdaVersion", "V1_0")[1:2]
    request: dict[str, Any] = {
        "userAttributes": describe_user(grant.user),
        "groupConfiguration": {
            "groupsToOverride": identity.get("cognito:groups", []),
            "iamRolesToOverride": identity.get("cognito:roles", []),
            "preferredRole": identity.get("cognito:preferred_role"),
        },
    }
    if version != "1":
        request["scopes"] = access["scope"].split()
    member = "claimsOverrideDetails" if version == "1" else "claimsAndScopeOverrideDetails"
    response = await fire(
        service.functions,
        grant.pool,
        Occasion("PreTokenGeneration", f"TokenGeneration_{source}", version),
        username=grant.user.username,
        caller=caller,
        request=request,
        response={member: None},
    )
    return read_changes(response.get(member), version)
