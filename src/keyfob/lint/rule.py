"""What a rule is, and what it reports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from keyfob.lint.node import Node
from keyfob.lint.subject import Subject


class Severity(Enum):
    """What a finding does to the exit code: errors make it 1."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule is broken."""

    place: str | Node
    """JSON path in the policy, or a node elsewhere in the template."""
    message: str
    """Why: one lower-case sentence without a final stop."""
    fix: str
    """What to write instead, in the same form."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `docs/rules/<id>.md` documents it."""

    id: str
    name: str
    severity: Severity
    title: str
    check: Callable[[Subject], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at one place of one file."""

    file: str
    line: int
    column: int
    rule: str
    """Rule id, for instance `KF201`."""
    severity: Severity
    message: str
    fix: str
