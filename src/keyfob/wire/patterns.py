r"""The models' regular expressions, which are Java's, as Python matchers that run in linear time.

Theory. Java's `\p{L}` and its kin need tables of the whole of Unicode. Instead every
character beyond ASCII in the subject is replaced by one stand-in for its general category
(`L`, `M`, `N`, `P`, `S`, `Z`, `C`), and `\p{L}` becomes the ASCII letters plus the stand-in
of `L`. Java's `\w`, `\d`, `\s` are ASCII only, as with `re.ASCII`.

Patterns of the form "any of X, a literal, any of X, ..." would take quadratic or cubic time
on hostile texts; they are matched by looking for the literals in order instead.
"""

import functools
import re
import unicodedata
from collections.abc import Callable

Matcher = Callable[[str], bool]
"""Tells whether a whole text matches."""

_CATEGORIES = "LMNPSZC"
_STAND_INS = {category: chr(0xE000 + index) for index, category in enumerate(_CATEGORIES)}
_JAVA_CLASSES = {
    "Upper": "A-Z",
    "Lower": "a-z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Alnum": "A-Za-z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Cntrl": r"\x00-\x1f\x7f",
    "ASCII": r"\x00-\x7f",
}
_PROPERTY = re.compile(r"\\p\{(\w+)\}")
_CLASS = re.compile(r"\[(?:[^\[\]\\]|\\.)+\]")
_NAMED_GAPS = re.compile(r"(\[(?:[^\[\]\\]|\\.)+\]|\.)([*+])")
_LITERAL = re.compile(r"(?:\\[^\w\s]|[^\\\[\](){}.*+?^$|])+")


@functools.cache
def matcher(pattern: str) -> Matcher:
    """Return the matcher of a model's pattern; it judges whole texts, as Java's `matches`.

    Raises:
        ValueError: the pattern uses something that is not translated.
    """
    has_property = "\\p{" in pattern
    if "\\p{" in _CLASS.sub("", pattern):
        raise ValueError(f"the pattern `{pattern}` is not translated: a class outside brackets")
    translated = _PROPERTY.sub(_expand, pattern)
    try:
        match = _literals_in_order(translated) or _whole_match(translated)
    except re.error as error:
        raise ValueError(f"the pattern `{pattern}` is not translated: {error}") from error
    if not has_property:
        return match
    return lambda text: match(text if text.isascii() else text.translate(_CATEGORY_TABLE))


class _CategoryTable(dict[int, int]):
    """Maps characters beyond ASCII to their category's stand-in, remembering the answers."""

    def __missing__(self, code: int) -> int:
        stand_in = code if code < 0x80 else ord(_STAND_INS[unicodedata.category(chr(code))[0]])
        if len(self) < 4096:
            self[code] = stand_in
        return stand_in


_CATEGORY_TABLE = _CategoryTable()


def _expand(found: re.Match[str]) -> str:
    name = found.group(1)
    if name in _JAVA_CLASSES:
        return _JAVA_CLASSES[name]
    if name not in _STAND_INS:
        raise ValueError(f"the class `{name}` is not translated")
    ascii_members = "".join(
        f"\\x{code:02x}" for code in range(0x80) if unicodedata.category(chr(code))[0] == name
    )
    return ascii_members + _STAND_INS[name]


def _whole_match(pattern: str) -> Matcher:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _literals_in_order(pattern: str) -> Matcher | None:
    """Match `X*literal X*literal X*` (or with `+`) without backtracking; None if it is no such."""
    position, gaps, literals, allowed = 0, [], [], None
    while True:
        gap = _NAMED_GAPS.match(pattern, position)
        if gap is None or gap.group(1) != (allowed or gap.group(1)):
            return None
        allowed = gap.group(1)
        gaps.append(1 if gap.group(2) == "+" else 0)
        if gap.end() == len(pattern):
            break
        literal = _LITERAL.match(pattern, gap.end())
        if literal is None:
            return None
        literals.append(re.sub(r"\\(.)", r"\1", literal.group()))
        position = literal.end()
    whole = re.compile(f"{allowed}*", re.ASCII)
    if not literals or not all(whole.fullmatch(literal) for literal in literals):
        return None

    def match(text: str) -> bool:
        # Every character may stand in a gap, so the leftmost place of each literal is as good
        # as any other.
        if whole.fullmatch(text) is None:
            return False
        at = 0
        for gap_length, literal in zip(gaps, literals, strict=False):
            found = text.find(literal, at + gap_length)
            if found < 0:
                return False
            at = found + len(literal)
        return len(text) - at >= gaps[-1]

    return match
