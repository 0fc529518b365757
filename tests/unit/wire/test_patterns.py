"""Java's patterns as Python matchers."""

import re

import pytest

from keyfob import wire
from keyfob.wire.catalog import SERVICES
from keyfob.wire.patterns import matcher

PATTERNS = sorted(
    {
        shape.pattern
        for row in SERVICES
        for shape in wire.service_model(row.name).shapes.values()
        if shape.pattern is not None
    }
)
HOSTILE = ["{##" * 4000 + "##}" * 2000 + "\x00", "a@" * 9000 + "\x00", "{####}" * 3000 + "\x00"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_the_models_is_translated(pattern: str) -> None:
    assert matcher(pattern)("a") in (True, False)
    # Quadratic or worse, these would take minutes and meet the suite's time limit.
    for text in HOSTILE:
        assert matcher(pattern)(text) in (True, False)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "übér-1€", True),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "two words", False),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "a\u2003b", False),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "", False),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", "\ue000", False),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "ключ 1", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a*", False),
        (r"[^\p{C}]+", "a\u200bb", False),
        (r"[^\p{C}]+", "añb", True),
        (r"[^\p{Cntrl}]*", "a\tb", False),
        (r"[\p{Upper}\p{Digit}_]+", "AZ_09", True),
        (r"[\p{Upper}\p{Digit}_]+", "Ä", False),
        (r"[\w]+", "ä", False),
        (r"\d+", "٣", False),
        (r"[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+", "abc", True),
        (r"[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+", "_bc", False),
        (r".*\{####\}.*", "code {####}.", True),
        (r".*\{####\}.*", "code {###}", False),
        (r".*\{####\}.*", "code\n{####}", False),
        (r"[\p{L}\s*]*\{##[\p{L}\s*]*##\}[\p{L}\s*]*", "a {##here##} b", True),
        (r"[\p{L}\p{P}]+@[\p{L}\p{P}]+", "a@b", True),
        (r"[\p{L}\p{P}]+@[\p{L}\p{P}]+", "@b", False),
        (r"[\p{L}\p{P}]+@[\p{L}\p{P}]+", "a@", False),
        (r"[\p{L}\p{P}]+@[\p{L}\p{P}]+", "@@@", True),
        (r"[\p{L}\p{P}]+@[\p{L}\p{P}]+", "@@", False),
        (r"abc", "abcd", False),
        (r"^[a-z]+$", "abc\n", False),
    ],
)
def test_meaning(pattern: str, text: str, expected: bool) -> None:
    assert matcher(pattern)(text) is expected


def test_ascii_members_of_categories_match_python_s_own_view() -> None:
    letters = "".join(chr(code) for code in range(128) if matcher(r"[\p{L}]")(chr(code)))
    assert re.fullmatch("[A-Za-z]{52}", letters)


@pytest.mark.parametrize("pattern", [r"[\p{Greek}]", r"\p{L}", "["])
def test_what_is_not_translated_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="not translated"):
        matcher(pattern)
