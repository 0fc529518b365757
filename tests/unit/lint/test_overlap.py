"""Whether two patterns can mean the same text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.lint.overlap import Atom, Matcher, Span, build_atoms, build_filter_atoms
from keyfob.policy.template import parse_template


def atoms(text: str) -> tuple[Atom, ...]:
    return build_atoms(parse_template(text, has_variables=True, has_wildcards=True).parts)


def filter_atoms(text: str) -> tuple[Atom, ...]:
    return build_filter_atoms(parse_template(text, has_variables=True, has_wildcards=True).parts)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/*", "*/c", True),
        ("a/?", "a/bc", False),
        ("a?c", "a*", True),
        ("", "*", True),
        ("", "?", False),
        ("building/${a:b}", "${a:b}", False),
        ("building/${a:b}", "building/7", True),
        ("${a:b}/x", "${c:d}/x", True),
        ("*a*a*a*b", "a" * 40 + "c", False),
    ],
)
def test_patterns(left: str, right: str, expected: bool) -> None:
    assert Matcher().overlap(atoms(left), atoms(right)) is expected
    assert Matcher().overlap(atoms(right), atoms(left)) is expected


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/b/c", False),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "b", False),
        ("#", "b", True),
        ("a/*", "a/b/c", True),
    ],
)
def test_filters_reach_topics(topic_filter: str, topic: str, expected: bool) -> None:
    assert Matcher().overlap(filter_atoms(topic_filter), atoms(topic)) is expected


def test_out_of_steps_means_overlap() -> None:
    assert Matcher(steps=5).overlap(atoms("abcdefgh"), atoms("abcdefgx"))


PATTERNS = st.text(alphabet="ab*?/", max_size=6)
TEXTS = st.text(alphabet="ab/", max_size=8)


@given(PATTERNS, TEXTS)
def test_a_plain_text_overlaps_exactly_the_patterns_that_match_it(pattern: str, text: str) -> None:
    wanted = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert Matcher().overlap(atoms(pattern), tuple(text)) is bool(re.fullmatch(wanted, text))


@given(PATTERNS, PATTERNS, TEXTS)
def test_patterns_that_share_a_text_overlap(left: str, right: str, text: str) -> None:
    matcher = Matcher()
    if matcher.overlap(atoms(left), tuple(text)) and matcher.overlap(atoms(right), tuple(text)):
        assert matcher.overlap(atoms(left), atoms(right))


def test_a_level_holds_no_slash() -> None:
    assert not Matcher().overlap((Span.LEVEL,), tuple("a/b"))
    assert Matcher().overlap((Span.LEVEL,), tuple("ab"))
