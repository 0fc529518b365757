"""InitiateAuth and AdminInitiateAuth."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.choice import begin_choice
from keyfob.services.cognito_idp.answers.context import Answer
from keyfob.services.cognito_idp.answers.custom import begin_custom
from keyfob.services.cognito_idp.answers.first_proof import begin_srp, sign_in_by_password
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.clients import allows_flow, allows_refresh
from keyfob.services.cognito_idp.refreshing import RefreshRequest, refresh
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord

_REFRESH_FLOWS = frozenset({"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"})
_ADMIN_PASSWORD_FLOWS = frozenset({"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})


async def initiate_auth(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Begin a sign-in from an application."""
    pool, client = await service.require_client(request.params["ClientId"])
    flow = request.params["AuthFlow"]
    if flow in _ADMIN_PASSWORD_FLOWS:
        raise errors.flow_not_for_operation()
    if flow == "USER_PASSWORD_AUTH" and not allows_flow(
        client, "ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"
    ):
        raise errors.password_flow_disabled()
    return await _begin(service, request, pool, client)


async def admin_initiate_auth(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Begin a sign-in from a server that signs its requests."""
    pool = await service.pool_of_call(request)
    _, client = await service.require_client(request.params["ClientId"], pool.pool_id)
    flow = request.params["AuthFlow"]
    if flow == "USER_PASSWORD_AUTH":
        raise errors.flow_not_for_operation()
    if flow in _ADMIN_PASSWORD_FLOWS and not allows_flow(
        client, "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"
    ):
        raise errors.admin_flow_disabled()
    return await _begin(service, request, pool, client)


async def _begin(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    """Begin a flow; the password flows were allowed by the callers."""
    flow = request.params["AuthFlow"]
    parameters = request.params.get("AuthParameters", {})
    metadata = request.params.get("ClientMetadata", {})
    attempt = Attempt(pool, client, request.now_s, metadata, parameters.get("DEVICE_KEY", ""))
    answer = Answer(attempt, parameters, request.params.get("Session", ""))
    if flow in _REFRESH_FLOWS:
        return await _refresh(service, answer)
    _check_flow(client, flow)
    name = answer.require("USERNAME")
    service.check_hash(client, parameters.get("SECRET_HASH"), name)
    if flow == "USER_SRP_AUTH":
        return await begin_srp(service, answer)
    if flow == "USER_AUTH":
        return await begin_choice(service, answer, parameters.get("PREFERRED_CHALLENGE"))
    if flow == "CUSTOM_AUTH":
        return await begin_custom(service, answer)
    if flow == "USER_PASSWORD_AUTH" or flow in _ADMIN_PASSWORD_FLOWS:
        return await sign_in_by_password(service, answer)
    raise errors.flow_not_for_operation()


def _check_flow(client: ClientRecord, flow: str) -> None:
    """Return if the client has a flow that both operations know.

    Raises:
        AwsError: it has not.
    """
    if flow == "USER_SRP_AUTH" and not allows_flow(client, "ALLOW_USER_SRP_AUTH"):
        raise errors.srp_flow_disabled()
    if flow == "USER_AUTH" and not allows_flow(client, "ALLOW_USER_AUTH"):
        raise errors.flow_disabled("USER_AUTH")
    if flow == "CUSTOM_AUTH" and not allows_flow(
        client, "ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"
    ):
        raise errors.flow_disabled("CUSTOM_AUTH")


async def _refresh(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    client = answer.attempt.client
    if not allows_refresh(client):
        raise errors.refresh_flow_disabled()
    asked = RefreshRequest(
        answer.require("REFRESH_TOKEN"),
        answer.attempt.device_key,
        lambda names: service.check_hash(client, answer.responses.get("SECRET_HASH"), *names),
    )
    tokens = await refresh(service, answer.attempt, asked)
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}
