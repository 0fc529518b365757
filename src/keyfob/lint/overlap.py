"""Whether two patterns can mean the same text.

Theory. Both patterns are walked side by side over pairs of positions: a wildcard may stand
still or step on, two plain characters step together. Some text fits both exactly when the two
ends are reached. A variable is taken for any text without a slash, so what is said to be apart
is apart whatever it holds, unless it holds a slash.
Limits. A matcher looks at `MAX_STEPS` pairs in all; beyond, patterns are said to overlap.
"""

from collections.abc import Iterable, Sequence
from enum import Enum

from keyfob.policy.template import Part, Variable, Wildcard

MAX_STEPS = 200_000
"""A tenth of a second or two; real policies need some thousands."""


OPAQUE = "\ue000"
"""Stands in for what only CloudFormation knows, such as another resource's ARN: any text."""


class Span(Enum):
    """A pattern's element that stands for more than one text."""

    ANY = "any characters"
    LEVEL = "any characters but a slash"
    ONE = "one character"


Atom = str | Span
"""One character, or a span."""


def build_atoms(parts: Sequence[Part]) -> tuple[Atom, ...]:
    """Return the atoms of a pattern."""
    atoms: list[Atom] = []
    for part in parts:
        if isinstance(part, Variable):
            atoms.append(Span.LEVEL)
        elif isinstance(part, Wildcard):
            atoms.append(Span.ANY if part is Wildcard.ANY else Span.ONE)
        else:
            atoms.extend(Span.ANY if one == OPAQUE else one for one in part)
    return tuple(atoms)


def build_filter_atoms(parts: Sequence[Part]) -> tuple[Atom, ...]:
    """Return the atoms of the topics that a filter reaches: `+` is a level, `/#` the rest."""
    atoms = list(build_atoms(parts))
    if atoms and atoms[-1] == "#":
        atoms.pop()
        if atoms and atoms[-1] == "/":
            atoms.pop()  # `a/#` means `a` too
        atoms.append(Span.ANY)
    return tuple(Span.LEVEL if atom == "+" else atom for atom in atoms)


class Matcher:
    """Compares patterns until its steps are used up."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Start with a number of steps."""
        self._steps_left = steps

    def overlap(self, left: Sequence[Atom], right: Sequence[Atom]) -> bool:
        """Tell whether some text fits both patterns."""
        seen = {(0, 0)}
        pending = [(0, 0)]
        while pending:
            i, j = pending.pop()
            self._steps_left -= 1
            if self._steps_left < 0 or (i == len(left) and j == len(right)):
                return True
            for pair in _next(left, right, i, j):
                if pair not in seen:
                    seen.add(pair)
                    pending.append(pair)
        return False

    def meets(self, one: Sequence[Atom], others: Iterable[Sequence[Atom]]) -> bool:
        """Tell whether some text fits one pattern and at least one of the others."""
        return any(self.overlap(one, other) for other in others)


def _next(left: Sequence[Atom], right: Sequence[Atom], i: int, j: int) -> list[tuple[int, int]]:
    one = left[i] if i < len(left) else None
    other = right[j] if j < len(right) else None
    steps: list[tuple[int, int]] = []
    if _repeats(one):
        steps.append((i + 1, j))
    if _repeats(other):
        steps.append((i, j + 1))
    if one is not None and other is not None and _agree(one, other):
        steps.append((i + (not _repeats(one)), j + (not _repeats(other))))
    return steps


def _repeats(atom: Atom | None) -> bool:
    return atom is Span.ANY or atom is Span.LEVEL


def _agree(one: Atom, other: Atom) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return not ((one is Span.LEVEL and other == "/") or (other is Span.LEVEL and one == "/"))
