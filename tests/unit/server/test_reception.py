import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.server.conftest import Openers, OpenPort, Port, until

from keyfob.server.reception import Peer, ProtocolFactory, Speech
from keyfob.server.settings import ListenerSettings

CONNECT = bytes.fromhex("101000044d5154540402003c0004") + b"dev1"
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("first", "speech"), [(CONNECT, Speech.MQTT), (GET, Speech.HTTP), (b"\x00", Speech.HTTP)]
)
async def test_the_first_byte_of_a_plain_connection_decides(
    open_port: OpenPort, first: bytes, speech: Speech
) -> None:
    openers = Openers()
    port = open_port(openers.both)
    reader, writer = await port.dial()
    writer.write(first)
    answer = await reader.readuntil(b".")
    assert answer == speech.value.encode() + b"%d." % len(first)
    assert bytes(openers.protocols[0].received) == first
    ((opened, peer),) = openers.peers
    assert opened is speech
    assert (peer.address, peer.is_tls) == ("127.0.0.1", False)
    assert port.reception.undecided == 0
    await hang_up(writer)


@pytest.mark.parametrize("cut", range(1, len(CONNECT)))
async def test_a_packet_cut_anywhere_arrives_whole(open_port: OpenPort, cut: int) -> None:
    openers = Openers()
    port = open_port(openers.both)
    reader, writer = await port.dial()
    writer.write(CONNECT[:cut])
    await reader.readuntil(b".")
    writer.write(CONNECT[cut:])
    await reader.readuntil(b".")
    assert bytes(openers.protocols[0].received) == CONNECT
    await hang_up(writer)


@pytest.mark.parametrize(("first", "speech"), [(CONNECT, Speech.MQTT), (GET, Speech.HTTP)])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_inside_tls_the_first_byte_decides(
    open_port: OpenPort,
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    first: bytes,
    speech: Speech,
    version: ssl.TLSVersion,
) -> None:
    openers = Openers()
    port = open_port(openers.both, tls=server_tls)
    client_tls.maximum_version = version
    reader, writer = await port.dial(client_tls)
    writer.write(first)
    assert await reader.readuntil(b".") == speech.value.encode() + b"%d." % len(first)
    ((opened, peer),) = openers.peers
    assert opened is speech
    assert peer.is_tls
    assert peer.address == "127.0.0.1"
    assert port.reception.undecided == 0
    writer.write(b"more")
    assert await reader.readuntil(b".") == speech.value.encode() + b"4."
    await hang_up(writer)


@pytest.mark.parametrize(
    ("name", "speech"),
    [
        ("mqtt", Speech.MQTT),
        ("x-amzn-mqtt-ca", Speech.MQTT),
        ("http/1.1", Speech.HTTP),
        ("x-amzn-http-ca", Speech.HTTP),
    ],
)
async def test_alpn_decides_before_any_byte(
    open_port: OpenPort,
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    name: str,
    speech: Speech,
) -> None:
    openers = Openers()
    port = open_port(openers.both, tls=server_tls)
    client_tls.set_alpn_protocols([name])
    reader, writer = await port.dial(client_tls)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == name
    writer.write(b"?")
    assert await reader.readuntil(b".") == speech.value.encode() + b"1."
    await hang_up(writer)


