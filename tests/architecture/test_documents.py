"""The reference names what there is: operations, commands, options, settings."""

import ast
import dataclasses
import re

import pytest
from tests.architecture import coverage
from tests.architecture.sources import ROOT, SOURCE, modules

from keyfob.cli import app
from keyfob.config import MqttListener, Settings

REFERENCE = ROOT / "docs" / "reference"
BUILT_IN = {"--help", "-h", "--version"}
COMMANDS = sorted(set(app) - BUILT_IN)


def sections(name: str) -> dict[str, str]:
    """Return a document's second-level sections by heading."""
    parts = re.split(r"^## (.+)$", (REFERENCE / name).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_coverage_document_is_current() -> None:
    """Mended by `make docs`."""
    assert coverage.TARGET.read_text() == coverage.render()


def test_what_is_partial_has_a_row() -> None:
    rows = {(name, row.name) for name, table in coverage.TABLES.items() for row in table}
    assert set(coverage.PARTIAL) <= rows


def test_what_is_refused_as_not_supported_is_told() -> None:
    told = " ".join(coverage.PARTIAL.values()).lower()
    refused = {
        str(node.args[0].value).lower()
        for path, tree in modules().items()
        if path.startswith("services/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "not_supported"
        and isinstance(node.args[0], ast.Constant)
    }
    assert {what for what in refused if what not in told} == set()


def test_every_command_is_documented_and_no_other() -> None:
    assert sorted(sections("cli.md")) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented_and_no_other(command: str) -> None:
    rows = [line for line in sections("cli.md")[command].splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(--[a-z-]+|[A-Z]+)", cell(row))}
    arguments = app[command].assemble_argument_collection()
    assert documented == {name for argument in arguments for name in argument.names}


def cell(row: str) -> str:
    """Return a table row's first cell; an escaped bar does not end it."""
    return re.split(r"(?<!\\)\|", row)[1]


def first_cells(text: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))


def test_every_setting_is_documented_and_no_other() -> None:
    whole = (REFERENCE / "settings.md").read_text()
    beginning = whole.partition("\n## ")[0]
    assert first_cells(beginning) == {field.name for field in dataclasses.fields(Settings)}
    listeners = sections("settings.md")["Extra MQTT listeners"]
    assert first_cells(listeners) == {field.name for field in dataclasses.fields(MqttListener)}


def test_the_documented_defaults_are_the_settings() -> None:
    whole = (REFERENCE / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| `([^`]+)` \|", whole, flags=re.MULTILINE))
    defaults = {field.name: str(field.default) for field in dataclasses.fields(Settings)}
    assert {name: defaults[name] for name in rows} == rows
    assert len(rows) > 5


def test_every_environment_variable_is_documented() -> None:
    used = set(re.findall(r"\bKEYFOB_[A-Z_]+\b", (SOURCE / "config.py").read_text()))
    assert first_cells(sections("settings.md")["Environment variables"]) == used


def test_links_between_documents_lead_somewhere() -> None:
    """Relative links of the README and of everything under docs."""
    links = [
        (path, target)
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text())
        if "://" not in target
    ]
    assert len(links) > 10
    assert [each for each in links if not (each[0].parent / each[1]).exists()] == []
