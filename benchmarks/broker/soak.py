"""Thousands of connections for minutes, coming and going: does the server keep anything of them?

    python -m benchmarks.broker.soak [--connections 5000] [--minutes 10] [--churn 50]

Of every second's departures a third says DISCONNECT, a third closes the socket, a third resets it;
each is replaced at once, half of them by the same client id, else by one that has been away: there
are half as many again client ids as connections, so what the server remembers of clients is
bounded. One in four sessions is persistent and takes its messages at QoS 1. Memory, open files and
tasks are the server's own, read every five seconds. The slope is a least-squares line through the
last quarter, when the crowd has changed several times over, and must stay below `--max-slope`; once
everybody has left, files and tasks must be where they were.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import socket
import struct
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keyfob.mqtt.codec import decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    Version,
)
from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

REGION = "us-east-1"
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
}
SAMPLE_EVERY_S = 5.0
TICK_S = 0.1
GROUPS = 50
"""Topics; each client listens to one."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends RST."""


@dataclass
class Tally:
    """What the clients saw."""

    connects: int = 0
    refused: int = 0
    lost: int = 0
    published: int = 0
    acknowledged: int = 0
    received: int = 0


class Visitor(asyncio.Protocol):
    """One connection: subscribes to its group's topic and acknowledges what comes."""

    def __init__(self, number: int, tally: Tally) -> None:
        self.number = number
        self.is_persistent = number % 4 == 0
        self.is_leaving = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tally, self._data = tally, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        client_id, is_clean = f"soak-{self.number}", not self.is_persistent
        self.send(Connect(Version.V3, client_id, is_clean, keep_alive_s=1200))

    def send(self, *packets: Packet) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(encode(p, Version.V3) for p in packets))

    def data_received(self, data: bytes) -> None:
        data = self._data + data
        while (length := frame_length(data)) is not None and length <= len(data):
            body = next(i for i in range(1, 5) if data[i] < 0x80) + 1
            self._handle(decode(data[0], data[body:length], Version.V3))
            data = data[length:]
        self._data = data

    def _handle(self, packet: Packet) -> None:
        match packet:
            case ConnAck(code=0):
                self._tally.connects += 1
                topic = f"soak/{self.number % GROUPS}"
                wanted = SubscriptionRequest(topic, int(self.is_persistent))
                self.send(Subscribe(1, (wanted,)))
            case ConnAck():
                self._tally.refused += 1
            case SubAck() if not self.ready.done():
                self.ready.set_result(None)
            case Publish():
                self._tally.received += 1
                if packet.qos:
                    self.send(Ack(PacketType.PUBACK, packet.packet_id))
            case Ack(type=PacketType.PUBACK):
                self._tally.acknowledged += 1

    def publish(self, packet_id: int, dice: random.Random) -> None:
        """Send a message to a group, every other one at QoS 1."""
        topic, qos = f"soak/{dice.randrange(GROUPS)}", packet_id % 2
        self._tally.published += 1
        self.send(Publish(topic, b"x" * 64, qos, packet_id=packet_id if qos else 0))

    def leave(self, how: int) -> None:
        """Go: 0 politely, 1 by closing, 2 by a reset."""
        self.is_leaving = True
        if self._transport is None:
            return
        if how == 0:
            self.send(Disconnect())
        if how == 2:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.is_leaving:
            self._tally.lost += 1
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before SUBACK"))
            self.ready.exception()  # looked at, whether or not somebody waits


@dataclass(frozen=True)
class Sample:
    """The server at one moment."""

    at_s: float
    resident_kb: int
    files: int
    tasks: int
    connections: int

    def __str__(self) -> str:
        return (
            f"{self.at_s:6.0f} s  {self.resident_kb / 1024:7.1f} MB  {self.files} files  "
            f"{self.tasks} tasks  {self.connections} connections"
        )


