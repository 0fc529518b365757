"""Patterns as the policy's author wrote them: literals, wildcards and variables.

A text is cut into parts once, when the policy is read. Wildcards come only from the
policy's own text, so whatever a variable is replaced by stays literal.

    topic/${aws:PrincipalTag/team, 'none'}/*   ->   "topic/", Variable, "/", ANY

Source: IAM User Guide, "IAM policy elements: Variables and tags" (documented), except that
substituted values are never wildcards (inferred; the only safe reading).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from keyfob.policy.context import RequestContext, is_multi_valued_key


class Wildcard(Enum):
    """A wildcard that stands in the policy's own text."""

    ANY = "*"
    """Any run of characters, also none."""
    ONE = "?"
    """Exactly one character."""


# AWS leaves certificate variables in place when the value holds one of these: documented,
# IoT Developer Guide, "X.509 certificate AWS IoT Core policy variables".
_NEVER_FROM_CERTIFICATE = re.compile(r"[*$+?#]")

_VARIABLE = re.compile(
    r"(?P<key>[A-Za-z0-9][\w.\-]*:[^{}$*?',]*[^{}$*?',\s])"  # prefix:name
    r"(?:\s*,\s*'(?P<default>[^']*)')?\s*"
)
_SPECIALS = {"*": "*", "?": "?", "$": "$"}
_OPENING = re.compile(r"\$\{|[*?]")


class TemplateError(ValueError):
    """A `${...}` that is not a variable; the message says why."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A `${key}` or `${key, 'default'}`."""

    key: str
    """The key as written."""
    default: str | None = None
    """What stands in when the key is absent."""
    lookup: str = field(init=False)
    """The key in lower case."""
    is_multi_valued: bool = field(init=False)
    """A multi-valued key never has one text to put in; it does not resolve."""
    is_certificate: bool = field(init=False)

    def __post_init__(self) -> None:
        lookup = self.key.lower()
        object.__setattr__(self, "lookup", lookup)
        object.__setattr__(self, "is_multi_valued", is_multi_valued_key(lookup))
        object.__setattr__(self, "is_certificate", lookup.startswith("iot:certificate"))

    def resolve(self, context: RequestContext) -> str | None:
        """Return the text to put in; None when there is none, and the pattern matches nothing."""
        values = context.get(self.lookup)
        if values is None:
            return self.default
        if self.is_multi_valued or len(values) != 1:
            return None
        if self.is_certificate and _NEVER_FROM_CERTIFICATE.search(values[0]):
            return None
        return values[0]


Part = str | Wildcard | Variable
"""One piece of a pattern."""


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern cut into parts; adjacent literals are joined and never empty."""

    text: str
    """As written."""
    parts: tuple[Part, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables in order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    @property
    def fixed_parts(self) -> tuple[str | Wildcard, ...]:
        """The parts that are not variables."""
        return tuple(part for part in self.parts if not isinstance(part, Variable))

    @property
    def literal(self) -> str | None:
        """The text it stands for when there is nothing to fill in or to match."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    def fill(self, context: RequestContext) -> str | None:
        """Return the text with variables replaced, for showing; None when one has no value."""
        filled = substitute(self.parts, context)
        return None if filled is None else render_parts(filled)


def substitute(parts: Sequence[Part], context: RequestContext) -> tuple[str | Wildcard, ...] | None:
    """Replace variables by their values; None when one of them has no value."""
    filled: list[str | Wildcard] = []
    for part in parts:
        if isinstance(part, Variable):
            value = part.resolve(context)
            if value is None:
                return None
            filled.append(value)
        else:
            filled.append(part)
    return tuple(filled)


def render_parts(parts: Sequence[str | Wildcard]) -> str:
    """Return parts as text, wildcards as `*` and `?`."""
    return "".join(part if isinstance(part, str) else part.value for part in parts)


def parse_template(text: str, *, has_variables: bool, has_wildcards: bool) -> Template:
    """Cut a policy text into parts.

    Args:
        text: the text as written.
        has_variables: whether `${...}` means anything; without the 2012 version and in
            most operators it is literal text.
        has_wildcards: whether `*` and `?` mean anything.

    Raises:
        TemplateError: an unclosed or ill-formed `${...}`.
    """
    parts: list[Part] = []
    literal: list[str] = []
    position = 0
    for opening in _OPENING.finditer(text):
        if opening.start() < position:  # inside a variable already read
            continue
        is_variable = opening[0] == "${"
        if not (has_variables if is_variable else has_wildcards):
            continue
        literal.append(text[position : opening.start()])
        part: Part
        if is_variable:
            part, position = _read_variable(text, opening.end())
        else:
            part, position = Wildcard(opening[0]), opening.end()
        if isinstance(part, str):
            literal.append(part)
            continue
        _append_literal(parts, literal)
        parts.append(part)
    literal.append(text[position:])
    _append_literal(parts, literal)
    return Template(text, tuple(parts))


def _append_literal(parts: list[Part], literal: list[str]) -> None:
    joined = "".join(literal)
    literal.clear()
    if joined:
        parts.append(joined)


def _read_variable(text: str, start: int) -> tuple[str | Variable, int]:
    end = text.find("}", start)
    if end < 0:
        raise TemplateError("a variable is not closed with `}`")
    inside = text[start:end]
    special = _SPECIALS.get(inside)
    if special is not None:
        return special, end + 1
    found = _VARIABLE.fullmatch(inside)
    if found is None:
        raise TemplateError("a variable is `${prefix:name}` or `${prefix:name, 'default'}`")
    return Variable(found["key"], found["default"]), end + 1
