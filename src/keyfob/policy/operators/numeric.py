"""Numeric operators; numbers are compared exactly, as decimals.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented); the
accepted spelling, an optional sign and decimal digits, is inferred.
"""

import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from keyfob.policy.operators.matcher import Matcher, MatcherBuilder
from keyfob.policy.template import Template

# The digit bound keeps the work per comparison bounded whatever a client sends.
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")

Comparison = Callable[[Decimal, Decimal], bool]


def parse_number(text: str) -> Decimal | None:
    """Return a number, or None when `text` is not one."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _builder(compare: Comparison) -> MatcherBuilder:
    def build(values: Sequence[Template]) -> Matcher:
        wanted = tuple(_require_number(value.text) for value in values)

        def matches(actual: str, _context: object) -> bool:
            number = parse_number(actual)
            return number is not None and any(compare(number, one) for one in wanted)

        return matches

    return build


def _require_number(text: str) -> Decimal:
    number = parse_number(text)
    if number is None:
        raise ValueError("a number was expected")
    return number


build_equals = _builder(operator.eq)
build_less_than = _builder(operator.lt)
build_less_than_equals = _builder(operator.le)
build_greater_than = _builder(operator.gt)
build_greater_than_equals = _builder(operator.ge)
