"""The developer's own users: token, look-up, merge, unlink."""

from collections.abc import Mapping, Sequence
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_regional_uuid
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.developers import (
    describe_login,
    merge_users,
    require_developer_provider,
    resolve_developer_logins,
    split_logins,
    unlink_user,
)
from keyfob.services.cognito_identity.domain.linking import new_identity
from keyfob.services.cognito_identity.domain.logins import verify_logins
from keyfob.services.cognito_identity.domain.open_id import (
    DEVELOPER_TOKEN_DURATION_S,
    build_claims,
)
from keyfob.services.cognito_identity.domain.pages import parse_position, render_position
from keyfob.services.cognito_identity.domain.principal_tags import require_small
from keyfob.services.cognito_identity.domain.roles import AUTHENTICATED
from keyfob.services.cognito_identity.operations.ownership import require_identity, require_pool
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login
from keyfob.store.ports.identity_pools import IdentityPoolRecord
from keyfob.tokens.issue import sign_jwt

MAX_USERS_PER_PAGE = 60


async def get_open_id_token_for_developer_identity(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a token for a user whom the developer vouches for, registering them if need be."""
    params, now_s = request.params, request.now_s
    pool = await require_pool(service, params["IdentityPoolId"], request.account)
    user, tokens = split_logins(pool, params["Logins"])
    verified = await verify_logins(service, pool, tokens, now_s)
    tags = require_small(dict(params.get("PrincipalTags", {})))
    logins = [user, *(login.login for login in verified)]
    identity = await _resolve(service, pool, params.get("IdentityId"), logins, now_s)
    entries = describe_login(pool.pool_id, user)
    amr = (AUTHENTICATED, *entries, *(entry for login in verified for entry in login.amr))
    duration_s = params.get("TokenDuration", DEVELOPER_TOKEN_DURATION_S)
    claims = build_claims(pool.pool_id, identity.identity_id, amr, tags, now_s, duration_s)
    key = await service.open_id_keys.signing_key()
    return {"IdentityId": identity.identity_id, "Token": sign_jwt(claims, key)}


async def lookup_developer_identity(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show which identity a developer's user has, or which users an identity has."""
    params = request.params
    pool = await require_pool(service, params["IdentityPoolId"], request.account)
    provider = require_developer_provider(pool)
    identity_id, user = params.get("IdentityId"), params.get("DeveloperUserIdentifier")
    if user is not None:
        holders = await service.identities.holders(pool.pool_id, (Login(provider, user),))
        if not holders:
            raise errors.developer_user_not_found()
        if identity_id not in (None, holders[0].identity_id):
            raise errors.developer_user_of_other_identity()
        return {"IdentityId": holders[0].identity_id, "DeveloperUserIdentifierList": [user]}
    if identity_id is None:
        raise errors.nothing_to_look_up()
    identity = await _require_of_pool(service, pool, identity_id)
    users = [login.subject for login in identity.logins if login.provider == provider]
    first = parse_position(params.get("NextToken"))
    last = first + params.get("MaxResults", MAX_USERS_PER_PAGE)
    output: dict[str, Any] = {
        "IdentityId": identity.identity_id,
        "DeveloperUserIdentifierList": users[first:last],
    }
    if last < len(users):
        output["NextToken"] = render_position(last)
    return output


async def merge_developer_identities(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make two of the developer's users one: the destination's identity; sessions are told."""
    params, now_s = request.params, request.now_s
    pool = await require_pool(service, params["IdentityPoolId"], request.account)
    provider = require_developer_provider(pool, params["DeveloperProviderName"])
    source = Login(provider, params["SourceUserIdentifier"])
    destination = Login(provider, params["DestinationUserIdentifier"])

    def decide(
        _named: IdentityRecord | None, holders: Sequence[IdentityRecord]
    ) -> IdentityResolution:
        return merge_users(source, destination, holders, now_s)

    identity = await service.identities.resolve(pool.pool_id, None, (source, destination), decide)
    return {"IdentityId": identity.identity_id}


async def unlink_developer_identity(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take one of the developer's users from an identity; its sessions are told."""
    params = request.params
    pool = await require_pool(service, params["IdentityPoolId"], request.account)
    provider = require_developer_provider(pool, params["DeveloperProviderName"])
    user = Login(provider, params["DeveloperUserIdentifier"])
    named = await _require_of_pool(service, pool, params["IdentityId"])

    def decide(
        found: IdentityRecord | None, holders: Sequence[IdentityRecord]
    ) -> IdentityResolution:
        if found is None:
            raise errors.identity_not_found(named.identity_id)
        return unlink_user(found, user, holders, request.now_s)

    await service.identities.resolve(pool.pool_id, named.identity_id, (user,), decide)
    return {}


async def _resolve(
    service: CognitoIdentityService,
    pool: IdentityPoolRecord,
    identity_id: str | None,
    logins: Sequence[Login],
    now_s: float,
) -> IdentityRecord:
    """Return the identity of a developer's user, found, made, linked or merged."""
    if identity_id is not None:
        await _require_of_pool(service, pool, identity_id)
    fresh = new_identity(
        new_regional_uuid(service.randomness, pool.region), pool.pool_id, logins, now_s
    )

    def decide(
        named: IdentityRecord | None, holders: Sequence[IdentityRecord]
    ) -> IdentityResolution:
        if identity_id is not None and named is None:
            raise errors.identity_not_found(identity_id)
        return resolve_developer_logins(fresh, named, holders, logins, now_s)

    return await service.identities.resolve(pool.pool_id, identity_id, logins, decide)


async def _require_of_pool(
    service: CognitoIdentityService, pool: IdentityPoolRecord, identity_id: str
) -> IdentityRecord:
    """Return an identity of a pool; those of other pools do not exist for it."""
    identity, owner = await require_identity(service, identity_id, pool.account)
    if owner.pool_id != pool.pool_id:
        raise errors.identity_not_found(identity_id)
    return identity
