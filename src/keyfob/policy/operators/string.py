"""String operators: exact, without regard to case, and with wildcards.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented).
"""

from collections.abc import Callable, Sequence

from keyfob.policy.context import RequestContext
from keyfob.policy.operators.matcher import Matcher
from keyfob.policy.template import Template, substitute
from keyfob.policy.wildcard import compile_glob


def build_equals(values: Sequence[Template]) -> Matcher:
    """Build `StringEquals`."""
    return _build_equals(values, str)


def build_equals_ignore_case(values: Sequence[Template]) -> Matcher:
    """Build `StringEqualsIgnoreCase`."""
    return _build_equals(values, str.lower)


def _build_equals(values: Sequence[Template], fold: Callable[[str], str]) -> Matcher:
    fixed = frozenset(fold(value.literal) for value in values if value.literal is not None)
    varying = tuple(value for value in values if value.literal is None)
    if not varying:
        return lambda actual, _context: fold(actual) in fixed

    def matches(actual: str, context: RequestContext) -> bool:
        folded = fold(actual)
        if folded in fixed:
            return True
        for value in varying:
            filled = value.fill(context)
            if filled is not None and fold(filled) == folded:
                return True
        return False

    return matches


def build_like(values: Sequence[Template]) -> Matcher:
    """Build `StringLike`."""
    globs = tuple(_build_glob(value) for value in values)
    return lambda actual, context: any(glob(actual, context) for glob in globs)


def _build_glob(value: Template) -> Matcher:
    if not value.variables:
        glob = compile_glob(value.fixed_parts)
        return lambda actual, _context: glob(actual)

    def matches(actual: str, context: RequestContext) -> bool:
        parts = substitute(value.parts, context)
        return parts is not None and compile_glob(parts)(actual)

    return matches
