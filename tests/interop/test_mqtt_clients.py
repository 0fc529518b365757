"""Client libraries and programs against plain listeners, in both profiles."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.mqtt_clients import MAKERS, TIMEOUT_S, Client, Message

from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

REGION = "us-east-1"
ACCOUNT_ARN = f"arn:aws:iot:{REGION}:123456789012"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:RetainPublish", "iot:Receive", "iot:Subscribe"],
            "Resource": [f"{ACCOUNT_ARN}:topic/ok/*", f"{ACCOUNT_ARN}:topicfilter/ok/*"],
        },
    ],
}
PROGRAM = Path(__file__).parent / "javascript" / "mqttjs.mjs"


class Ports(dict[str, int]):
    """Listening ports by profile, and the server's data plane."""

    data_plane: Any


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    found, options = Ports(), []
    for profile in ("aws", "oasis"):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            found[profile] = sock.getsockname()[1]
        listener = f"tcp://127.0.0.1:{found[profile]}?policy=open&profile={profile}"
        options += ["--listen", listener]
    with ServerProcess(tmp_path_factory.mktemp("clients") / "data", *options) as server:
        clients = Clients(server.endpoints, REGION)
        clients.client("iot").create_policy(policyName="open", policyDocument=json.dumps(POLICY))
        found.data_plane = clients.client("iot-data")
        yield found


@pytest.fixture(params=["aws", "oasis"])
def profile(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=list(MAKERS))
def library(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def next_of(client: Client) -> Message:
    return await asyncio.wait_for(client.messages.get(), TIMEOUT_S)


def names(library: str, profile: str) -> tuple[str, str]:
    """Return a client id and a topic of one test's own."""
    name = f"{library.replace(' ', '-').replace('.', '')}-{profile}"
    return name, f"ok/{name}"


async def test_subscribe_publish_and_retained(ports: Ports, profile: str, library: str) -> None:
    client_id, topic = names(library, profile)
    client = MAKERS[library](ports[profile], client_id)
    await client.connect(clean=True)
    assert await client.subscribe(f"{topic}/live")
    await client.publish(f"{topic}/live", b"live")
    assert await next_of(client) == Message(f"{topic}/live", b"live", False)
    await client.publish(f"{topic}/kept", b"kept", retain=True)
    if library == "gmqtt":  # it does not wait for its PUBACK
        await client.publish(f"{topic}/live", b"again")
        assert (await next_of(client)).payload == b"again"
    assert await client.subscribe(f"{topic}/kept")
    assert await next_of(client) == Message(f"{topic}/kept", b"kept", True)
    await client.leave()


async def test_a_persistent_session_is_resumed(ports: Ports, profile: str, library: str) -> None:
    client_id, topic = names(library, profile)
    first = MAKERS[library](ports[profile], f"{client_id}-resumed")
    await first.connect(clean=False)
    assert await first.subscribe(f"{topic}/queued")
    await first.leave()
    other = MAKERS["paho 5"](ports[profile], f"{client_id}-other")
    await other.connect(clean=True)
    await other.publish(f"{topic}/queued", b"while away")
    await other.leave()
    again = MAKERS[library](ports[profile], f"{client_id}-resumed")
    await again.connect(clean=False)
    assert (await next_of(again)).payload == b"while away"
    await again.leave()


async def test_a_will_is_sent(ports: Ports, profile: str, library: str) -> None:
    client_id, topic = names(library, profile)
    watcher = MAKERS["paho 5"](ports[profile], f"{client_id}-watcher")
    await watcher.connect(clean=True)
    assert await watcher.subscribe(f"{topic}/gone")
    client = MAKERS[library](ports[profile], f"{client_id}-will")
    await client.connect(clean=True, will=Message(f"{topic}/gone", b"gone", False))
    await asyncio.to_thread(ports.data_plane.delete_connection, clientId=f"{client_id}-will")
    assert (await next_of(watcher)).payload == b"gone"
    await watcher.leave()
    await client.leave()


@pytest.mark.parametrize(
    ("profile", "library"),
    [
        (profile, library)
        for profile in ("aws", "oasis")
        for library in MAKERS
        if (profile, library) != ("oasis", "awscrt 3.1.1")  # it hides a SUBACK of 0x80
    ],
)
async def test_a_denied_subscription(ports: Ports, profile: str, library: str) -> None:
    client_id, _ = names(library, profile)
    client = MAKERS[library](ports[profile], f"{client_id}-denied")
    await client.connect(clean=True)
    assert not await client.subscribe("secret/#")
    await client.leave()


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto(ports: Ports, profile: str, version: str) -> None:
    common = ["-h", "127.0.0.1", "-p", str(ports[profile]), "-V", version, "-q", "1"]
    topic = f"ok/mosquitto-{profile}-{version}"
    subscribe = ["mosquitto_sub", *common, "-i", topic[3:], "-c", "-t", topic, "-W", "20"]
    if version == "mqttv5":
        subscribe += ["-x", "3600"]
    subprocess.run([*subscribe, "-E"], check=True, timeout=30)
    publish = ["mosquitto_pub", *common, "-t", topic, "-m", "hello"]
    subprocess.run(publish, check=True, timeout=30)
    got = subprocess.run(
        [*subscribe, "-C", "1"], check=True, timeout=30, capture_output=True, text=True
    )
    assert got.stdout == "hello\n"
    denied = subprocess.run(
        ["mosquitto_sub", *common, "-t", "secret", "-C", "1", "-W", "5"],
        timeout=30, check=False, capture_output=True,
    )  # fmt: skip
    assert denied.returncode != 0 or b"denied" in denied.stderr


@pytest.mark.parametrize("version", ["4", "5"])
def test_mqtt_js(ports: Ports, profile: str, version: str) -> None:
    played = subprocess.run(
        ["node", str(PROGRAM), str(ports[profile]), version, profile],
        timeout=60, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert played.returncode == 0, played.stdout + played.stderr
    steps = json.loads(played.stdout)
    assert steps == {"live": True, "retained": True, "resumed": "while away", "denied": True}
