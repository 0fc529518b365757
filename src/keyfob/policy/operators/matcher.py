"""What every operator family makes of a condition's values."""

from collections.abc import Callable, Sequence

from keyfob.policy.context import RequestContext
from keyfob.policy.template import Template

Matcher = Callable[[str, RequestContext], bool]
"""Tells whether one value of the request matches at least one value of the policy."""

MatcherBuilder = Callable[[Sequence[Template]], Matcher]
"""Builds a matcher from the policy's values.

Raises:
    ValueError: a value is not of the family's type; the message says what was expected.
"""
