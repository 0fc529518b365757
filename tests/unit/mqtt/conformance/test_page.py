import pytest
from tests.unit.mqtt.conformance.page import PAGE, V5, V311, Standard, deviations, render, tags

STANDARDS = pytest.mark.parametrize("standard", [V5, V311], ids=lambda each: each.name)


def test_the_page_is_what_the_docstrings_say() -> None:
    assert PAGE.read_text() == render()


@STANDARDS
def test_every_number_is_one_of_the_standard(standard: Standard) -> None:
    known = set(standard.statements())
    assert set(tags(standard)) <= known
    assert standard.of_clients | set(standard.not_applicable) <= known
    assert not standard.of_clients & set(standard.not_applicable)


@STANDARDS
def test_every_statement_that_binds_has_a_test(standard: Standard) -> None:
    binding = set(standard.statements()) - standard.of_clients - set(standard.not_applicable)
    assert binding - set(tags(standard)) == set()


def test_every_deviation_says_what_and_on_which_evidence() -> None:
    for what, evidence, _ in deviations():
        assert what
        assert evidence.split(":")[0] in {"Documented", "Observed", "Inferred"}, what
