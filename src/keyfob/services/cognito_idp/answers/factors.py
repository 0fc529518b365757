"""SMS_MFA, EMAIL_OTP, SMS_OTP, SOFTWARE_TOKEN_MFA, SELECT_MFA_TYPE, MFA_SETUP."""

from collections.abc import Mapping
from typing import Any, NoReturn

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer, challenged_user, open_step
from keyfob.services.cognito_idp.completion import complete
from keyfob.services.cognito_idp.domain.factors import EMAIL
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.second_factors import ask_factor, prove_factor
from keyfob.services.cognito_idp.user_pools import UserPools

_ALIASES = {"EMAIL_MFA": EMAIL}
"""Another name for an answer to SELECT_MFA_TYPE; documented."""


async def _prove(service: UserPools, answer: Answer, name: str) -> Mapping[str, Any]:
    """Take the code of one factor."""
    step = open_step(service, answer, name)
    code = answer.require(f"{name}_CODE")
    if not step.sub:
        await _refuse_phantom(service, answer, step)
    user = await challenged_user(service, answer, step)
    proven = await prove_factor(service, answer.attempt, user, step, code)
    return await complete(service, answer.attempt, proven, has_second_factor=step.has_first_factor)


async def prove_sms(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Take the code that was sent to a telephone, as second factor."""
    return await _prove(service, answer, "SMS_MFA")


async def prove_sms_otp(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Take the code that was sent to a telephone, as first factor."""
    return await _prove(service, answer, "SMS_OTP")


async def prove_email(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Take the code that was sent by e-mail."""
    return await _prove(service, answer, "EMAIL_OTP")


async def prove_software_token(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Take the code of an authenticator application."""
    return await _prove(service, answer, "SOFTWARE_TOKEN_MFA")


async def select_factor(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Ask for the second factor that was chosen."""
    step = open_step(service, answer, "SELECT_MFA_TYPE")
    user = await challenged_user(service, answer, step)
    given = answer.require("ANSWER")
    chosen = _ALIASES.get(given, given)
    if chosen not in step.choices:
        raise errors.invalid_parameter("Invalid ANSWER for SELECT_MFA_TYPE.")
    service.used.use(step.challenge_id, step.expires_at_s, answer.attempt.now_s)
    return await ask_factor(service, answer.attempt, user, chosen, has_first_factor=True)


async def finish_setup(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Go on after the authenticator application that was set up has proven itself."""
    step = open_step(service, answer, "MFA_SETUP")
    user = await challenged_user(service, answer, step)
    if not step.is_set_up:
        raise errors.setup_not_finished()
    service.used.use(step.challenge_id, step.expires_at_s, answer.attempt.now_s)
    return await complete(service, answer.attempt, user, has_second_factor=True)


async def _refuse_phantom(service: UserPools, answer: Answer, step: Step) -> NoReturn:
    """Refuse the code of somebody who does not exist, waits included.

    Raises:
        AwsError: always.
    """
    attempt = answer.attempt
    key = f"code of {step.username}"
    async with service.lanes.enter(attempt.pool.pool_id, key):
        service.phantoms.check(attempt.pool.pool_id, key, attempt.now_s)
        service.phantoms.count(attempt.pool.pool_id, key, attempt.now_s)
    raise errors.wrong_factor_code()
