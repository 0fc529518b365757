import asyncio
import base64
import gc
import ssl
from collections.abc import AsyncIterator

import pytest
from tests.unit.server.parts import (
    ACCOUNT,
    NOW_S,
    REGION,
    ROOT,
    Brokers,
    Credentials,
    make_authorizer,
)
from websockets.frames import Frame, Opcode

from keyfob.config import MqttListener
from keyfob.core.clock import ManualClock
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.server.mqtt import MqttGate
from keyfob.server.server import Server
from keyfob.server.settings import ListenerSettings
from keyfob.sigv4 import SigningCredentials, presign

CONNECT_V3 = bytes.fromhex("101000044d5154540402003c0004") + b"dev1"
CONNECT_V5 = bytes.fromhex("101100044d5154540502003c000004") + b"dev5"
CONNACK = b"\x20\x02\x00\x00"
REFUSED = b"\x20\x02\x00\x05"
SUBSCRIBE = b"\x82\x06\x00\x01\x00\x01t\x00"
PUBLISH = b"\x30\x05\x00\x01thi"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Host:
    def __init__(self, tls: ssl.SSLContext) -> None:
        clock = ManualClock(at=NOW_S)
        self.brokers = Brokers(clock)
        self.authorizer = make_authorizer()
        self.server = Server(
            respond=self.respond,
            gate=MqttGate(self.brokers, self.authorizer),
            credentials=Credentials(),
            clock=clock,
            account=ACCOUNT,
            region=REGION,
            tls=tls,
            settings=ListenerSettings(close_deadline_s=0.1, drain_deadline_s=0.1),
        )

    async def respond(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, b"https" if request.is_tls else b"http")


@pytest.fixture
async def host(server_tls: ssl.SSLContext) -> AsyncIterator[Host]:
    host = Host(server_tls)
    yield host
    await host.server.close()


async def dial(address: tuple[str, int], context: ssl.SSLContext | None = None) -> Streams:
    name = "localhost" if context is not None else None
    return await asyncio.open_connection(*address, ssl=context, server_hostname=name)


def upgrade(credentials: SigningCredentials = ROOT, service: str = "iotdevicegateway") -> bytes:
    unsigned = HttpRequest("GET", "/mqtt", "", (("host", "localhost"),), b"", "")
    query = presign(
        unsigned, credentials, region=REGION, service=service, now_s=NOW_S, expires_s=300
    ).query
    return (
        b"GET /mqtt?" + query.encode() + b" HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        + base64.b64encode(b"k" * 16)
        + b"\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    )


def binary(data: bytes) -> bytes:
    return Frame(Opcode.BINARY, data).serialize(mask=True)


@pytest.mark.parametrize("secure", [False, True])
async def test_one_port_speaks_http_and_mqtt(
    host: Host, client_tls: ssl.SSLContext, secure: bool
) -> None:
    address = host.server.listen("127.0.0.1", 0)
    context = client_tls if secure else None
    reader, writer = await dial(address, context)
    writer.write(b"GET / HTTP/1.1\r\nhost: l\r\nconnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"https" if secure else b"\r\n\r\nhttp")
    writer.close()
    reader, writer = await dial(address, context)
    writer.write(CONNECT_V3)
    assert (await reader.read()).startswith(REFUSED)
    writer.close()


@pytest.mark.parametrize("secure", [False, True])
async def test_a_signed_websocket_publishes_to_itself(
    host: Host, client_tls: ssl.SSLContext, secure: bool
) -> None:
    address = host.server.listen("127.0.0.1", 0)
    reader, writer = await dial(address, client_tls if secure else None)
    writer.write(upgrade())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.write(binary(CONNECT_V3))
    assert await reader.readexactly(6) == b"\x82\x04" + CONNACK
    writer.write(binary(SUBSCRIBE))
    assert await reader.readexactly(7) == b"\x82\x05\x90\x03\x00\x01\x00"
    writer.write(binary(PUBLISH))
    assert await reader.readexactly(9) == b"\x82\x07" + PUBLISH
    writer.close()


@pytest.mark.parametrize(
    ("credentials", "service"),
    [
        (SigningCredentials("AKIANOBODY", ROOT.secret), "iotdevicegateway"),
        (SigningCredentials("ASIAEXPIRED", ROOT.secret, "token"), "iotdevicegateway"),
        (ROOT, "iot"),
        (ROOT, "iotdata"),
    ],
)
async def test_an_upgrade_that_is_not_signed_right_is_403(
    host: Host, credentials: SigningCredentials, service: str
) -> None:
    reader, writer = await dial(host.server.listen("127.0.0.1", 0))
    writer.write(upgrade(credentials, service))
    assert (await reader.read()).startswith(b"HTTP/1.1 403 ")
    writer.close()


async def test_an_unsigned_upgrade_is_403(host: Host) -> None:
    reader, writer = await dial(host.server.listen("127.0.0.1", 0))
    head, _, fields = upgrade().partition(b" HTTP/1.1")
    writer.write(head.partition(b"?")[0] + b" HTTP/1.1" + fields)
    assert (await reader.read()).startswith(b"HTTP/1.1 403 ")
    writer.close()


@pytest.mark.parametrize(("policy", "answer"), [("wide", CONNACK), ("missing", REFUSED)])
@pytest.mark.parametrize("secure", [False, True])
async def test_a_listeners_clients_are_held_to_its_policy(
    host: Host, client_tls: ssl.SSLContext, policy: str, answer: bytes, secure: bool
) -> None:
    listen = MqttListener("tls" if secure else "tcp", "127.0.0.1", 0, policy)
    reader, writer = await dial(host.server.listen_mqtt(listen), client_tls if secure else None)
    writer.write(CONNECT_V3[:3])
    await asyncio.sleep(0.001)
    writer.write(CONNECT_V3[3:])
    assert await reader.readexactly(4) == answer
    writer.close()


async def test_stopping_tells_version_5_clients_and_closes(host: Host) -> None:
    address = host.server.listen_mqtt(MqttListener("tcp", "127.0.0.1", 0, "wide"))
    reader, writer = await dial(address)
    writer.write(CONNECT_V5)
    connack = await reader.readexactly(2)
    await reader.readexactly(connack[1])
    closing = asyncio.create_task(host.server.close())
    assert (await reader.read()).startswith(b"\xe0\x01\x8b")
    writer.close()
    await closing
    with pytest.raises(OSError):
        await dial(address)


async def test_policies_are_let_go_with_the_last_who_can_ask(host: Host) -> None:
    address = host.server.listen_mqtt(MqttListener("tcp", "127.0.0.1", 0, "wide"))
    reader, writer = await dial(address)
    writer.write(CONNECT_V3)
    await reader.readexactly(4)
    directory = host.authorizer.directory
    assert directory._in_use
    writer.write(b"\xe0\x00")
    assert await reader.read() == b""
    writer.close()
    for _ in range(50):
        gc.collect()
        await asyncio.sleep(0.001)
        if not directory._in_use:
            break
    assert not directory._in_use
