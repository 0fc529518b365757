import pytest

from keyfob.core.errors import AwsError
from keyfob.services.sts.domain.durations import choose_duration


@pytest.mark.parametrize(
    ("requested_s", "maximum_s", "is_chained", "expected_s"),
    [
        (None, 3600, False, 3600),
        (900, 3600, False, 900),
        (43_200, 43_200, False, 43_200),
        (3600, 43_200, True, 3600),
    ],
)
def test_allowed(
    requested_s: int | None, maximum_s: int, is_chained: bool, expected_s: int
) -> None:
    assert choose_duration(requested_s, maximum_s, is_chained=is_chained) == expected_s


@pytest.mark.parametrize(
    ("requested_s", "maximum_s", "is_chained", "text"),
    [(3601, 3600, False, "MaxSessionDuration"), (3601, 43_200, True, "role chaining")],
)
def test_refused(requested_s: int, maximum_s: int, is_chained: bool, text: str) -> None:
    with pytest.raises(AwsError, match=text):
        choose_duration(requested_s, maximum_s, is_chained=is_chained)
