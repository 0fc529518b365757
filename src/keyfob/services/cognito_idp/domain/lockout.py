"""Waiting after failed passwords.

Source: Cognito Developer Guide, "Lockout behavior for failed sign-in attempts" (documented): after
five failures the user waits one second, doubling with each further failure, up to about 15 minutes;
attempts during the wait answer `Password attempts exceeded` and do not lengthen it.
"""

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.users import Lockout

MAX_PHANTOMS = 10_000
"""Names of nobody whose failures are counted at once; the oldest are forgotten first."""

FREE_FAILURES = 5
LONGEST_WAIT_S = 900
FORGET_AFTER_S = 900
"""A failure so long after the last wait counts as the first."""


def check_lockout(lockout: Lockout, now_s: float) -> None:
    """Refuse an attempt during a wait.

    Raises:
        AwsError: the user must wait.
    """
    if now_s < lockout.until_s:
        raise errors.password_attempts_exceeded()


def count_failure(lockout: Lockout, now_s: float) -> Lockout:
    """Return the state after one more wrong password."""
    is_old = lockout.until_s and now_s > lockout.until_s + FORGET_AFTER_S
    failures = 1 if is_old else lockout.failures + 1
    excess = failures - FREE_FAILURES
    wait_s = min(2 ** min(excess, 20), LONGEST_WAIT_S) if excess >= 0 else 0
    return Lockout(failures, now_s + wait_s)


class PhantomLockouts:
    """Counts failures for names nobody has, in memory, so that waiting does not tell who exists."""

    def __init__(self, max_names: int = MAX_PHANTOMS) -> None:
        """Count for at most `max_names` at once."""
        self._max_names = max_names
        self._lockouts: dict[tuple[str, str], Lockout] = {}

    def check(self, pool_id: str, name: str, now_s: float) -> None:
        """Refuse an attempt during a wait.

        Raises:
            AwsError: the caller must wait.
        """
        check_lockout(self._lockouts.get((pool_id, name), Lockout()), now_s)

    def count(self, pool_id: str, name: str, now_s: float) -> None:
        """Note one more failure."""
        lockout = self._lockouts.pop((pool_id, name), Lockout())
        if len(self._lockouts) >= self._max_names:
            self._lockouts.pop(next(iter(self._lockouts)))
        self._lockouts[pool_id, name] = count_failure(lockout, now_s)
