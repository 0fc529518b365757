"""The broker when the process is killed, and when the disk is full."""

import json
import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.durability.device import Device

from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

pytestmark = [pytest.mark.durability, pytest.mark.timeout(1800)]

REGION = "us-east-1"
ALLOW = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
    }
)
LONGEST_WAIT_S = 30.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def start(devices: list[Device]) -> list[threading.Thread]:
    threads = [threading.Thread(target=device.run, daemon=True) for device in devices]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize(("profile", "qos"), [("aws", 1), ("oasis", 2)])
def test_nothing_acknowledged_is_lost(
    tmp_path: Path, pytestconfig: pytest.Config, profile: str, qos: int
) -> None:
    kills: int = pytestconfig.getoption("--kills")
    dice = random.Random(20)
    port = free_port()
    options = ("--listen", f"tcp://127.0.0.1:{port}?policy=open&profile={profile}")
    server = ServerProcess(tmp_path / "data", *options).start()
    Clients(server.endpoints, REGION).client("iot").create_policy(
        policyName="open", policyDocument=ALLOW
    )
    subscribers = [Device(port, f"subscriber-{index}", qos) for index in range(3)]
    publishers = [Device(port, f"publisher-{index}", qos) for index in range(2)]
    for subscriber in subscribers:
        subscriber.subscribe("load")
    threads = start(subscribers)
    for subscriber in subscribers:
        assert subscriber.subscribed.wait(LONGEST_WAIT_S)
    for publisher in publishers:
        publisher.is_publishing.set()
    threads += start(publishers)
    for _ in range(kills):
        time.sleep(dice.uniform(0.1, 0.6))
        server.kill()
        for thread in threads:
            thread.join(LONGEST_WAIT_S)
            assert not thread.is_alive()
        server.start()
        threads = start(subscribers + publishers)
    for publisher in publishers:
        publisher.is_publishing.clear()
    wait_for(lambda: all(p.is_idle for p in publishers), "a publisher got no answer")
    published = [payload for publisher in publishers for payload in publisher.acknowledged]
    assert len(published) > kills
    for subscriber in subscribers:
        wait_for(lambda s=subscriber: s.has(published), "an acknowledged message was lost")  # type: ignore[misc]
        if qos == 2:
            assert len(subscriber.received) == len(set(subscriber.received)), "came twice"
    for device in subscribers + publishers:
        device.close()
    assert server.stop() == 0
    print(f"{kills} kills, {len(published)} messages at QoS {qos}, none lost")  # noqa: T201
