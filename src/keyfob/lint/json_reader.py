"""JSON with the place of every value.

The standard library's reader keeps no places, and a YAML reader takes JSON with tabs for
broken. Nesting is bounded, so the recursion is.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NoReturn

from keyfob.core.limits import MAX_JSON_DEPTH
from keyfob.lint.errors import UnusableInputError
from keyfob.lint.node import Listing, Mapping, Node, Text

_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\\x00-\x1f]++|\\.)*+")'
    r"|(?P<other>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)"
    r"|(?P<mark>[\[\]{}:,])"
)


def read_json(text: str) -> Node:
    """Read JSON text.

    Raises:
        UnusableInputError: it is not JSON, or nested too deep; says where.
    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(found.end() for found in re.finditer(r"\n", text))]
        self._position = 0

    def read(self) -> Node:
        node = self._value(0)
        if self._skip() < len(self._text):
            self._refuse("nothing more was expected")
        return node

    def _skip(self) -> int:
        found = _SPACE.match(self._text, self._position)
        self._position = found.end() if found else self._position
        return self._position

    def _place(self, position: int) -> tuple[int, int]:
        line = bisect_right(self._lines, position)
        return line, position - self._lines[line - 1] + 1

    def _refuse(self, message: str) -> NoReturn:
        raise UnusableInputError(f"not json: {message}", *self._place(self._position))

    def _peek(self) -> str:
        start = self._skip()
        return self._text[start : start + 1]

    def _take(self, mark: str) -> bool:
        if self._peek() != mark:
            return False
        self._position += 1
        return True

    def _value(self, depth: int) -> Node:
        if depth > MAX_JSON_DEPTH:
            self._refuse(f"nested deeper than {MAX_JSON_DEPTH} levels")
        line, column = self._place(self._skip())
        if self._take("{"):
            return Mapping(line, column, tuple(self._members(depth)))
        if self._take("["):
            return Listing(line, column, tuple(self._items(depth)))
        return self._scalar()

    def _members(self, depth: int) -> Iterator[tuple[Text, Node]]:
        if self._take("}"):
            return
        while True:
            if self._peek() != '"':
                self._refuse("a member name in double quotes was expected")
            name = self._scalar()
            if not self._take(":"):
                self._refuse("`:` was expected")
            yield name, self._value(depth + 1)
            if self._take("}"):
                return
            if not self._take(","):
                self._refuse("`,` or `}` was expected")

    def _items(self, depth: int) -> Iterator[Node]:
        if self._take("]"):
            return
        while True:
            yield self._value(depth + 1)
            if self._take("]"):
                return
            if not self._take(","):
                self._refuse("`,` or `]` was expected")

    def _scalar(self) -> Text:
        line, column = self._place(self._skip())
        found = _TOKEN.match(self._text, self._position)
        if found is None or found["mark"]:
            self._refuse("a value was expected")
        if found["text"] is None:
            self._position = found.end()
            return Text(line, column, found[0], is_text=False)
        try:
            text = str(json.loads(found[0]))
        except json.JSONDecodeError:
            self._refuse("a text has a bad escape")
        self._position = found.end()
        return Text(line, column, text)
