"""Compiled policies: everything that does not depend on the request is done already.

A policy keeps, for every action its text spells out, the statements that are about it; any
other action is looked for only in statements with wildcards or `NotAction`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from keyfob.policy.context import RequestContext
from keyfob.policy.document import Condition, Statement
from keyfob.policy.principal import RequestPrincipal

ActionTest = Callable[[str], bool]
"""Whether a statement is about an action in lower case."""
ResourceTest = Callable[[str, RequestContext], bool]
"""Whether a statement is about a resource, in a context that fills in variables."""
PrincipalTest = Callable[[RequestPrincipal | None], bool]
"""Whether a statement is about a caller."""
ConditionTest = Callable[[RequestContext], bool]
"""Whether a condition holds."""


class Effect(Enum):
    """What policies together say to a request."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True, slots=True)
class StatementRef:
    """Where a statement is."""

    policy: str
    """The policy's name."""
    sid: str | None
    index: int
    """Position in the document, from 0."""
    path: str
    """JSON path in the document, for instance `$.Statement[0]`."""
    reason: str | None = None
    """Set when the policy itself could not be used and everything is denied for it."""

    def __str__(self) -> str:
        return f"{self.policy}[{self.index if self.sid is None else self.sid}]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set of policies says; not a truth value, so it cannot be mistaken for one."""

    effect: Effect
    matched: tuple[StatementRef, ...]
    """The statements that decided, in order; none for an implicit deny."""

    def __bool__(self) -> bool:
        raise TypeError("an outcome is not a truth value; compare its effect")


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """One condition and its test."""

    source: Condition
    lookup: str
    """The key in lower case."""
    holds: ConditionTest


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """One statement and its tests."""

    ref: StatementRef
    source: Statement
    is_deny: bool
    is_about_action: ActionTest
    is_about_resource: ResourceTest
    is_about_principal: PrincipalTest
    conditions: tuple[CompiledCondition, ...]
    applies: Callable[[str, RequestPrincipal | None, RequestContext], bool]
    """Whether resource, principal and conditions match; the action is checked apart."""
    alone: Outcome
    """The outcome when this is the only statement that decides."""


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """One policy, ready to be asked."""

    name: str
    statements: tuple[CompiledStatement, ...]
    """All statements in document order."""
    is_volatile: bool
    """Whether a decision may change with time alone, and so must not be kept."""
    by_action: dict[str, tuple[CompiledStatement, ...]] = field(repr=False, compare=False)
    """For each action spelt out in lower case, the statements about it."""
    others: tuple[CompiledStatement, ...] = field(repr=False, compare=False)
    """Statements that may be about actions not spelt out anywhere."""

    def others_about(self, action: str) -> tuple[CompiledStatement, ...]:
        """Return the statements about a lower-case action that no text spells out."""
        return tuple(one for one in self.others if one.is_about_action(action))
