"""Every condition operator, and what may stand in its values.

`is_negative` operators are the exact negation of their positive: true when no value of the
policy matches, hence also when the key is absent.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "IAM policy
elements: Variables and tags" (documented). That operator names are taken in any case is
inferred from policies in the wild.
"""

from dataclasses import dataclass

from keyfob.policy.operators import arn, binary, boolean, date, ip_address, numeric, string
from keyfob.policy.operators.matcher import MatcherBuilder


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator, without its quantifier and `IfExists`."""

    name: str
    build: MatcherBuilder
    """Builds the test of the positive operator."""
    is_negative: bool = False
    allows_variables: bool = False
    allows_wildcards: bool = False
    is_null_check: bool = False
    """`Null` asks about presence; it takes neither quantifier nor `IfExists`."""


def _pair(positive: str, negative: str, build: MatcherBuilder, **flags: bool) -> list[Operator]:
    return [
        Operator(positive, build, is_negative=False, **flags),
        Operator(negative, build, is_negative=True, **flags),
    ]


_TEXT = {"allows_variables": True}
_PATTERN = {"allows_variables": True, "allows_wildcards": True}

OPERATORS = (
    *_pair("StringEquals", "StringNotEquals", string.build_equals, **_TEXT),
    *_pair(
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        string.build_equals_ignore_case,
        **_TEXT,
    ),
    *_pair("StringLike", "StringNotLike", string.build_like, **_PATTERN),
    *_pair("NumericEquals", "NumericNotEquals", numeric.build_equals),
    Operator("NumericLessThan", numeric.build_less_than),
    Operator("NumericLessThanEquals", numeric.build_less_than_equals),
    Operator("NumericGreaterThan", numeric.build_greater_than),
    Operator("NumericGreaterThanEquals", numeric.build_greater_than_equals),
    *_pair("DateEquals", "DateNotEquals", date.build_equals),
    Operator("DateLessThan", date.build_less_than),
    Operator("DateLessThanEquals", date.build_less_than_equals),
    Operator("DateGreaterThan", date.build_greater_than),
    Operator("DateGreaterThanEquals", date.build_greater_than_equals),
    Operator("Bool", boolean.build_bool),
    Operator("BinaryEquals", binary.build_equals),
    *_pair("IpAddress", "NotIpAddress", ip_address.build_in_range),
    *_pair("ArnEquals", "ArnNotEquals", arn.build_like, **_PATTERN),
    *_pair("ArnLike", "ArnNotLike", arn.build_like, **_PATTERN),
    Operator("Null", boolean.build_null, is_null_check=True),
)
"""All operators in the order of the reference."""

_BY_NAME = {operator.name.lower(): operator for operator in OPERATORS}


def find_operator(name: str) -> Operator | None:
    """Return the operator of a name without quantifier and `IfExists`, in any case."""
    return _BY_NAME.get(name.lower())
