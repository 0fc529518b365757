"""How long a role session lasts.

Source: STS API Reference, `AssumeRole`: 900 s to the role's maximum, 3,600 s by default; one hour
at most where a role session assumes another role (role chaining). `GetSessionToken` and
`GetFederationToken`: 900 s to 36 hours, 12 by default; root's are cut to an hour. Documented.
"""

from keyfob.services.sts import errors

DEFAULT_DURATION_S = 3600
CHAINED_MAX_DURATION_S = 3600

USER_DURATION_S = 43_200
ROOT_MAX_DURATION_S = 3_600


def choose_user_duration(requested_s: int | None, *, is_root: bool) -> int:
    """Return the length in seconds of a session without a role; root's defaults to an hour."""
    duration_s = USER_DURATION_S if requested_s is None else requested_s
    return min(duration_s, ROOT_MAX_DURATION_S) if is_root else duration_s


def choose_duration(requested_s: int | None, role_maximum_s: int, *, is_chained: bool) -> int:
    """Return the session's length in seconds.

    Raises:
        AwsError: `ValidationError` for one above the role's maximum or the chaining limit.
    """
    duration_s = DEFAULT_DURATION_S if requested_s is None else requested_s
    if is_chained and duration_s > CHAINED_MAX_DURATION_S:
        raise errors.duration_over_chaining_limit()
    if duration_s > role_maximum_s:
        raise errors.duration_over_maximum()
    return duration_s
