"""A server that cannot write: nothing is acknowledged that was not kept, and the rest goes on.

A limit on the size of its files, set and lifted from outside while it runs, stands for a full disk.
"""

import contextlib
import json
import re
import resource
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from keyfob.mqtt.codec import decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Packet,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    Version,
)
from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

pytestmark = [pytest.mark.durability, pytest.mark.timeout(120)]

REGION = "us-east-1"
ALLOW = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
    }
)
BIG = b"x" * 100_000
LIMIT_BYTES = 65_536
"""More than the server logs here, and less than `BIG`."""


class Talker:
    """A blocking client: one packet out, one packet in."""

    def __init__(
        self, port: int, client_id: str, version: Version = Version.V3, *, clean: bool = True
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._version, self._data = version, b""
        self.send(Connect(version, client_id, clean))
        self.answer = self.next()

    def send(self, packet: Packet) -> None:
        self._socket.sendall(encode(packet, self._version))

    def ask(self, packet: Packet) -> Packet | None:
        self.send(packet)
        return self.next()

    def next(self) -> Packet | None:
        """Return the next packet, or None once the server closed."""
        while (length := frame_length(self._data)) is None or length > len(self._data):
            chunk = b""
            with contextlib.suppress(ConnectionResetError):
                chunk = self._socket.recv(65_536)
            if not chunk:
                return None
            self._data += chunk
        body = next(i for i in range(1, 5) if self._data[i] < 0x80) + 1
        packet = decode(self._data[0], self._data[body:length], self._version)
        self._data = self._data[length:]
        return packet

    def close(self) -> None:
        self._socket.close()


def failed_commits(server: ServerProcess) -> int:
    with urllib.request.urlopen(f"{server.endpoints.endpoint_url}/_keyfob/metrics") as answer:
        text = answer.read().decode()
    counts = re.findall(r"^keyfob_mqtt_commit_failures_total{.*} (\d+)$", text, re.MULTILINE)
    return sum(map(int, counts))


def play(data: Path, fill: Callable[[int], None], free: Callable[[int], None]) -> None:
    """Run a server on `data` while its disk is filled and freed; both get its process id."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    listener = f"tcp://127.0.0.1:{port}?policy=open"
    talkers: list[Talker] = []

    def talker(client_id: str, version: Version = Version.V3, *, clean: bool = True) -> Talker:
        talkers.append(Talker(port, client_id, version, clean=clean))
        return talkers[-1]

    with ServerProcess(data, "--listen", listener) as server:
        iot = Clients(server.endpoints, REGION).client("iot")
        iot.create_policy(policyName="open", policyDocument=ALLOW)
        keeper, passing = talker("keeper", clean=False), talker("passing")
        wanted = Subscribe(1, (SubscriptionRequest("kept", 1),))
        assert keeper.ask(wanted) == SubAck(1, (1,))
        keeper.close()
        assert passing.ask(Subscribe(1, (SubscriptionRequest("other", 0),))) == SubAck(1, (0,))
        publisher = talker("publisher", Version.V5)

        fill(server.pid)
        refused = publisher.ask(Publish("kept", BIG, 1, packet_id=1))
        assert isinstance(refused, Ack) and refused.code == 0x83
        assert talker("old").ask(Publish("kept", BIG, 1, packet_id=1)) is None
        publisher.send(Publish("other", b"goes on"))
        assert passing.next() == Publish("other", b"goes on")
        assert publisher.ask(PingReq()) == PingResp()
        assert failed_commits(server) > 0
        assert "broker state could not be written" in server.log
        assert iot.get_policy(policyName="open")["policyName"] == "open"
        with pytest.raises(ClientError) as failure:
            for number in range(20):
                iot.create_policy(policyName=f"more-{number}", policyDocument=ALLOW)
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500

        free(server.pid)
        assert publisher.ask(Publish("kept", BIG, 1, packet_id=2)) == Ack(PacketType.PUBACK, 2)
        iot.create_policy(policyName="again", policyDocument=ALLOW)
        back = talker("keeper", clean=False)
        assert back.answer == ConnAck(True, 0)
        kept = back.next()
        assert isinstance(kept, Publish) and kept.payload == BIG
        for each in talkers:
            each.close()


def test_publishers_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    def fill(pid: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))

    def free(pid: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))

    play(tmp_path / "data", fill, free)
