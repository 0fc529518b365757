"""Date operators; ISO 8601 in W3C's profile, or epoch seconds.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented). A
date without a zone is read as UTC, and four digits as a year (inferred).
"""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from keyfob.policy.operators.matcher import Matcher, MatcherBuilder
from keyfob.policy.template import Template

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_SECONDS = re.compile(r"(-?[0-9]{1,3}|-?[0-9]{5,12})(?:\.([0-9]{1,9}))?")
_ISO = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<part>[0-9]{1,9}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)

Comparison = Callable[[int, int], bool]


def parse_date(text: str) -> int | None:
    """Return microseconds since 1970 in UTC, or None when `text` is no date."""
    seconds = _EPOCH_SECONDS.fullmatch(text)
    if seconds is not None:
        sign = -1 if text.startswith("-") else 1
        return int(seconds[1]) * 1_000_000 + sign * _microseconds(seconds[2])
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime(
            int(found["year"]),
            int(found["month"] or 1),
            int(found["day"] or 1),
            int(found["hour"] or 0),
            int(found["minute"] or 0),
            int(found["second"] or 0),
            _microseconds(found["part"]),
            _parse_zone(found["zone"]),
        )
    except ValueError:  # the thirteenth month, the 30th of February, a zone of 25 hours
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _microseconds(digits: str | None) -> int:
    return int((digits or "0")[:6].ljust(6, "0"))


def _parse_zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _builder(compare: Comparison) -> MatcherBuilder:
    def build(values: Sequence[Template]) -> Matcher:
        wanted = tuple(_require_date(value.text) for value in values)

        def matches(actual: str, _context: object) -> bool:
            moment = parse_date(actual)
            return moment is not None and any(compare(moment, one) for one in wanted)

        return matches

    return build


def _require_date(text: str) -> int:
    moment = parse_date(text)
    if moment is None:
        raise ValueError("an ISO 8601 date or epoch seconds were expected")
    return moment


build_equals = _builder(operator.eq)
build_less_than = _builder(operator.lt)
build_less_than_equals = _builder(operator.le)
build_greater_than = _builder(operator.gt)
build_greater_than_equals = _builder(operator.ge)
