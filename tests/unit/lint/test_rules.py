"""Every rule both ways, from the examples on its page."""

import json
import re
from pathlib import Path

import pytest

from keyfob.lint import RULES, Finding, Severity, lint_document, lint_file, read_page
from keyfob.policy import PolicyKind
from keyfob.testing.article import building_policy, printed_second_policy, with_attach_permission

PAGES = Path(__file__).parents[3] / "docs" / "rules"
IDS = [rule.id for rule in RULES]
_BLOCK = re.compile(r"```(?P<form>json|yaml)(?: (?P<kind>\w+))?\n(?P<text>.*?)```", re.DOTALL)


def lint_example(rule: str, heading: str) -> list[Finding]:
    section = read_page(rule).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    (block,) = _BLOCK.finditer(section)
    if block["form"] == "yaml":
        return lint_file(block["text"].encode(), f"{rule}.yaml")
    return lint_document(block["text"], PolicyKind(block["kind"]))


@pytest.mark.parametrize("rule", IDS)
def test_the_first_example_triggers_the_rule(rule: str) -> None:
    assert rule in {finding.rule for finding in lint_example(rule, "Triggers it")}


@pytest.mark.parametrize("rule", IDS)
def test_the_second_example_does_not(rule: str) -> None:
    found = lint_example(rule, "Does not")
    assert rule not in {finding.rule for finding in found}
    assert [one for one in found if one.severity is Severity.ERROR] == []


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert sorted(page.stem for page in PAGES.glob("KF*.md")) == IDS


def test_pages_and_index_say_what_the_rules_say() -> None:
    index = (PAGES / "README.md").read_text()
    for rule in RULES:
        assert f"`{rule.name}`, {rule.severity.value}\n" in read_page(rule.id)
        assert f"| [{rule.id}]({rule.id}.md) | {rule.severity.value} | {rule.title} |" in index


def lint_article(document: object, kind: PolicyKind) -> set[str]:
    return {one.rule for one in lint_document(json.dumps(document), kind)}


def test_the_articles_second_policy_as_printed_receives_nothing() -> None:
    printed = printed_second_policy("eu-central-1", "123456789012")
    assert {"KF203", "KF204"} <= lint_article(printed, PolicyKind.IDENTITY)


def test_the_articles_policy_as_meant_connects_as_anyone_and_no_more() -> None:
    meant = building_policy("eu-central-1", "123456789012")
    assert lint_article(meant, PolicyKind.IDENTITY) == {"KF301"}
    assert lint_article(meant, PolicyKind.IOT) == {"KF301", "KF403"}


def test_the_articles_development_permission_is_an_escalation() -> None:
    meant = with_attach_permission(building_policy("eu-central-1", "123456789012"))
    assert "KF302" in lint_article(meant, PolicyKind.IDENTITY)
