"""`kill -9` in the middle of a stream of writes: what was acknowledged is there afterwards."""

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

pytestmark = [pytest.mark.durability, pytest.mark.timeout(600)]

REGION = "eu-central-1"
ALLOW = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
)


class Writer(threading.Thread):
    """Writes until the server is gone, and remembers what was acknowledged."""

    def __init__(self, write: Callable[[str], Any], prefix: str) -> None:
        super().__init__(daemon=True)
        self._write = write
        self._prefix = prefix
        self.acknowledged: list[str] = []

    def run(self) -> None:
        number = 0
        while True:
            name = f"{self._prefix}-{number}"
            try:
                self._write(name)
            except (BotoCoreError, ClientError, OSError, ResponseParserError):
                return
            self.acknowledged.append(name)
            number += 1


def writers(clients: Clients, pool_id: str, round_number: int) -> list[Writer]:
    idp, iot, iam = (clients.client(name) for name in ("cognito-idp", "iot", "iam"))
    return [
        Writer(
            lambda name: idp.admin_create_user(
                UserPoolId=pool_id, Username=name, MessageAction="SUPPRESS"
            ),
            f"user-{round_number}",
        ),
        Writer(
            lambda name: iot.create_policy(policyName=name, policyDocument=ALLOW),
            f"policy-{round_number}",
        ),
        Writer(
            lambda name: iam.create_user(UserName=name),
            f"iam-{round_number}",
        ),
    ]


def assert_all_there(clients: Clients, pool_id: str, crew: list[Writer]) -> None:
    idp, iot, iam = (clients.client(name) for name in ("cognito-idp", "iot", "iam"))
    users, policies, iam_users = crew
    for name in users.acknowledged:
        assert idp.admin_get_user(UserPoolId=pool_id, Username=name)["Username"] == name
    for name in policies.acknowledged:
        assert iot.get_policy(policyName=name)["policyDocument"] == ALLOW
    for name in iam_users.acknowledged:
        assert iam.get_user(UserName=name)["User"]["UserName"] == name


def test_every_acknowledged_write_survives(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    kills: int = pytestconfig.getoption("--kills")
    dice = random.Random(20)
    server = ServerProcess(tmp_path / "data").start()
    clients = Clients(server.endpoints, REGION)
    pool_id = clients.client("cognito-idp").create_user_pool(PoolName="crash")["UserPool"]["Id"]
    acknowledged = 0
    for round_number in range(kills):
        crew = writers(clients, pool_id, round_number)
        for writer in crew:
            writer.start()
        time.sleep(dice.uniform(0.2, 0.6))
        server.kill()
        for writer in crew:
            writer.join(30)
            assert not writer.is_alive()
        server.start()
        clients = Clients(server.endpoints, REGION)
        assert_all_there(clients, pool_id, crew)
        acknowledged += sum(len(writer.acknowledged) for writer in crew)
    assert acknowledged > kills
    print(f"{kills} kills, {acknowledged} acknowledged writes, none lost")  # noqa: T201
    assert server.stop() == 0