@dataclass
class Soak:
    """The crowd, and the server it visits."""

    server: ServerProcess
    port: int
    tally: Tally = field(default_factory=Tally)
    crowd: list[Visitor] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    started_s: float = field(default_factory=time.monotonic)
    away: list[int] = field(default_factory=list)

    async def enter(self, number: int) -> None:
        """Let a client in."""
        loop = asyncio.get_running_loop()
        _, visitor = await loop.create_connection(
            lambda: Visitor(number, self.tally), "127.0.0.1", self.port
        )
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(visitor.ready, 30)
            self.crowd.append(visitor)

    async def fill(self, count: int) -> None:
        """Come in by hundreds until there are `count`."""
        for first in range(0, count, 100):
            numbers = range(first, min(first + 100, count))
            await asyncio.gather(*(self.enter(number) for number in numbers))
        self.away = [number for number in range(count, 2 * count) if number % 4][: count // 2]

    async def churn(self, per_s: float, messages_per_s: float, until_s: float) -> None:
        """Let clients leave and others come, and messages flow."""
        owed = owed_messages = 0.0
        packet_id = 0
        last_s = time.monotonic()
        while last_s < until_s:
            await asyncio.sleep(TICK_S)
            passed_s, last_s = time.monotonic() - last_s, time.monotonic()
            owed, owed_messages = owed + per_s * passed_s, owed_messages + messages_per_s * passed_s
            coming: list[int] = []
            while owed >= 1:
                owed -= 1
                place = self.dice.randrange(len(self.crowd))
                self.crowd[place], self.crowd[-1] = self.crowd[-1], self.crowd[place]
                visitor = self.crowd.pop()
                visitor.leave(self.dice.randrange(3))
                coming.append(self._successor(visitor))
            while owed_messages >= 1:
                owed_messages -= 1
                packet_id = packet_id % 65_535 + 1
                self.dice.choice(self.crowd).publish(packet_id, self.dice)
            await asyncio.gather(*(self.enter(number) for number in coming))

    def _successor(self, visitor: Visitor) -> int:
        """Return who comes for a client that left."""
        if visitor.is_persistent or self.dice.random() < 0.5:
            return visitor.number
        place = self.dice.randrange(len(self.away))
        number, self.away[place] = self.away[place], visitor.number
        return number

    def sample(self) -> Sample:
        """Read what the server uses now."""
        process = Path("/proc") / str(self.server.pid)
        resident = re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())
        assert resident is not None
        with urllib.request.urlopen(f"{self.server.endpoints.endpoint_url}/_keyfob/metrics") as it:
            metrics = it.read().decode()
        return Sample(
            time.monotonic() - self.started_s,
            int(resident[1]),
            len(list((process / "fd").iterdir())),
            _metric(metrics, "keyfob_tasks"),
            _metric(metrics, "keyfob_mqtt_connections"),
        )

    async def watch(self, samples: list[Sample]) -> None:
        """Sample until cancelled."""
        while True:
            samples.append(await asyncio.to_thread(self.sample))
            print(samples[-1], flush=True)
            await asyncio.sleep(SAMPLE_EVERY_S)


def _metric(text: str, name: str) -> int:
    values = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
    return sum(int(float(value)) for value in values)


def slope_kb_per_minute(samples: Sequence[Sample]) -> float:
    """Return the least-squares slope of resident memory."""
    mean_s = sum(s.at_s for s in samples) / len(samples)
    mean_kb = sum(s.resident_kb for s in samples) / len(samples)
    spread = sum((s.at_s - mean_s) ** 2 for s in samples)
    rise = sum((s.at_s - mean_s) * (s.resident_kb - mean_kb) for s in samples)
    return 60 * rise / spread if spread else 0.0


async def run(options: argparse.Namespace, soak: Soak) -> bool:
    """Play it; return whether the server kept nothing it should not."""
    before = soak.sample()
    print(f"empty: {before}")
    await soak.fill(options.connections)
    samples: list[Sample] = []
    watching = asyncio.create_task(soak.watch(samples))
    until_s = time.monotonic() + 60 * options.minutes
    await soak.churn(options.churn, options.messages, until_s)
    watching.cancel()
    for visitor in soak.crowd:
        visitor.leave(soak.dice.randrange(3))
    await asyncio.sleep(2)
    after = soak.sample()
    print(f"left:  {after}")
    slopes: list[float] = []
    for name, part in (
        ("half", samples[len(samples) // 2 :]),
        ("quarter", samples[-len(samples) // 4 :]),
    ):
        first, last = part[0].resident_kb / 1024, part[-1].resident_kb / 1024
        slopes.append(slope_kb_per_minute(part))
        print(f"memory in the last {name}: {first:.1f} to {last:.1f} MB, {slopes[-1]:+.0f} KB/min")
    print(f"files {before.files} -> {after.files}, tasks {before.tasks} -> {after.tasks}")
    print(f"clients: {soak.tally}")
    return (
        slopes[-1] <= options.max_slope
        and after.connections == 0
        and after.files <= before.files + options.slack
        and after.tasks <= before.tasks + options.slack
        and not soak.tally.lost
        and not soak.tally.refused
    )


def main() -> None:
    """Run a soak; the exit code says whether the server stood it."""
    parser = argparse.ArgumentParser(description="soak the broker")
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--churn", type=float, default=50, help="departures a second")
    parser.add_argument("--messages", type=float, default=50, help="messages published a second")
    parser.add_argument("--max-slope", type=float, default=1024, help="KB a minute")
    parser.add_argument("--slack", type=int, default=4, help="files and tasks more than before")
    options = parser.parse_args()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        listener = f"tcp://127.0.0.1:{port}?policy=open"
        with ServerProcess(Path(folder) / "data", "--listen", listener) as server:
            iot = Clients(server.endpoints, REGION).client("iot")
            iot.create_policy(policyName="open", policyDocument=json.dumps(ALLOW))
            stood = asyncio.run(run(options, Soak(server, port)))
    sys.exit(not stood)


if __name__ == "__main__":
    main()