async def test_an_unknown_alpn_name_leaves_it_to_the_first_byte(
    open_port: OpenPort, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    port = open_port(Openers().both, tls=server_tls)
    client_tls.set_alpn_protocols(["h2"])
    reader, writer = await port.dial(client_tls)
    writer.write(CONNECT)
    assert (await reader.readuntil(b".")).startswith(b"mqtt")
    await hang_up(writer)


async def test_bytes_sent_while_the_opener_waits_are_kept(
    open_port: OpenPort, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    openers = Openers()
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(peer: Peer) -> ProtocolFactory:
        asked.set()
        await go.wait()
        return await openers.opener(Speech.MQTT)(peer)

    port = open_port({Speech.MQTT: slow}, tls=server_tls)
    for context in (None, client_tls):
        asked.clear()
        go.clear()
        reader, writer = await port.dial(context)
        writer.write(CONNECT[:5])
        await asked.wait()
        writer.write(CONNECT[5:])
        await writer.drain()
        go.set()
        while len(openers.protocols[-1].received if openers.protocols else b"") < len(CONNECT):
            await reader.readuntil(b".")
        assert bytes(openers.protocols[-1].received) == CONNECT
        openers.protocols.clear()
        await hang_up(writer)


@pytest.mark.parametrize("first", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_peer_that_says_nothing_or_half_a_hello_is_ended(
    open_port: OpenPort, server_tls: ssl.SSLContext, first: bytes
) -> None:
    port = open_port(Openers().both, ListenerSettings(undecided_deadline_s=0.05), tls=server_tls)
    reader, writer = await port.dial()
    writer.write(first)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert port.reception.undecided == 0
    await hang_up(writer)


async def test_a_tls_peer_that_finishes_the_handshake_and_says_nothing_is_ended(
    open_port: OpenPort, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    port = open_port(Openers().both, ListenerSettings(undecided_deadline_s=0.1), tls=server_tls)
    reader, writer = await port.dial(client_tls)
    with contextlib.suppress(OSError, ssl.SSLError):
        assert await reader.read() == b""
    assert port.reception.undecided == 0
    await hang_up(writer)


async def test_bytes_that_are_no_tls_after_its_first_one_end_the_connection(
    open_port: OpenPort, server_tls: ssl.SSLContext
) -> None:
    port = open_port(Openers().both, tls=server_tls)
    reader, writer = await port.dial()
    writer.write(b"\x16nonsense, not a handshake record at all")
    with contextlib.suppress(ConnectionResetError):
        await reader.read()
    await asyncio.sleep(0)
    assert port.reception.undecided == 0
    await hang_up(writer)


async def test_the_one_that_waits_longest_makes_room(open_port: OpenPort) -> None:
    port = open_port(Openers().both, ListenerSettings(max_undecided=2))
    silent = [await port.dial() for _ in range(2)]
    await until(lambda: port.reception.undecided == 2)
    reader, writer = await port.dial()
    assert await silent[0][0].read() == b""
    writer.write(GET)
    assert (await reader.readuntil(b".")).startswith(b"http")
    silent[1][1].write(GET)
    assert (await silent[1][0].readuntil(b".")).startswith(b"http")
    for _, each in (*silent, (reader, writer)):
        await hang_up(each)


@pytest.mark.parametrize("first", [GET, b"\x16\x03\x01"])
async def test_what_a_port_does_not_serve_is_closed(open_port: OpenPort, first: bytes) -> None:
    openers = Openers()
    port = open_port({Speech.MQTT: openers.opener(Speech.MQTT)})
    await expect_closed(port, first)
    assert openers.peers == []


async def test_a_tls_only_port_closes_plain_peers(
    open_port: OpenPort, server_tls: ssl.SSLContext
) -> None:
    port = open_port(Openers().both, tls=server_tls, is_plain_allowed=False)
    await expect_closed(port, CONNECT)


async def test_http_inside_tls_on_an_mqtt_port_is_closed(
    open_port: OpenPort, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    openers = Openers()
    port = open_port({Speech.MQTT: openers.opener(Speech.MQTT)}, tls=server_tls)
    reader, writer = await port.dial(client_tls)
    writer.write(GET)
    assert await reader.read() == b""
    assert port.reception.undecided == 0
    await hang_up(writer)


async def expect_closed(port: Port, first: bytes) -> None:
    reader, writer = await port.dial()
    writer.write(first)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert port.reception.undecided == 0
    await hang_up(writer)


@pytest.mark.parametrize("secure", [False, True])
async def test_an_opener_that_fails_costs_its_connection_only(
    open_port: OpenPort,
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
    secure: bool,
) -> None:
    async def broken(peer: Peer) -> ProtocolFactory:
        raise LookupError("no broker")

    openers: dict[Speech, Callable[[Peer], Awaitable[ProtocolFactory]]] = Openers().both
    port = open_port({**openers, Speech.MQTT: broken}, tls=server_tls)
    reader, writer = await port.dial(client_tls if secure else None)
    writer.write(CONNECT)
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        assert await reader.read() == b""
    assert "could not be opened" in caplog.text
    await hang_up(writer)
    reader, writer = await port.dial()
    writer.write(GET)
    assert (await reader.readuntil(b".")).startswith(b"http")
    await hang_up(writer)


async def test_closing_ends_the_undecided(
    open_port: OpenPort, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    port = open_port(Openers().both, tls=server_tls)
    reader, writer = await port.dial()
    secure_reader, secure_writer = await port.dial(client_tls)
    await until(lambda: port.reception.undecided == 2)
    await port.close()
    assert await reader.read() == b""
    with contextlib.suppress(OSError, ssl.SSLError):
        assert await secure_reader.read() == b""
    await hang_up(writer)
    await hang_up(secure_writer)
