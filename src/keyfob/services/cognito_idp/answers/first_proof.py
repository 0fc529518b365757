"""Passwords proven: in clear, or by an exchange that begins here."""

from collections.abc import Mapping
from typing import Any

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.answers.context import Answer
from keyfob.services.cognito_idp.authentication import (
    Attempt,
    Candidate,
    find_candidate,
    prove_password,
)
from keyfob.services.cognito_idp.completion import complete
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.srp_exchange import Subject, begin_exchange
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord


async def sign_in_by_password(service: UserPools, answer: Answer) -> Mapping[str, Any]:
    """Check USERNAME and PASSWORD, and go on."""
    attempt = answer.attempt
    name, password = answer.require("USERNAME"), answer.require("PASSWORD")
    candidate = await find_candidate(service, attempt, name)
    user = await prove_plain(service, attempt, candidate, password)
    return await complete(service, attempt, user)


def as_candidate(service: UserPools, pool: UserPoolRecord, user: UserRecord) -> Candidate:
    """Return a user who is known, to prove a password again.

    Raises:
        AwsError: the user has none.
    """
    if user.password is None:
        raise errors.incorrect_login()
    verifier = service.vault.open(user.password, pool_id=pool.pool_id, sub=user.sub)
    return Candidate(user, user.username, verifier)


async def prove_plain(
    service: UserPools, attempt: Attempt, candidate: Candidate, password: str
) -> UserRecord:
    """Return the user if a password is right.

    Raises:
        AwsError: it is wrong, which is counted; or the user must wait.
    """

    async def fits(verifier: srp.Verifier) -> bool:
        return service.vault.matches(
            password, verifier, pool_id=attempt.pool.pool_id, username=candidate.username
        )

    return await prove_password(service, attempt, candidate.user, candidate.username, fits)


async def begin_srp(
    service: UserPools, answer: Answer, custom_session: str = ""
) -> Mapping[str, Any]:
    """Put a PASSWORD_VERIFIER challenge.

    Args:
        service: the user pools.
        answer: names the user, and A.
        custom_session: id of the custom sign-in that this is a round of.
    """
    attempt = answer.attempt
    candidate = await find_candidate(service, attempt, answer.require("USERNAME"))
    sub = "" if candidate.user is None else candidate.user.sub
    subject = Subject(sub, candidate.username, candidate.verifier, custom_session=custom_session)
    parameters = await begin_exchange(service, attempt, subject, answer.require("SRP_A"))
    return {
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            **parameters,
            "USERNAME": candidate.username,
            "USER_ID_FOR_SRP": candidate.username,
        },
    }
