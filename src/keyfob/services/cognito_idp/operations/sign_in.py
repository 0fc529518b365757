"""InitiateAuth and AdminInitiateAuth."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import complete, find_candidate, reject
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.domain.clients import allows_flow, allows_refresh
from keyfob.services.cognito_idp.domain.sessions import SrpChallenge
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord

_REFRESH_FLOWS = frozenset({"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"})
_ADMIN_PASSWORD_FLOWS = frozenset({"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})
_FLOWS_TO_COME = frozenset({"CUSTOM_AUTH", "USER_AUTH"})


async def initiate_auth(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Begin a sign-in from an application."""
    pool, client = await service.require_client(request.params["ClientId"])
    flow = request.params["AuthFlow"]
    if flow in _ADMIN_PASSWORD_FLOWS:
        raise errors.flow_not_for_operation()
    if flow == "USER_PASSWORD_AUTH":
        if not allows_flow(client, "ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"):
            raise errors.password_flow_disabled()
        return await _sign_in_by_password(service, request, pool, client)
    return await _begin_shared_flow(service, request, pool, client)


async def admin_initiate_auth(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Begin a sign-in from a server that signs its requests."""
    pool = await service.pool_of_call(request)
    _, client = await service.require_client(request.params["ClientId"], pool.pool_id)
    flow = request.params["AuthFlow"]
    if flow == "USER_PASSWORD_AUTH":
        raise errors.flow_not_for_operation()
    if flow in _ADMIN_PASSWORD_FLOWS:
        if not allows_flow(client, "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"):
            raise errors.admin_flow_disabled()
        return await _sign_in_by_password(service, request, pool, client)
    return await _begin_shared_flow(service, request, pool, client)


async def _begin_shared_flow(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    """Begin a flow that both operations know."""
    flow = request.params["AuthFlow"]
    if flow == "USER_SRP_AUTH":
        if not allows_flow(client, "ALLOW_USER_SRP_AUTH"):
            raise errors.srp_flow_disabled()
        return await _begin_srp(service, request, pool, client)
    if flow in _REFRESH_FLOWS:
        if not allows_refresh(client):
            raise errors.refresh_flow_disabled()
        return await _refresh(service, request, client)
    if flow in _FLOWS_TO_COME:
        raise errors.not_supported(f"AuthFlow {flow}")
    raise errors.flow_not_for_operation()


async def _sign_in_by_password(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    name = _auth_parameter(request, "USERNAME")
    password = _auth_parameter(request, "PASSWORD")
    service.check_hash(client, _secret_hash(request), name)
    candidate = await find_candidate(service, pool, client, name, request.now_s)
    is_right = await service.vault.matches(
        password, candidate.verifier, pool_id=pool.pool_id, username=candidate.username
    )
    if candidate.user is None or not is_right:
        raise await reject(service, pool.pool_id, candidate.user, candidate.username, request.now_s)
    return await complete(service, pool, client, candidate.user, request.now_s)


async def _begin_srp(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    name = _auth_parameter(request, "USERNAME")
    service.check_hash(client, _secret_hash(request), name)
    try:
        client_public = srp.parse_public(_auth_parameter(request, "SRP_A"))
    except srp.SrpError:
        raise errors.invalid_parameter("SRP_A is not valid.") from None
    candidate = await find_candidate(service, pool, client, name, request.now_s)
    private = service.randomness.token_bytes(srp.PRIVATE_BYTES)
    keys = await service.vault.run(lambda: srp.start_exchange(candidate.verifier.value, private))
    challenge = SrpChallenge(
        challenge_id=new_uuid(service.randomness),
        pool_id=pool.pool_id,
        client_id=client.client_id,
        sub="" if candidate.user is None else candidate.user.sub,
        username=candidate.username,
        expires_at_s=request.now_s + 60 * client.auth_session_minutes,
        client_public=srp.pad(client_public),
        server_private=private,
        server_public=srp.pad(keys.public),
    )
    return {
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": f"{candidate.verifier.salt:x}",
            "SECRET_BLOCK": service.sessions.seal_srp(challenge),
            "SRP_B": f"{keys.public:x}",
            "USERNAME": candidate.username,
            "USER_ID_FOR_SRP": candidate.username,
        },
    }


async def _refresh(
    service: UserPools, request: AuthorizedRequest, client: ClientRecord
) -> Mapping[str, Any]:
    """Hand out new ID and access tokens; the refresh token stays what it is."""
    token = service.sessions.open_refresh(_auth_parameter(request, "REFRESH_TOKEN"))
    if token.client_id != client.client_id or token.pool_id != client.pool_id:
        raise errors.invalid_refresh_token()
    user = await service.users.get(token.pool_id, token.sub)
    names = (user.username, user.sub) if user is not None else ()
    service.check_hash(client, _secret_hash(request), *names)
    if request.now_s >= token.expires_at_s:
        raise errors.expired_refresh_token()
    if user is None or user.epoch != token.epoch:
        raise errors.revoked_refresh_token()
    if await service.users.is_origin_revoked(token.pool_id, token.origin_jti):
        raise errors.revoked_refresh_token()
    if not user.is_enabled:
        raise errors.user_disabled()
    tokens = await service.issue_again(
        client, user, token.origin_jti, token.auth_time_s, request.now_s
    )
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}


def _auth_parameter(request: AuthorizedRequest, name: str) -> str:
    value = request.params.get("AuthParameters", {}).get(name)
    if not value:
        raise errors.missing_auth_parameter(name)
    return str(value)


def _secret_hash(request: AuthorizedRequest) -> str | None:
    value = request.params.get("AuthParameters", {}).get("SECRET_HASH")
    return None if value is None else str(value)
