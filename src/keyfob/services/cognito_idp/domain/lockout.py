"""Waiting after failed passwords.

Source: Cognito Developer Guide, "Lockout behavior for failed sign-in attempts" (documented): after
five failures the user waits one second, doubling with each further failure, up to about 15 minutes;
attempts during the wait answer `Password attempts exceeded` and do not lengthen it.
"""

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.users import Lockout

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
