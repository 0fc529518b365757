"""ARN operators: the six components are compared one by one, each with wildcards.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented:
`ArnEquals` and `ArnLike` behave identically). That `*` alone matches every ARN is inferred.
"""

from collections.abc import Sequence

from keyfob.policy.arn_pattern import compile_segments, split_arn
from keyfob.policy.context import RequestContext
from keyfob.policy.operators.matcher import Matcher
from keyfob.policy.template import Template, Wildcard, substitute


def build_like(values: Sequence[Template]) -> Matcher:
    """Build `ArnLike`, which `ArnEquals` is another name of."""
    tests = tuple(_build_one(value) for value in values)
    return lambda actual, context: any(test(actual, context) for test in tests)


def _build_one(value: Template) -> Matcher:
    if value.parts == (Wildcard.ANY,):
        return lambda actual, _context: actual.startswith("arn:")
    if value.variables:
        return lambda actual, context: _matches_filled(value, actual, context)
    segments = split_arn(value.fixed_parts)
    if len(segments) != 6 or segments[0] != ("arn",):
        raise ValueError("an ARN of six parts was expected")
    fixed = compile_segments(segments)
    return lambda actual, _context: fixed(actual)


def _matches_filled(value: Template, actual: str, context: RequestContext) -> bool:
    parts = substitute(value.parts, context)
    if parts is None:
        return False
    segments = split_arn(parts)
    return len(segments) == 6 and compile_segments(segments)(actual)
