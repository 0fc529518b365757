"""`Bool` and `Null`.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented).
"""

from collections.abc import Sequence

from keyfob.policy.operators.matcher import Matcher
from keyfob.policy.template import Template


def build_bool(values: Sequence[Template]) -> Matcher:
    """Build `Bool`: `true` or `false` in any case."""
    wanted = parse_booleans(values)
    return lambda actual, _context: actual.lower() in wanted


def parse_booleans(values: Sequence[Template]) -> frozenset[str]:
    """Return the values in lower case.

    Raises:
        ValueError: a value is neither `true` nor `false`.
    """
    wanted = frozenset(value.text.lower() for value in values)
    if not wanted <= {"true", "false"}:
        raise ValueError("`true` or `false` was expected")
    return wanted


def build_null(values: Sequence[Template]) -> Matcher:
    """Build `Null`; the value it is asked about is `true` when the key is absent."""
    return build_bool(values)
