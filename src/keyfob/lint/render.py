"""Findings as text, JSON, SARIF 2.1.0 and GitHub annotations.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub Docs,
"Workflow commands for GitHub Actions" (documented).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from keyfob.lint.check import RULES
from keyfob.lint.rule import Finding, Severity

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_text(findings: Sequence[Finding]) -> str:
    """Return two lines per finding, then a count."""
    lines: list[str] = []
    for one in findings:
        place = f"{one.file}:{one.line}:{one.column}"
        lines.append(f"{place}: {one.severity.value} {one.rule}: {one.message}")
        lines.append(f"    fix: {one.fix}")
    errors = sum(one.severity is Severity.ERROR for one in findings)
    lines.append(f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def render_json(findings: Sequence[Finding]) -> str:
    """Return one JSON list."""
    return json.dumps([_plain(one) for one in findings], indent=2)


def render_sarif(findings: Sequence[Finding]) -> str:
    """Return one SARIF log with one run."""
    rules = [
        {
            "id": rule.id,
            "name": rule.name,
            "shortDescription": {"text": rule.title},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in RULES
    ]
    index = {rule.id: position for position, rule in enumerate(RULES)}
    results = [
        {
            "ruleId": one.rule,
            "ruleIndex": index[one.rule],
            "level": one.severity.value,
            "message": {"text": f"{one.message}. Fix: {one.fix}."},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(Path(one.file).as_posix())},
                        "region": {"startLine": one.line, "startColumn": one.column},
                    }
                }
            ],
        }
        for one in findings
    ]
    run = {
        "tool": {"driver": {"name": "keyfob", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def render_github(findings: Sequence[Finding]) -> str:
    """Return one workflow command a line."""
    return "\n".join(
        f"::{one.severity.value} file={_property(one.file)},line={one.line},col={one.column},"
        f"title={one.rule}::{_data(f'{one.message}. Fix: {one.fix}.')}"
        for one in findings
    )


FORMATS: Mapping[str, Callable[[Sequence[Finding]], str]] = {
    "text": render_text,
    "json": render_json,
    "sarif": render_sarif,
    "github": render_github,
}
"""How findings can be printed."""


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "fix": finding.fix,
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
