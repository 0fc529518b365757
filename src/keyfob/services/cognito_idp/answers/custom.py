"""CUSTOM_CHALLENGE: functions of the operator's decide what is asked and what is right.

Source: Cognito Developer Guide, "Custom authentication challenge Lambda triggers" (documented).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer, open_step
from keyfob.services.cognito_idp.answers.first_proof import begin_srp
from keyfob.services.cognito_idp.authentication import Attempt, ask_before, phantom_username
from keyfob.services.cognito_idp.completion import complete
from keyfob.services.cognito_idp.domain.sessions import Round, Step
from keyfob.services.cognito_idp.second_factors import put
from keyfob.services.cognito_idp.triggers import Occasion, describe_user, fire
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import UserRecord

CUSTOM_PASSWORD = "custom: PASSWORD_VERIFIER"  # noqa: S105 - a step
"""The step in which a custom sign-in waits for the proof of a password."""

MAX_ROUNDS = 20
"""Rounds of one sign-in, which keeps its session within bounds; inferred."""

_REQUIRED = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")


async def begin_custom(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Begin a custom sign-in, with the proof of a password first where SRP_A comes along."""
    attempt = answer.attempt
    config = attempt.pool.settings.get("LambdaConfig", {})
    if any(name not in config for name in _REQUIRED):
        raise errors.no_custom_triggers()
    name = answer.require("USERNAME")
    user = await service.find_user(attempt.pool, name)
    if user is None and not attempt.client.prevents_existence_errors:
        raise errors.user_not_found()
    await ask_before(service, attempt, user, name)
    username = user.username if user else phantom_username(service, attempt.pool, name)
    rounds = (Round("SRP_A", is_passed=True),) if "SRP_A" in answer.responses else ()
    answered = await continue_custom(service, attempt, user, username, rounds)
    if answered.get("ChallengeName") != "PASSWORD_VERIFIER":
        return answered
    session = str(answered["Session"])
    step = service.sessions.open_step(session)
    return {**await begin_srp(service, answer, step.challenge_id), "Session": session}


async def continue_custom(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord | None,
    username: str,
    rounds: tuple[Round, ...],
) -> Mapping[str, Any]:
    """Ask what comes next, and do it.

    Raises:
        AwsError: the function refuses or answers what cannot be, or it let nobody in.
    """
    response = await _fire(
        service,
        attempt,
        user,
        username,
        "DefineAuthChallenge",
        {"session": _render(rounds)},
        {"challengeName": None, "issueTokens": None, "failAuthentication": None},
    )
    if response["failAuthentication"] is True:
        raise errors.incorrect_login()
    if response["issueTokens"] is True:
        if user is None:
            raise errors.incorrect_login()
        return await complete(service, attempt, user, has_second_factor=True)
    name = response["challengeName"]
    if len(rounds) >= MAX_ROUNDS:
        raise errors.incorrect_login()
    if name == "CUSTOM_CHALLENGE":
        return await _put(service, attempt, user, username, rounds)
    if name == "PASSWORD_VERIFIER" and rounds and rounds[-1].name == "SRP_A":
        step = _step(service, attempt, user, username, CUSTOM_PASSWORD, rounds)
        return {"ChallengeName": name, "Session": service.sessions.seal_step(step)}
    raise errors.invalid_lambda_response()


async def answer_custom(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Let the function judge an answer, then ask what comes next."""
    attempt = answer.attempt
    step = open_step(service, answer, "CUSTOM_CHALLENGE")
    named = await service.find_user(attempt.pool, answer.require("USERNAME"))
    if step.sub and (named is None or named.sub != step.sub):
        raise errors.invalid_session()
    given = answer.require("ANSWER")
    service.used.use(step.challenge_id, step.expires_at_s, attempt.now_s)
    user = named if step.sub else None
    response = await _fire(
        service,
        attempt,
        user,
        step.username,
        "VerifyAuthChallengeResponse",
        {"privateChallengeParameters": step.private, "challengeAnswer": given},
        {"answerCorrect": None},
    )
    is_right = response["answerCorrect"] is True
    rounds = (*step.rounds, Round(step.name, is_right, step.metadata))
    return await continue_custom(service, attempt, user, step.username, rounds)


async def _put(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord | None,
    username: str,
    rounds: tuple[Round, ...],
) -> Mapping[str, Any]:
    """Let the function make a challenge, and put it."""
    response = await _fire(
        service,
        attempt,
        user,
        username,
        "CreateAuthChallenge",
        {"challengeName": "CUSTOM_CHALLENGE", "session": _render(rounds)},
        {
            "publicChallengeParameters": None,
            "privateChallengeParameters": None,
            "challengeMetadata": None,
        },
    )
    metadata = response["challengeMetadata"]
    step = _step(
        service,
        attempt,
        user,
        username,
        "CUSTOM_CHALLENGE",
        rounds,
        private=_texts(response["privateChallengeParameters"]),
        metadata=None if metadata is None else str(metadata),
    )
    parameters = {"USERNAME": username, **_texts(response["publicChallengeParameters"])}
    return put(service, step, parameters)


def _step(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord | None,
    username: str,
    name: str,
    rounds: tuple[Round, ...],
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
        rounds=rounds,
        **facts,
    )


async def _fire(
    service: UserPools,
    attempt: Attempt,
    user: UserRecord | None,
    username: str,
    trigger: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any],
) -> Mapping[str, Any]:
    attributes = {} if user is None else describe_user(user)
    everyone = {"userAttributes": attributes, "userNotFound": user is None}
    return await fire(
        service.functions,
        attempt.pool,
        Occasion(trigger, f"{trigger}_Authentication"),
        username=username,
        caller=attempt.caller,
        request={**everyone, **request},
        response=response,
    )


def _render(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    return [
        {
            "challengeName": each.name,
            "challengeResult": each.is_passed,
            "challengeMetadata": each.metadata,
        }
        for each in rounds
    ]


def _texts(value: object) -> dict[str, str]:
    """Return a mapping of texts.

    Raises:
        AwsError: it is another thing.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise errors.invalid_lambda_response()
    return value
