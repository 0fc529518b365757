"""RespondToAuthChallenge and AdminRespondToAuthChallenge."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.choice import answer_password, answer_srp, select_choice
from keyfob.services.cognito_idp.answers.context import Answer
from keyfob.services.cognito_idp.answers.custom import answer_custom
from keyfob.services.cognito_idp.answers.devices import begin_device, verify_device
from keyfob.services.cognito_idp.answers.factors import (
    finish_setup,
    prove_email,
    prove_sms,
    prove_sms_otp,
    prove_software_token,
    select_factor,
)
from keyfob.services.cognito_idp.answers.passwords import set_new_password, verify_password
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord

_ANSWERS: Mapping[str, Callable[[UserPools, Answer], Awaitable[Mapping[str, Any]]]] = {
    "PASSWORD_VERIFIER": verify_password,
    "NEW_PASSWORD_REQUIRED": set_new_password,
    "SMS_MFA": prove_sms,
    "SMS_OTP": prove_sms_otp,
    "EMAIL_OTP": prove_email,
    "SOFTWARE_TOKEN_MFA": prove_software_token,
    "SELECT_MFA_TYPE": select_factor,
    "MFA_SETUP": finish_setup,
    "DEVICE_SRP_AUTH": begin_device,
    "DEVICE_PASSWORD_VERIFIER": verify_device,
    "CUSTOM_CHALLENGE": answer_custom,
    "SELECT_CHALLENGE": select_choice,
    "PASSWORD": answer_password,
    "PASSWORD_SRP": answer_srp,
}


async def respond_to_auth_challenge(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Answer a challenge from an application."""
    pool, client = await service.require_client(request.params["ClientId"])
    return await _respond(service, request, pool, client)


async def admin_respond_to_auth_challenge(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Answer a challenge from a server that signs its requests."""
    pool = await service.pool_of_call(request)
    _, client = await service.require_client(request.params["ClientId"], pool.pool_id)
    return await _respond(service, request, pool, client)


async def _respond(
    service: UserPools, request: AuthorizedRequest, pool: UserPoolRecord, client: ClientRecord
) -> Mapping[str, Any]:
    responses = request.params.get("ChallengeResponses", {})
    attempt = Attempt(
        pool,
        client,
        request.now_s,
        request.params.get("ClientMetadata", {}),
        responses.get("DEVICE_KEY", ""),
    )
    answer = Answer(attempt, responses, request.params.get("Session", ""))
    service.check_hash(client, responses.get("SECRET_HASH"), answer.require("USERNAME"))
    handle = _ANSWERS.get(request.params["ChallengeName"])
    if handle is None:
        raise errors.not_supported(f"ChallengeName {request.params['ChallengeName']}")
    return await handle(service, answer)
