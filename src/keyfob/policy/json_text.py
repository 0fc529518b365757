"""JSON as policies are written in it: strict, bounded, with duplicate members found.

Numbers keep their spelling and objects remember a member that came twice, so that the
reader can name its place. Nesting is measured before parsing, which recurses.
"""

import json
import re
from typing import Any, NoReturn

from keyfob.core.limits import MAX_JSON_DEPTH
from keyfob.policy.errors import PolicyError, quote
from keyfob.policy.size import MAX_TEXT_CHARACTERS

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


class JsonNumber(str):
    """A number in its own spelling."""

    __slots__ = ()


class JsonObject(dict[str, Any]):
    """An object, with the first member name that came twice."""

    __slots__ = ("duplicate",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Keep the members of an object."""
        super().__init__(pairs)
        self.duplicate: str | None = None
        if len(self) < len(pairs):
            names = [name for name, _ in pairs]
            self.duplicate = next(name for name in names if names.count(name) > 1)


def read_json(text: str) -> object:
    """Parse policy text.

    Raises:
        PolicyError: too long, nested too deep, or not JSON.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        raise PolicyError(f"the text is longer than {MAX_TEXT_CHARACTERS} characters", "$")
    _require_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=JsonObject,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise PolicyError(f"the text is not json: {error.msg.lower()}", "$") from error


def _refuse_constant(name: str) -> NoReturn:
    raise PolicyError(f"the text is not json: {quote(name)} is not a value", "$")


def _require_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise PolicyError(f"the text is nested deeper than {MAX_JSON_DEPTH} levels", "$")
        elif token[0] in "]}":
            depth -= 1
