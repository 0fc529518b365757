import asyncio
import base64
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from tests.unit.server.conftest import OpenPort, Recorder, until
from websockets.frames import Close, Frame, Opcode

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.server.http import HttpServer
from keyfob.server.mqtt import MqttProtocol
from keyfob.server.reception import Peer, ProtocolFactory, Speech
from keyfob.server.settings import ListenerSettings
from keyfob.server.websocket import WebSocketServer, split_frames

UPGRADE = (
    b"GET /mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1\r\nHost: localhost\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)
CONNECT = bytes.fromhex("101000044d5154540402003c0004") + b"dev1"


@dataclass
class Receiver(Recorder):
    """Stands in for the broker's side: answers `mqtt<bytes>.`."""

    is_closed_by_peer: bool = False
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def peer_closed(self) -> None:
        self.is_closed_by_peer = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


class Socket:
    """A client that speaks raw frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, opcode: Opcode, data: bytes, *, fin: bool = True) -> None:
        self.writer.write(Frame(opcode, data, fin=fin).serialize(mask=True))

    async def receive(self) -> tuple[int, bytes]:
        first, length = await self.reader.readexactly(2)
        assert not length & 0x80, "a server does not mask"
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.reader.readexactly(8), "big")
        return first, await self.reader.readexactly(length)

    async def receive_close(self) -> int:
        first, data = await self.receive()
        assert first == 0x80 | Opcode.CLOSE
        return int(Close.parse(data).code)


class Site:
    def __init__(self, open_port: OpenPort, settings: ListenerSettings) -> None:
        self.receivers: list[Receiver] = []
        self.requests: list[HttpRequest] = []
        self.refusal: Exception | None = None
        self.go: asyncio.Event | None = None
        self.websockets = WebSocketServer(self.open_socket, settings)
        self.http = HttpServer(self.respond, self.websockets.upgrade, settings)
        self.port = open_port({Speech.HTTP: self.open}, settings)

    async def open(self, peer: Peer) -> ProtocolFactory:
        return self.http.protocol

    async def respond(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(404)

    async def open_socket(self, request: HttpRequest) -> Callable[[], MqttProtocol]:
        self.requests.append(request)
        if self.go is not None:
            await self.go.wait()
        if self.refusal is not None:
            raise self.refusal

        def make() -> MqttProtocol:
            self.receivers.append(Receiver(b"mqtt"))
            return cast("MqttProtocol", self.receivers[-1])

        return make

    async def upgrade(self, head: bytes = UPGRADE, cut: int = 0) -> tuple[bytes, Socket]:
        reader, writer = await self.port.dial()
        if cut:
            writer.write(head[:cut])
            await asyncio.sleep(0.001)
        writer.write(head[cut:])
        answer = await reader.readuntil(b"\r\n\r\n")
        return answer, Socket(reader, writer)


OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(open_port: OpenPort) -> OpenSite:
    return lambda **settings: Site(open_port, ListenerSettings(**settings))


@pytest.mark.parametrize("cut", range(0, len(UPGRADE), 3))
async def test_an_upgrade_cut_anywhere_is_accepted(open_site: OpenSite, cut: int) -> None:
    site = open_site()
    answer, socket = await site.upgrade(cut=cut)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Protocol: mqtt\r\n" in answer
    socket.send(Opcode.BINARY, CONNECT)
    assert await socket.receive() == (0x82, b"mqtt18.")
    assert site.requests[0].query == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
    socket.writer.close()
    await site.receivers[0].lost.wait()


async def test_an_upgrade_written_otherwise_is_accepted_alike(open_site: OpenSite) -> None:
    usual, first = await open_site().upgrade()
    other, socket = await open_site().upgrade(
        UPGRADE.replace(b"Connection: Upgrade", b"Connection: keep-alive, Upgrade")
    )
    fields = set(usual.split(b"\r\n"))
    assert len(fields) > 4
    assert fields <= set(other.split(b"\r\n"))
    first.writer.close()
    socket.writer.close()


async def test_the_other_subprotocol_and_no_extension(open_site: OpenSite) -> None:
    """[MQTT-6.0.0-4]"""
    head = UPGRADE.replace(b": mqtt\r\n", b": other, mqttv3.1\r\n").replace(
        b"Host", b"Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin: https://a.test\r\nHost"
    )
    answer, socket = await open_site().upgrade(head)
    assert b"Sec-WebSocket-Protocol: mqttv3.1\r\n" in answer
    assert b"extensions" not in answer.lower()
    socket.writer.close()


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"GET /mqtt", b"GET /other", 404),
        (b"GET /mqtt", b"POST /mqtt", 405),
        (b"Version: 13", b"Version: 8", 400),
        (b"Sec-WebSocket-Protocol: mqtt", b"Sec-WebSocket-Protocol: soap", 400),
        (b"Sec-WebSocket-Protocol: mqtt", b"X: y", 400),
        (base64.b64encode(b"k" * 16), b"short", 400),
    ],
)
async def test_a_bad_upgrade_is_refused_before_anybody_is_asked(
    open_site: OpenSite, old: bytes, new: bytes, status: int
) -> None:
    site = open_site()
    answer, socket = await site.upgrade(UPGRADE.replace(old, new))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    await socket.reader.read()
    assert site.requests == []
    socket.writer.close()


async def test_a_signature_that_does_not_hold_is_403_and_says_why(open_site: OpenSite) -> None:
    site = open_site()
    site.refusal = AwsError("InvalidSignatureException", "the signature is wrong", status=400)
    answer, socket = await site.upgrade()
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"the signature is wrong" in await socket.reader.read()
    assert site.receivers == []
    socket.writer.close()


async def test_a_failure_while_opening_leaks_nothing(
    open_site: OpenSite, caplog: pytest.LogCaptureFixture
) -> None:
    site = open_site()
    site.refusal = LookupError("a secret path")
    answer, socket = await site.upgrade()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer + await socket.reader.read()
    assert "a secret path" in caplog.text
    socket.writer.close()


async def test_packets_and_frames_need_not_agree(open_site: OpenSite) -> None:
    """[MQTT-6.0.0-2]"""
    site = open_site()
    _, socket = await site.upgrade()
    socket.send(Opcode.BINARY, CONNECT + CONNECT)
    await socket.receive()
    for byte in CONNECT:
        socket.send(Opcode.BINARY, bytes([byte]))
    socket.send(Opcode.BINARY, CONNECT[:7], fin=False)
    socket.send(Opcode.PING, b"in between")
    socket.send(Opcode.CONT, CONNECT[7:])
    received = site.receivers[0].received
    await until(lambda: len(received) >= 4 * len(CONNECT))
    assert bytes(received) == CONNECT * 4
    socket.writer.close()


async def test_half_a_frame_waits_for_the_other_half(open_site: OpenSite) -> None:
    site = open_site()
    _, socket = await site.upgrade()
    frame = Frame(Opcode.BINARY, CONNECT).serialize(mask=True)
    for cut in range(1, len(frame)):
        before = len(site.receivers[0].received)
        socket.writer.write(frame[:cut])
        await asyncio.sleep(0)
        socket.writer.write(frame[cut:])
        assert await socket.receive() == (0x82, b"mqtt18.")
        assert len(site.receivers[0].received) == before + len(CONNECT)
    socket.writer.write(frame[:9])
    socket.writer.close()
    await site.receivers[0].lost.wait()


async def test_a_large_answer_is_one_frame(open_site: OpenSite) -> None:
    site = open_site()
    _, socket = await site.upgrade()
    site.receivers[0].transport.writelines([b"a" * 70_000, b"b"])
    assert await socket.receive() == (0x82, b"a" * 70_000 + b"b")
    socket.writer.close()


@pytest.mark.parametrize("seed", range(20))
def test_frames_cut_anywhere_have_the_same_payloads(seed: int) -> None:
    chance = random.Random(seed)
    sizes = (0, 1, 125, 126, 127, 300, 65_535, 65_536)
    wanted = [chance.randbytes(chance.choice(sizes)) for _ in range(5)]
    data = b"".join(Frame(Opcode.BINARY, payload).serialize(mask=True) for payload in wanted)
    cut = chance.randrange(len(data) + 1)
    first, end, is_simple = split_frames(data[:cut], 1 << 20)
    assert is_simple
    second, end, is_simple = split_frames(data[end:], 1 << 20)
    assert is_simple
    assert first + second == wanted


@pytest.mark.parametrize(
    "other",
    [
        Frame(Opcode.BINARY, b"x").serialize(mask=False),
        Frame(Opcode.BINARY, b"x", fin=False).serialize(mask=True),
        b"\xc2\x81mask\x00",
        Frame(Opcode.BINARY, bytes(2000)).serialize(mask=True),
        Frame(Opcode.TEXT, b"x").serialize(mask=True),
        Frame(Opcode.PING, b"").serialize(mask=True),
        Frame(Opcode.CLOSE, b"").serialize(mask=True),
    ],
    ids=["unmasked", "not the last", "reserved bit", "large", "text", "ping", "close"],
)
def test_frames_of_another_kind_are_left_from_their_first_byte(other: bytes) -> None:
    simple = Frame(Opcode.BINARY, b"payload").serialize(mask=True)
    assert split_frames(simple + other + simple, 1999) == ([b"payload"], len(simple), False)


async def test_ping_is_answered(open_site: OpenSite) -> None:
    _, socket = await open_site().upgrade()
    socket.send(Opcode.PING, b"x")
    assert await socket.receive() == (0x80 | Opcode.PONG, b"x")
    socket.writer.close()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(Opcode.TEXT, b"hello").serialize(mask=True), 1003),
        (Frame(Opcode.BINARY, b"unmasked").serialize(mask=False), 1002),
        (b"\xc2\x81" + Frame(Opcode.BINARY, b"x").serialize(mask=True)[2:], 1002),
        (Frame(Opcode.CONT, b"x").serialize(mask=True), 1002),
        (Frame(Opcode.BINARY, b"x" * 2000).serialize(mask=True), 1009),
    ],
    ids=["text", "unmasked", "reserved bit", "nothing to continue", "too large"],
)
async def test_frames_that_mqtt_does_not_use_end_the_connection(
    open_site: OpenSite, frame: bytes, code: int
) -> None:
    """[MQTT-6.0.0-1]"""
    site = open_site(max_websocket_message_bytes=1000)
    _, socket = await site.upgrade()
    socket.writer.write(frame)
    assert await socket.receive_close() == code
    await site.receivers[0].lost.wait()
    assert not site.receivers[0].received
    socket.writer.close()


async def test_a_closing_peer_is_answered_after_its_last_packet(open_site: OpenSite) -> None:
    site = open_site()
    _, socket = await site.upgrade()
    last = Frame(Opcode.BINARY, b"\xe0\x00").serialize(mask=True)
    close = Frame(Opcode.CLOSE, Close(1000, "").serialize()).serialize(mask=True)
    socket.writer.write(last + close)
    assert await socket.receive() == (0x80 | Opcode.BINARY, b"mqtt2.")
    assert await socket.receive_close() == 1000
    assert await socket.reader.read() == b""
    assert bytes(site.receivers[0].received) == b"\xe0\x00"
    assert site.receivers[0].is_closed_by_peer
    socket.writer.close()


@pytest.mark.parametrize("does_answer", [True, False])
async def test_the_broker_closes_with_a_handshake_or_a_deadline(
    open_site: OpenSite, does_answer: bool
) -> None:
    site = open_site(websocket_close_deadline_s=30.0 if does_answer else 0.05)
    _, socket = await site.upgrade()
    transport = site.receivers[0].transport
    transport.write(b"last words")
    transport.close()
    transport.close()
    assert transport.is_closing()
    transport.write(b"too late")
    assert await socket.receive() == (0x82, b"last words")
    assert await socket.receive_close() == 1000
    if does_answer:
        socket.send(Opcode.CLOSE, Close(1000, "").serialize())
    with contextlib.suppress(ConnectionResetError):
        assert await socket.reader.read() == b""
    await site.receivers[0].lost.wait()
    assert not site.receivers[0].is_closed_by_peer
    socket.writer.close()


async def test_the_longest_life_ends_the_connection(open_site: OpenSite) -> None:
    _, socket = await open_site(websocket_life_s=0.05).upgrade()
    assert await socket.receive_close() == 1001
    socket.writer.close()


async def test_bytes_before_the_answer_are_kept(open_site: OpenSite) -> None:
    site = open_site()
    frame = Frame(Opcode.BINARY, CONNECT).serialize(mask=True)
    answer, socket = await site.upgrade(UPGRADE + frame)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert await socket.receive() == (0x82, b"mqtt18.")
    socket.writer.close()


async def test_stopping_cuts_undecided_upgrades(open_site: OpenSite) -> None:
    site = open_site()
    site.go = asyncio.Event()
    reader, writer = await site.port.dial()
    writer.write(UPGRADE)
    await until(lambda: site.requests)
    await site.websockets.close()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert site.receivers == []
    writer.close()


async def test_over_tls(
    open_port: OpenPort, open_site: OpenSite, server_tls: object, client_tls: object
) -> None:
    site = open_site()
    port = open_port({Speech.HTTP: site.open}, tls=server_tls)
    reader, writer = await port.dial(client_tls)  # type: ignore[arg-type]
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    socket = Socket(reader, writer)
    socket.send(Opcode.BINARY, CONNECT)
    assert await socket.receive() == (0x82, b"mqtt18.")
    assert site.requests[0].is_tls
    writer.close()
    await site.receivers[0].lost.wait()
