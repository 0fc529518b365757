"""Wildcard matching in bounded time.

Theory. `*` cuts a pattern into segments of fixed length. The first is anchored at the
start of the text, the last at its end, and each one between is taken at its leftmost
place after the one before; taking it further right could never help. So there is no
backtracking, and the work is at most text length times pattern length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keyfob.policy.template import Wildcard


@dataclass(frozen=True, slots=True)
class _Segment:
    """Literals at fixed offsets, with `?` between them."""

    chunks: tuple[tuple[int, str], ...]
    """(offset, literal) in order; literals are not empty."""
    length: int

    def is_at(self, text: str, position: int) -> bool:
        """Tell whether the segment stands at `position`; the caller checked the length."""
        return all(text.startswith(literal, position + offset) for offset, literal in self.chunks)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the leftmost place between `start` and `end`, or -1."""
        last = end - self.length
        if not self.chunks:
            return start if start <= last else -1
        offset, literal = self.chunks[0]
        position = start
        while position <= last:
            hit = text.find(literal, position + offset, end)
            if hit < 0 or hit - offset > last:
                return -1
            position = hit - offset
            if self.is_at(text, position):
                return position
            position += 1
        return -1


def _cut(parts: Sequence[str | Wildcard]) -> list[_Segment]:
    segments: list[_Segment] = []
    chunks: list[tuple[int, str]] = []
    length = 0
    for part in parts:
        if part is Wildcard.ANY:
            segments.append(_Segment(tuple(chunks), length))
            chunks, length = [], 0
        elif part is Wildcard.ONE:
            length += 1
        elif part:
            chunks.append((length, part))
            length += len(part)
    segments.append(_Segment(tuple(chunks), length))
    return segments


def compile_glob(parts: Sequence[str | Wildcard]) -> Callable[[str], bool]:
    """Return a test whether a whole text matches; literals compare exactly."""
    first, *rest = _cut(parts)
    if not rest:
        return lambda text: len(text) == first.length and first.is_at(text, 0)
    *middle, last = rest
    least = first.length + last.length

    def matches(text: str) -> bool:
        size = len(text)
        end = size - last.length
        if size < least or not first.is_at(text, 0) or not last.is_at(text, end):
            return False
        position = first.length
        for segment in middle:
            position = segment.find(text, position, end)
            if position < 0:
                return False
            position += segment.length
        return True

    return matches
