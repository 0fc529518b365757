"""Where the statements of a policy document are: line and column, as the simulator reports them."""

import json
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    """One statement: its opening brace, and the place behind its closing one."""

    start: Position
    end: Position


def find_statements(text: str) -> tuple[Span, ...]:
    """Return the spans of a document's statements in order.

    Args:
        text: a document that `parse_policy` accepted.
    """
    start = _member(text, "Statement")
    if start is None:
        return ()
    if text[start] == "{":
        ranges = [(start, _end(text, start))]
    else:
        ranges = []
        place = _skip(text, start + 1)
        while text[place] != "]":
            end = _end(text, place)
            ranges.append((place, end))
            place = _skip(text, end, _SPACE + ",")
    lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    return tuple(Span(_locate(lines, first), _locate(lines, last)) for first, last in ranges)


def _member(text: str, wanted: str) -> int | None:
    """Return where the value of a member of the outermost object begins."""
    place = _skip(text, _skip(text, 0) + 1)
    while text[place] == '"':
        name, end = _DECODER.raw_decode(text, place)
        value = _skip(text, _skip(text, end) + 1)
        if name == wanted:
            return value
        place = _skip(text, _end(text, value), _SPACE + ",")
    return None


def _end(text: str, start: int) -> int:
    end: int = _DECODER.raw_decode(text, start)[1]
    return end


def _skip(text: str, place: int, characters: str = _SPACE) -> int:
    while text[place] in characters:
        place += 1
    return place


def _locate(lines: list[int], offset: int) -> Position:
    line = bisect_right(lines, offset)
    return Position(line, offset - lines[line - 1] + 1)
