import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.services.iam.domain.positions import Position, Span, find_statements


def text_at(text: str, span: Span) -> str:
    """Cut a span out of a text by its lines and columns."""
    lines = [line + "\n" for line in text.split("\n")]

    def offset(place: Position) -> int:
        return sum(map(len, lines[: place.line - 1])) + place.column - 1

    return text[offset(span.start) : offset(span.end)]


def test_a_lone_statement() -> None:
    text = '{"Statement":{"Effect":"Allow"}}'
    assert find_statements(text) == (Span(Position(1, 14), Position(1, 32)),)


def test_statements_in_a_list_over_several_lines() -> None:
    text = '{\n "Version": "2012-10-17",\n "Statement": [\n  {"Sid": "A"},\n  {\n  }\n ]\n}\n'
    assert find_statements(text) == (
        Span(Position(4, 3), Position(4, 15)),
        Span(Position(5, 3), Position(6, 4)),
    )


@pytest.mark.parametrize("text", ["{}", '{"Version": "2012-10-17"}'])
def test_no_statements(text: str) -> None:
    assert find_statements(text) == ()


@given(
    before=st.dictionaries(st.text().filter(lambda name: name != "Statement"), st.text()),
    statements=st.lists(st.dictionaries(st.text(), st.text())),
    indent=st.sampled_from([None, 0, 2]),
)
def test_what_is_found_is_the_statement(
    before: dict[str, str], statements: list[dict[str, str]], indent: int | None
) -> None:
    text = json.dumps({**before, "Statement": statements}, indent=indent)
    found = [json.loads(text_at(text, span)) for span in find_statements(text)]
    assert found == statements
