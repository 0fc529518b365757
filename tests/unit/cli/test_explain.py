import json
import sys
from pathlib import Path
from typing import Any

import pytest

from keyfob.cli import app
from keyfob.cli.explain import explain_document, read_context, render
from keyfob.core.errors import ConfigError

PREFIX = "arn:aws:iot:eu-central-1:123456789012:"


def write(folder: Path, **statement: Any) -> Path:
    path = folder / "policy.json"
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    path.write_text(json.dumps(document))
    return path


def run(*arguments: str) -> int:
    """Run the command and return its exit code; `main` makes 2 of a `ConfigError`."""
    try:
        app(["explain", *arguments])
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code
    raise AssertionError("it did not end")


@pytest.mark.parametrize(("building", "code", "word"), [("7", 0, "allowed"), ("8", 1, "denied")])
def test_a_document_is_asked(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    building: str,
    code: int,
    word: str,
) -> None:
    resource = f"{PREFIX}topic/b/${{aws:PrincipalTag/building}}"
    path = write(tmp_path, Action="iot:Publish", Resource=resource)
    asked = ("--policy", str(path), "--action", "iot:Publish", "--resource", f"{PREFIX}topic/b/7")
    tag = f"aws:PrincipalTag/building={building}"
    assert run(*asked, "--context", tag) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{word}: iot:Publish on {PREFIX}topic/b/7"
    assert any("policy.json[0] at $.Statement[0]" in line for line in lines)


def test_a_report_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, Action="s3:*", Resource="*")
    asked = ("--policy", str(path), "--kind", "iot", "--action", "iot:Publish", "--json")
    assert run(*asked) == 1
    report = json.loads(capsys.readouterr().out)["report"]
    assert (report["effect"], report["layer"]) == ("implicit deny", "named IoT policy")


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ("{}", (), "statement"),
        (None, (), "No such file"),
        ('{"Statement": []}', ("--context", "novalue"), "KEY=VALUE"),
    ],
)
def test_what_cannot_be_used_is_exit_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    path = tmp_path / "policy.json"
    if text is not None:
        path.write_text(text)
    assert run("--policy", str(path), "--action", "iot:Publish", *arguments) == 2
    assert says in capsys.readouterr().err


def test_without_a_server_a_live_question_is_exit_code_2(tmp_path: Path) -> None:
    asked = ("--client", "me", "--data", str(tmp_path / "none"))
    assert run(*asked) == 2


@pytest.mark.parametrize(
    ("principal", "effect"),
    [
        ("Federated:cognito-identity.amazonaws.com", "allow"),
        ("Federated:accounts.example.com", "implicit deny"),
        ("AWS:arn:aws:iam::123456789012:user/ann", "implicit deny"),
    ],
)
def test_a_trust_policy_is_asked_by_somebody(tmp_path: Path, principal: str, effect: str) -> None:
    path = write(
        tmp_path,
        Principal={"Federated": "cognito-identity.amazonaws.com"},
        Action="sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}},
    )
    keys = {"cognito-identity.amazonaws.com:aud": ["pool"]}
    action = "sts:AssumeRoleWithWebIdentity"
    report = explain_document(path, "trust", principal, action, "", keys)
    assert report["effect"] == effect


def test_an_account_s_caller_answers_to_the_account(tmp_path: Path) -> None:
    root = "arn:aws:iam::123456789012:root"
    path = write(tmp_path, Principal={"AWS": root}, Action="sts:AssumeRole")
    caller = "AWS:arn:aws:iam::123456789012:user/ann"
    report = explain_document(path, "trust", caller, "sts:AssumeRole", "", {})
    assert report["effect"] == "allow"


@pytest.mark.parametrize("principal", ["", "nobody", "User:x"])
def test_a_trust_policy_needs_a_principal_it_can_name(tmp_path: Path, principal: str) -> None:
    path = write(tmp_path, Principal="*", Action="sts:AssumeRole")
    with pytest.raises(ConfigError):
        explain_document(path, "trust", principal, "sts:AssumeRole", "", {})


def test_values_of_one_key_add_up() -> None:
    found = read_context(["a:b=1", "a:b=2=3", "c:d="])
    assert found == {"a:b": ["1", "2=3"], "c:d": [""]}


def test_a_last_denial_reads_as_lines() -> None:
    denial = {
        "last_time_s": 0.0,
        "username": None,
        "identity_id": "eu-central-1:1",
        "principal_arn": "arn",
        "client_id": "me",
        "count": 2,
        "action": "iot:Publish",
        "resource": "topic",
        "sentence": "IoT policy: no",
        "statements": ["P:v1[0]"],
        "variables": {"aws:x": None, "iot:ClientId": "me"},
    }
    text = render({"denial": denial})
    assert text.splitlines() == [
        "last denied 1970-01-01 00:00:00Z",
        "00:00:00Z  eu-central-1:1 (client me): iot:Publish on topic, 2 times",
        "  IoT policy: no",
        "  statement P:v1[0]",
        "  aws:x is absent",
        "  iot:ClientId is 'me'",
    ]
