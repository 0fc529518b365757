"""JSON and YAML with places, and what hostile files may not do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.lint.errors import UnusableInputError
from keyfob.lint.intrinsics import resolve
from keyfob.lint.json_reader import read_json
from keyfob.lint.node import Listing, Mapping, Node, Text, locate, render_json
from keyfob.lint.yaml_reader import read_yaml

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON_VALUES, st.sampled_from([None, 2, "\t"]))
def test_json_reads_what_the_standard_library_writes(value: object, indent: int | str) -> None:
    text = json.dumps(value, indent=indent)
    assert json.loads(render_json(read_json(text))) == value


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_json, read_yaml):
        try:
            node = read(text)
        except UnusableInputError as error:
            assert error.line >= 1
            assert error.column >= 1
        else:
            assert isinstance(node, Text | Listing | Mapping)


def place(node: Node) -> tuple[int, int]:
    return node.line, node.column


def test_json_places_count_characters_from_one() -> None:
    tree = read_json('{\n\t"ä": [1,\n   "b"]}')
    assert place(tree) == (1, 1)
    assert place(locate(tree, "$.ä")) == (2, 7)
    assert place(locate(tree, "$.ä[0]")) == (2, 8)
    assert place(locate(tree, "$.ä[1]")) == (3, 4)


def test_yaml_places_count_characters_from_one() -> None:
    tree = read_yaml("ä:\n  - 1\n  - b: !Ref C\n")
    assert place(locate(tree, "$.ä[0]")) == (2, 5)
    assert place(locate(tree, "$.ä[1].b")) == (3, 8)


def test_a_path_finds_names_with_dots_and_brackets() -> None:
    tree = read_json('{"a": {"b.c:d[e]": {"f": 1}, "b": 2}}')
    found = locate(tree, "$.a.b.c:d[e].f")
    assert isinstance(found, Text)
    assert found.text == "1"


def test_a_path_to_what_is_missing_finds_what_is_around_it() -> None:
    tree = read_json('{"a":\n [{}]}')
    assert place(locate(tree, "$.a[0].Effect")) == (2, 3)


def test_a_member_that_came_twice_is_found_at_its_second_name() -> None:
    assert place(locate(read_json('{"a": 1,\n "a": 2}'), "$")) == (2, 2)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ('{"a" 1}', 1, 6),
        ('{"a": 1,}', 1, 9),
        ('{"a": 1 "b"}', 1, 9),
        ('"\\ud8zz"', 1, 1),
        ("[1, 2", 1, 6),
        ('{"a":\n nul}', 2, 2),
        ("{} {}", 1, 4),
        ('"\\x"', 1, 1),
        ('"open', 1, 1),
        ("NaN", 1, 1),
        ("[01]", 1, 3),
    ],
)
def test_broken_json_is_refused_at_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(UnusableInputError) as caught:
        read_json(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "a: [", "a: *b", "? {a: b}\n: c", "a: b: c", "\x00", "%YAML 9"]
)
def test_broken_yaml_is_refused(text: str) -> None:
    with pytest.raises(UnusableInputError):
        read_yaml(text)


def test_yaml_scalars_stay_the_text_they_are() -> None:
    tree = read_yaml("Version: 2012-10-17\nFlag: yes\nNothing:\nEmpty: ''\n")
    assert json.loads(render_json(tree)) == {
        "Version": "2012-10-17",
        "Flag": "yes",
        "Nothing": None,
        "Empty": "",
    }


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_refused(opening: str) -> None:
    for read in (read_json, read_yaml):
        with pytest.raises(UnusableInputError, match="deep"):
            read(opening * 100_000)


def test_an_alias_stands_for_its_value() -> None:
    tree = read_yaml("a: &x [1, 2]\nb: *x\n")
    assert json.loads(render_json(tree)) == {"a": ["1", "2"], "b": ["1", "2"]}


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["l0: &l0 [x]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(UnusableInputError, match="aliases"):
        read_yaml("\n".join(lines))


def test_an_alias_inside_its_own_value_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="nothing is called"):
        read_yaml("&a [*a]")


def test_aliases_that_deepen_are_refused_when_written_out() -> None:
    deep = "[" * 40 + "x" + "]" * 40
    tree = read_yaml(f"a: &a {deep}\nb: {deep.replace('x', '*a')}\n")
    with pytest.raises(UnusableInputError, match="deep"):
        render_json(tree)
    with pytest.raises(UnusableInputError, match="deep"):
        resolve(tree)
