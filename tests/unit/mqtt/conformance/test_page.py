from tests.unit.mqtt.conformance.page import (
    NOT_APPLICABLE,
    OF_CLIENTS,
    PAGE,
    all_statements,
    render,
    tags,
)


def test_the_page_is_what_the_tags_say() -> None:
    assert PAGE.read_text() == render()


def test_every_number_is_one_of_the_standard() -> None:
    known = set(all_statements())
    assert set(tags()) <= known
    assert set(OF_CLIENTS) | set(NOT_APPLICABLE) <= known
    assert not OF_CLIENTS & set(NOT_APPLICABLE)
