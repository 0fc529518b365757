"""The matcher against a naive one, and a bound on its work counted in executed lines."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyfob.policy import wildcard
from keyfob.policy.template import Wildcard, parse_template
from keyfob.policy.wildcard import compile_glob

Parts = list[str | Wildcard]


def naive_match(parts: Parts, text: str) -> bool:
    """Try every way; exponential, hence only for short texts."""
    if not parts:
        return not text
    first, rest = parts[0], parts[1:]
    if first is Wildcard.ANY:
        return any(naive_match(rest, text[index:]) for index in range(len(text) + 1))
    if first is Wildcard.ONE:
        return bool(text) and naive_match(rest, text[1:])
    return text.startswith(first) and naive_match(rest, text[len(first) :])


pieces = st.sampled_from([Wildcard.ANY, Wildcard.ONE, "a", "b", "ab", "aab"])


@settings(deadline=None)
@given(st.lists(pieces, max_size=6), st.text("ab", max_size=8))
def test_matches_as_the_naive_matcher(parts: Parts, text: str) -> None:
    assert compile_glob(parts)(text) == naive_match(parts, text)


@settings(deadline=None)
@given(st.text("ab*?.", max_size=8), st.text("ab.", max_size=8))
def test_written_patterns_match_as_the_naive_matcher(pattern: str, text: str) -> None:
    parts = list(parse_template(pattern, has_variables=False, has_wildcards=True).fixed_parts)
    assert compile_glob(parts)(text) == naive_match(parts, text)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_a_literal_matches_itself_alone(text: str) -> None:
    match = compile_glob([text])
    assert match(text)
    assert not match(text + "x")


def count_lines(call: Callable[[], object]) -> int:
    """Count the lines of the matcher's module that `call` executes."""
    count = 0

    def on_line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return on_line

    def on_call(frame: FrameType, _event: str, _argument: Any) -> Any:
        return on_line if frame.f_code.co_filename == wildcard.__file__ else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a*a*a*a*a*a*a*a*b", "a" * 2_000),
        ("*?a*?a*?a*?a*?a*b", "a" * 2_000),
        ("a*" * 500 + "b", "a" * 2_000),
        ("*" * 500 + "b", "a" * 2_000),
        ("*ab?b*c", "ab" * 1_000),
        ("?" * 500 + "*" + "?" * 500, "a" * 2_000),
    ],
)
def test_work_is_bounded(pattern: str, text: str) -> None:
    match = compile_glob(
        parse_template(pattern, has_variables=False, has_wildcards=True).fixed_parts
    )
    # Each try of a segment is a handful of lines, and a try moves on through the text.
    assert count_lines(lambda: match(text)) <= 10 * (len(text) + len(pattern))
