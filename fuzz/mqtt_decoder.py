"""Fuzz what a stranger's bytes reach first: the packet decoder and the broker's session machine.

    python -m fuzz.mqtt_decoder [--seconds 300]

The oracle is "accepted, or the documented refusal". A packet that decodes must survive encoding. A
connection that is fed an input, cut anywhere, either stays open and is in order, or is closed: v5
clients with a code of AWS's table or the standard's, v3 clients with a return code or without a
word; and nobody else notices. Mutations keep lengths right most of the time, so that they get past
the header.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.runner import run
from keyfob.mqtt.broker import BrokerSettings, oasis_settings
from keyfob.mqtt.codec import MalformedError, ProtocolError, decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Version,
)
from keyfob.mqtt.codec.reason import ReasonCode, ReturnCode
from keyfob.mqtt.ports import JournalEntry, StoredMessage, StoredSession

ROOT = Path(__file__).parents[1]
if TYPE_CHECKING:
    from tests.unit.mqtt.broker.harness import Bench, Client, start
else:  # outside pytest, some distribution's own package `tests` may hide ours
    sys.path.append(str(ROOT / "tests" / "unit" / "mqtt" / "broker"))
    from harness import Bench, Client, start

VECTORS = ROOT / "tests" / "vectors" / "mqtt" / "packets.json"
PACKETS = [bytes.fromhex(case["hex"]) for case in json.loads(VECTORS.read_text())]
FROM_SERVER = (ConnAck, Publish, Ack, SubAck, UnsubAck, PingResp, Disconnect)
INPUTS_PER_BROKER = 2_000
"""Sessions, subscriptions and retained messages pile up in one broker so long."""
MAX_SESSION_BYTES = 4_096


class NoJournal:
    """A journal that takes everything and has nothing."""

    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        """Return nothing."""
        return (), ()

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        """Forget them."""


class Ground:
    """A broker for many inputs, in either profile, with a witness who must not notice them."""

    def __init__(self) -> None:
        """Begin on a loop of our own; the broker starts with the first input."""
        self._loop = asyncio.new_event_loop()
        self._left = 0
        self._bench: Bench
        self._witness: Client
        self._settings = (BrokerSettings(), oasis_settings())

    def play(self, choice: int, data: bytes) -> bool:
        """Feed one connection; `choice` says profile, version, beginning and where to cut."""
        return self._loop.run_until_complete(self._play(choice, data[:MAX_SESSION_BYTES]))

    async def _play(self, choice: int, data: bytes) -> bool:
        if not self._left:
            self._left = INPUTS_PER_BROKER
            self._bench = await start(NoJournal(), BrokerSettings())
            self._witness = await self._bench.connect("witness", Version.V5, keep_alive_s=0)
            await self._witness.subscribe("witness/only")
        self._left -= 1
        version = Version.V5 if choice & 1 else Version.V3
        client = Client(self._bench, version, self._settings[choice >> 1 & 1])
        if choice & 4:
            data = encode(Connect(version, "fuzz", bool(choice & 8)), version) + data
        step = 1 + (choice >> 4) * 7 if choice >> 4 else len(data) or 1
        answers: list[Packet] = []
        for place in range(0, len(data), step):
            if client.outlet.is_closed:
                break
            client.connection.data_received(data[place : place + step])
            client.version = client.connection.version
            answers += await client.received()
        is_open = not client.outlet.is_closed
        _check_answers(answers, client.version, is_open=is_open)
        client.lose()
        await self._witness_is_well()
        return is_open

    async def _witness_is_well(self) -> None:
        self._witness.connection.data_received(encode(Publish("witness/only", b"here"), Version.V5))
        answers = await self._witness.received()
        payloads = [p.payload for p in answers if isinstance(p, Publish)]
        assert payloads == [b"here"], f"the witness got {answers}"


def _check_answers(answers: list[Packet], version: Version, *, is_open: bool) -> None:
    for packet in answers:
        assert isinstance(packet, FROM_SERVER), f"a server sent {packet}"
    first, last = (answers[0], answers[-1]) if answers else (None, None)
    if isinstance(first, ConnAck) and first.code:
        assert not is_open, "refused and yet open"
        known = ReturnCode if version is Version.V3 else ReasonCode
        assert first.code in {int(code) for code in known}, f"CONNACK {first.code}"
        assert len(answers) == 1, "more than the refusal was sent"
    if any(isinstance(packet, Disconnect) for packet in answers):
        assert version is Version.V5, "DISCONNECT to a v3 client"
        assert isinstance(last, Disconnect), "something came after DISCONNECT"
        assert last.code in {int(code) for code in ReasonCode} - {0}
        assert not is_open, "DISCONNECT and yet open"


def split(data: bytes) -> list[bytes]:
    """Return the frames of a stream; what follows the last whole one is the last."""
    frames: list[bytes] = []
    while data:
        try:
            length = frame_length(data) or len(data)
        except MalformedError:
            length = len(data)
        frames.append(data[:length])
        data = data[length:]
    return frames


def _decode_stream(data: bytes) -> bool:
    version, accepted = Version.V5 if data[:1] > b"\x7f" else Version.V3, False
    for frame in split(data[1:]):
        header = next((i for i in range(1, min(5, len(frame))) if frame[i] < 0x80), 0) + 1
        if header == 1:
            continue
        try:
            packet = decode(frame[0], frame[header:], version)
        except ProtocolError as error:
            assert isinstance(error.code, ReasonCode) and error.code >= 0x80
            continue
        accepted = True
        if isinstance(packet, Connect):
            version = packet.version
        again = encode(packet, version)
        body = next(i for i in range(1, 5) if again[i] < 0x80) + 1
        assert frame_length(again) == len(again)
        assert decode(again[0], again[body:], version) == packet, packet
    return accepted


def make_check() -> Callable[[bytes], bool]:
    """Return the check; every other value of the first byte chooses the decoder alone."""
    ground = Ground()

    def check(data: bytes) -> bool:
        if len(data) < 2:
            return False
        if data[0] & 1:
            return _decode_stream(data[1:])
        return ground.play(data[1], data[2:])

    return check


def mutate(seed: bytes, source: random.Random) -> bytes:
    """Change some frames, and mostly mend their lengths."""
    choices, frames = bytearray(seed[:2].ljust(2, b"\0")), split(seed[2:])
    if source.random() < 0.3:
        choices = bytearray(source.randbytes(2))
    for _ in range(source.randint(1, 4)):
        place = source.randrange(len(frames) + 1)
        match source.randrange(5):
            case 0:
                frames[place:place] = [source.choice(PACKETS)]
            case 1 if frames:
                del frames[source.randrange(len(frames))]
            case 2 if place < len(frames):
                frames[place:place] = [frames[place]] * source.randint(1, 5)
            case _ if place < len(frames):
                frames[place] = _mutate_frame(frames[place], source)
    return bytes(choices) + b"".join(frames)


def _mutate_frame(frame: bytes, source: random.Random) -> bytes:
    header = next((i for i in range(1, min(5, len(frame))) if frame[i] < 0x80), 0) + 1
    first, body = frame[:1], bytearray(frame[header:])
    for _ in range(source.randint(1, 4)):
        place = source.randrange(len(body) + 1)
        match source.randrange(5):
            case 0:
                del body[place : place + source.randint(1, 4)]
            case 1:
                body[place:place] = source.randbytes(source.randint(1, 4))
            case 2:
                edges = (b"\0", b"\xff", b"\0\0", b"\xff\xff", b"\0\1", b"#", b"+", b"/", b"$")
                body[place : place + 1] = source.choice(edges)
            case _ if place < len(body):
                body[place] ^= 1 << source.randrange(8)
    if source.random() < 0.1:
        first = source.randbytes(1)
    length = len(body) if source.random() < 0.9 else source.randrange(300)
    return first + _varint(length) + bytes(body)


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*data, value))


def make_seeds() -> list[bytes]:
    """Return every packet of the vectors, alone, behind CONNECT, and in a conversation."""
    talk = b"".join(
        encode(packet, Version.V5)
        for packet in (
            Subscribe(1, (SubscriptionRequest("a/+", 1), SubscriptionRequest("$share/g/a/b", 0))),
            Publish("a/b", b"x", 1, packet_id=1),
            Publish("a/b", b"x", 0, retain=True),
            PingReq(),
        )
    )
    seeds = [bytes((1, version)) + packet for packet in PACKETS for version in (0, 255)]
    seeds += [bytes((0, choice)) + packet for packet in PACKETS for choice in (0, 4, 5, 6, 7)]
    return [*seeds, bytes((0, 5)) + talk, bytes((0, 7)) + talk, bytes((0, 0x1D)) + talk]


def main() -> None:
    """Run for the time given; a finding ends the program with an error."""
    parser = argparse.ArgumentParser(description="fuzz the MQTT decoder and session machine")
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    run(make_check(), make_seeds(), mutate, options.seconds)


if __name__ == "__main__":
    main()
