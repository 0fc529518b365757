"""The AWS CLI against a running keyfob, configured by `keyfob env` alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.interop.people import PASSWORDS, REGION

from keyfob.cli.demo.person import Person
from keyfob.testing import ServerProcess
from keyfob.testing.article import IOT_POLICY_NAME, Article, Clients

pytestmark = pytest.mark.interop


class Cli:
    """Runs `aws`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            **environment,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name("aws")
        return subprocess.run(
            [str(program), *arguments, "--output", "json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def answer(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture(scope="module")
def environment(server: ServerProcess) -> dict[str, str]:
    printed = subprocess.run(
        [sys.executable, "-m", "keyfob", "env", "--data", str(server.data), "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    variables: dict[str, str] = json.loads(printed.stdout)
    return variables


def test_the_article_by_the_command_line(
    server: ServerProcess, clients: Clients, article: Article, environment: dict[str, str]
) -> None:
    root = Cli(environment)
    assert root.answer("sts", "get-caller-identity")["Account"] == article.account
    person = Person("alice", PASSWORDS["alice"], "1")
    logins = f"{article.provider_name}={person.sign_in(clients, article)}"
    identity_id = root.answer(
        *("cognito-identity", "get-id"),
        *("--identity-pool-id", article.identity_pool_id, "--logins", logins),
    )["IdentityId"]
    keys = root.answer(
        *("cognito-identity", "get-credentials-for-identity"),
        *("--identity-id", identity_id, "--logins", logins),
    )["Credentials"]
    alice = Cli(
        {
            **environment,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
    )
    alice.answer("iot", "attach-policy", "--policy-name", IOT_POLICY_NAME, "--target", identity_id)
    attached = root.answer("iot", "list-attached-policies", "--target", identity_id)
    assert [policy["policyName"] for policy in attached["policies"]] == [IOT_POLICY_NAME]

    publish = ("iot-data", "publish", "--payload", "aGVsbG8=", "--topic")
    assert alice.run(*publish, "building/1/cli").returncode == 0
    refused = alice.run(*publish, "building/2/cli")
    assert refused.returncode != 0
    assert "ForbiddenException" in refused.stderr or "AccessDenied" in refused.stderr
    assert "Traceback" not in refused.stderr
