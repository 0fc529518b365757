"""An answer to a challenge, and the session it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.sessions import Step
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import UserRecord


@dataclass(frozen=True, slots=True)
class Answer:
    """What someone answers."""

    attempt: Attempt
    responses: Mapping[str, str]
    """`ChallengeResponses`."""
    session: str
    """Empty where none was sent."""

    def require(self, name: str) -> str:
        """Return a response.

        Raises:
            AwsError: it is missing.
        """
        value = self.responses.get(name)
        if not value:
            raise errors.missing_auth_parameter(name)
        return str(value)


def open_step(service: UserPools, answer: Answer, *names: str) -> Step:
    """Return the step an answer is for.

    Raises:
        AwsError: the session is not ours, of another client, another challenge, or over.
    """
    attempt = answer.attempt
    step = service.sessions.open_step(answer.session)
    is_here = (step.client_id, step.pool_id) == (attempt.client.client_id, attempt.pool.pool_id)
    if not is_here or step.name not in names:
        raise errors.invalid_session()
    if attempt.now_s >= step.expires_at_s:
        raise errors.expired_session()
    return step


async def challenged_user(service: UserPools, answer: Answer, step: Step) -> UserRecord:
    """Return the user a step is about; the answer must name the same.

    Raises:
        AwsError: it does not.
    """
    user = await service.find_user(answer.attempt.pool, answer.require("USERNAME"))
    if user is None or user.sub != step.sub:
        raise errors.invalid_session()
    return user
