"""USER_AUTH: the user chooses how to prove who they are. SELECT_CHALLENGE, PASSWORD, PASSWORD_SRP.

Source: Cognito Developer Guide, "Choice-based authentication" (documented).
"""

from collections.abc import Mapping
from typing import Any

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer, open_step
from keyfob.services.cognito_idp.answers.first_proof import begin_srp, sign_in_by_password
from keyfob.services.cognito_idp.authentication import (
    Attempt,
    ask_before,
    phantom_username,
)
from keyfob.services.cognito_idp.domain.codes import SIGN_IN, digest_code
from keyfob.services.cognito_idp.domain.factors import ATTRIBUTES, first_factors, mfa_mode
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.mailbox import Delivery
from keyfob.services.cognito_idp.second_factors import ask_factor, put
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord

SELECT = "SELECT_CHALLENGE"
_PASSWORDS = ("PASSWORD_SRP", "PASSWORD")


async def begin_choice(
    service: UserPools, answer: Answer, preferred: str | None
) -> Mapping[str, Any]:
    """Begin with the preferred proof where there is such, else let the user choose."""
    attempt = answer.attempt
    name = answer.require("USERNAME")
    user = await service.find_user(attempt.pool, name)
    if user is None and not attempt.client.prevents_existence_errors:
        raise errors.user_not_found()
    choices = available_choices(attempt.pool, user)
    username = user.username if user else phantom_username(service, attempt.pool, name)
    if preferred in choices:
        return await _ask(service, answer, user, username, str(preferred))
    step = _step(service, attempt, user, username, SELECT, choices)
    return {**put(service, step, {}), "AvailableChallenges": list(choices)}


async def select_choice(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Go on with the proof that was chosen."""
    step = open_step(service, answer, SELECT)
    user = await _user_of(service, answer, step)
    chosen = answer.require("ANSWER")
    if chosen not in step.choices:
        raise errors.challenge_not_available(chosen)
    service.used.use(step.challenge_id, step.expires_at_s, answer.attempt.now_s)
    return await _ask(service, answer, user, step.username, chosen)


async def answer_password(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Take the password that was asked for."""
    step = open_step(service, answer, "PASSWORD")
    await _user_of(service, answer, step)
    service.used.use(step.challenge_id, step.expires_at_s, answer.attempt.now_s)
    return await sign_in_by_password(service, answer)


async def answer_srp(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Begin the exchange that was asked for."""
    step = open_step(service, answer, "PASSWORD_SRP")
    await _user_of(service, answer, step)
    service.used.use(step.challenge_id, step.expires_at_s, answer.attempt.now_s)
    return await begin_srp(service, answer)


def available_choices(pool: UserPoolRecord, user: UserRecord | None) -> tuple[str, ...]:
    """Return the proofs a user may choose from; nobody seems to have a password and an e-mail.

    A code alone does not do where a second factor is required (documented).
    """
    allowed = first_factors(pool)
    has_password = user is None or user.password is not None
    choices = list(_PASSWORDS) if has_password and "PASSWORD" in allowed else []
    for name, attribute in (("EMAIL_OTP", "email"), ("SMS_OTP", "phone_number")):
        if name not in allowed or mfa_mode(pool) == "ON":
            continue
        is_verified = user is not None and user.attributes.get(f"{attribute}_verified") == "true"
        if is_verified or (user is None and name == "EMAIL_OTP"):
            choices.append(name)
    return tuple(choices)


async def _ask(
    service: UserPools, answer: Answer, user: UserRecord | None, username: str, name: str
) -> Mapping[str, Any]:
    """Ask for a proof, or take it where it came along."""
    attempt = answer.attempt
    if name == "PASSWORD" and "PASSWORD" in answer.responses:
        return await sign_in_by_password(service, answer)
    if name == "PASSWORD_SRP" and "SRP_A" in answer.responses:
        return await begin_srp(service, answer)
    if name in _PASSWORDS:
        return put(service, _step(service, attempt, user, username, name, ()), {})
    await ask_before(service, attempt, user, username)
    if user is None:
        return _pretend_to_send(service, attempt, username, name)
    return await ask_factor(service, attempt, user, name, has_first_factor=False)


def _pretend_to_send(
    service: UserPools, attempt: Attempt, username: str, name: str
) -> Mapping[str, Any]:
    """Put the challenge of a code that nobody was sent."""
    code = new_uuid(service.randomness)
    digest = digest_code(SIGN_IN, code, key=service.code_key, sub="")
    step = _step(service, attempt, None, username, name, (), code_digest=digest)
    letters = f"{service.vault.phantom(attempt.pool.pool_id, username).salt:032x}"
    shown = Delivery(ATTRIBUTES[name], f"{letters[4]}@{letters[5]}").render()
    parameters = {
        "CODE_DELIVERY_DELIVERY_MEDIUM": shown["DeliveryMedium"],
        "CODE_DELIVERY_DESTINATION": shown["Destination"],
    }
    return put(service, step, parameters)


async def _user_of(service: UserPools, answer: Answer, step: Step) -> UserRecord | None:
    """Return the user a step is about, None for nobody; the answer must name the same."""
    named = await service.find_user(answer.attempt.pool, answer.require("USERNAME"))
    if step.sub and (named is None or named.sub != step.sub):
        raise errors.invalid_session()
    return named if step.sub else None


def _step(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord | None,
    username: str,
    name: str,
    choices: tuple[str, ...],
    **facts: Any,
) -> Step:
    return Step(
        name=name,
        challenge_id=new_uuid(service.randomness),
        pool_id=attempt.pool.pool_id,
        client_id=attempt.client.client_id,
        sub="" if user is None else user.sub,
        username=username,
        expires_at_s=attempt.expires_at_s,
        choices=choices,
        **facts,
    )
