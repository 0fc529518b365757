"""PASSWORD_VERIFIER and NEW_PASSWORD_REQUIRED."""

from collections.abc import Mapping
from typing import Any

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer, challenged_user, open_step
from keyfob.services.cognito_idp.answers.custom import CUSTOM_PASSWORD, continue_custom
from keyfob.services.cognito_idp.authentication import prove_password
from keyfob.services.cognito_idp.completion import complete
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.domain.permissions import check_writable
from keyfob.services.cognito_idp.domain.schema import check_required, check_values
from keyfob.services.cognito_idp.domain.sessions import Round, SrpChallenge, Step
from keyfob.services.cognito_idp.domain.users import (
    CONFIRMED,
    FORCE_CHANGE_PASSWORD,
    with_attributes,
)
from keyfob.services.cognito_idp.new_passwords import replace_password, with_password
from keyfob.services.cognito_idp.srp_exchange import is_proven, read_proof, take_challenge
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import NameTakenError, UserRecord

_ATTRIBUTE_PREFIX = "userAttributes."


async def verify_password(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Check the proof of an SRP exchange; a challenge takes one answer, right or wrong."""
    attempt = answer.attempt
    proof = read_proof(answer)
    challenge = take_challenge(service, attempt, proof, is_for_device=False)
    step = _custom_step(service, answer, challenge)
    user = await _challenged(service, answer, challenge)
    names = {"pool_name": attempt.pool.pool_id.partition("_")[2], "user_id": challenge.username}

    async def fits(verifier: srp.Verifier) -> bool:
        return await is_proven(service, challenge, proof, verifier, names=names)

    proven = await prove_password(service, attempt, user, challenge.username, fits)
    if step is not None:
        rounds = (*step.rounds, Round("PASSWORD_VERIFIER", is_passed=True))
        return await continue_custom(service, attempt, proven, proven.username, rounds)
    return await complete(service, attempt, proven)


async def set_new_password(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Replace a temporary password, and sign in."""
    attempt = answer.attempt
    pool = attempt.pool
    step = open_step(service, answer, "NEW_PASSWORD_REQUIRED")
    user = await challenged_user(service, answer, step)
    if not _awaits_password(user, step.password_set_at_s):
        raise errors.used_session()
    attributes = _new_attributes(answer, user)
    stored = replace_password(service, pool, user, answer.require("NEW_PASSWORD"), attempt.now_s)

    def change(record: UserRecord) -> UserRecord:
        if not _awaits_password(record, step.password_set_at_s):
            raise errors.used_session()
        changed = with_attributes(pool, record, attributes, attempt.now_s)
        return with_password(pool, changed, stored, status=CONFIRMED)

    try:
        confirmed = await service.users.update(pool.pool_id, user.sub, change)
    except NameTakenError as error:
        raise errors.alias_exists(error.name.partition(":")[0]) from error
    if confirmed is None:
        raise errors.user_not_found()
    return await complete(service, attempt, confirmed, source="NewPasswordChallenge")


def _custom_step(service: UserPools, answer: Answer, challenge: SrpChallenge) -> Step | None:
    """Return the custom sign-in that a proof is a round of, None if it is a sign-in of its own.

    Raises:
        AwsError: it is a round, and the session is not that of the custom sign-in.
    """
    if not challenge.custom_session:
        return None
    step = open_step(service, answer, CUSTOM_PASSWORD)
    if (step.challenge_id, step.sub) != (challenge.custom_session, challenge.sub):
        raise errors.invalid_session()
    return step


async def _challenged(
    service: UserPools, answer: Answer, challenge: SrpChallenge
) -> UserRecord | None:
    """Return the user a challenge was put to, None for nobody; the answer must name the same."""
    named = await service.find_user(answer.attempt.pool, answer.require("USERNAME"))
    if challenge.sub and (named is None or named.sub != challenge.sub):
        raise errors.incorrect_login()
    return named if challenge.sub else None


def _awaits_password(user: UserRecord, set_at_s: float) -> bool:
    """Return whether the temporary password that was given is still the one to replace."""
    is_same = user.password is not None and user.password.set_at_s == set_at_s
    return is_same and user.status == FORCE_CHANGE_PASSWORD


def _new_attributes(answer: Answer, user: UserRecord) -> dict[str, str]:
    """Return the attributes sent along; required ones that have a value stay (documented)."""
    pool, client = answer.attempt.pool, answer.attempt.client
    attributes = {
        name.removeprefix(_ATTRIBUTE_PREFIX): value
        for name, value in answer.responses.items()
        if name.startswith(_ATTRIBUTE_PREFIX)
    }
    required = {each.name for each in pool.schema if each.is_required}
    if any(name in required and user.attributes.get(name) for name in attributes):
        raise errors.invalid_parameter("Cannot modify an already provided attribute")
    check_values(pool.schema, attributes)
    check_writable(pool, client, attributes)
    check_required(pool.schema, {**user.attributes, **attributes})
    return attributes
