"""The output formats."""

import json

from keyfob.lint import FORMATS, RULES, Finding, Severity

FINDINGS = [
    Finding("a,b.json", 3, 7, "KF101", Severity.ERROR, "why `50%`", "do this"),
    Finding("c.yaml", 1, 1, "KF301", Severity.WARNING, "a\nb", "do that"),
]


def test_text_gives_place_rule_reason_and_fix() -> None:
    assert FORMATS["text"](FINDINGS).splitlines() == [
        "a,b.json:3:7: error KF101: why `50%`",
        "    fix: do this",
        "c.yaml:1:1: warning KF301: a",
        "b",
        "    fix: do that",
        "1 error, 1 warning",
    ]


def test_json_gives_every_field() -> None:
    assert json.loads(FORMATS["json"](FINDINGS))[0] == {
        "file": "a,b.json",
        "line": 3,
        "column": 7,
        "rule": "KF101",
        "severity": "error",
        "message": "why `50%`",
        "fix": "do this",
    }


def test_github_escapes_what_its_commands_need() -> None:
    assert FORMATS["github"](FINDINGS).splitlines() == [
        "::error file=a%2Cb.json,line=3,col=7,title=KF101::why `50%25`. Fix: do this.",
        "::warning file=c.yaml,line=1,col=1,title=KF301::a%0Ab. Fix: do that.",
    ]


def test_sarif_has_its_required_shape() -> None:
    log = json.loads(FORMATS["sarif"](FINDINGS))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "keyfob"
    assert [rule["id"] for rule in driver["rules"]] == [rule.id for rule in RULES]
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning"}
    assert len(run["results"]) == len(FINDINGS)
    for result, finding in zip(run["results"], FINDINGS, strict=True):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        assert result["level"] == finding.severity.value
        assert finding.message in result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["region"] == {"startLine": finding.line, "startColumn": finding.column}
        assert physical["artifactLocation"]["uri"]


def test_a_sarif_place_is_a_uri() -> None:
    odd = Finding("a b/ü.json", 1, 1, "KF101", Severity.ERROR, "why", "how")
    (run,) = json.loads(FORMATS["sarif"]([odd]))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "a%20b/%C3%BC.json"


def test_nothing_found_is_said_in_every_format() -> None:
    assert FORMATS["text"]([]) == "0 errors, 0 warnings"
    assert FORMATS["json"]([]) == "[]"
    assert json.loads(FORMATS["sarif"]([]))["runs"][0]["results"] == []
    assert FORMATS["github"]([]) == ""
