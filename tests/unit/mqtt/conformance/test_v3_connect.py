"""CONNECT, CONNACK, DISCONNECT and the basics of packets; profile `oasis`, MQTT 3.1.1."""

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, FailingJournal, start

from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec import encode
from keyfob.mqtt.codec.packets import (
    ConnAck,
    Connect,
    Disconnect,
    PingReq,
    PingResp,
    Publish,
    Version,
    WillMessage,
)

V3 = Version.V3
WELL = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c"


async def oasis() -> Bench:
    return await start(settings=oasis_settings())


def connect_bytes(flags: int, payload: bytes = b"\x00\x01c", level: int = 4) -> bytes:
    body = b"\x00\x04MQTT" + bytes((level, flags)) + b"\x00\x3c" + payload
    return bytes((0x10, len(body))) + body


async def is_closed_by(client: Client, data: bytes) -> bool:
    """Send bytes; return whether they end the connection without an answer."""
    return await client.send_bytes(data) == [] and client.outlet.is_closed


@pytest.mark.parametrize("text", [b"\xed\xa0\x80", b"\xff", b"\xc0\xaf", b"a\0b"])
async def test_strings_are_utf_8_without_surrogates_and_null(text: bytes) -> None:
    """[MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-3.3.2-1] [MQTT-4.7.3-2] [MQTT-4.8.0-1]"""
    client = await (await oasis()).connect("c")
    body = len(text).to_bytes(2, "big") + text
    assert await is_closed_by(client, bytes((0x30, len(body))) + body)


async def test_a_byte_order_mark_is_kept() -> None:
    """[MQTT-1.5.3-3] [MQTT-4.7.3-4]"""
    client = await (await oasis()).connect("c")
    await client.subscribe("\ufeffa/A")
    assert await client.send(Publish("\ufeffa/A", b"x")) == [Publish("\ufeffa/A", b"x")]
    assert await client.send(Publish("a/A", b"x"), Publish("\ufeffa/a", b"x")) == []


RESERVED = [
    b"\xc1\x00", b"\xe1\x00", b"\x41\x02\x00\x01", b"\x52\x02\x00\x01", b"\x60\x02\x00\x01",
    b"\x80\x06\x00\x01\x00\x01t\x00", b"\xa0\x05\x00\x01\x00\x01t",
]  # fmt: skip


@pytest.mark.parametrize("data", RESERVED)
async def test_reserved_flags(data: bytes) -> None:
    """[MQTT-2.2.2-1] [MQTT-2.2.2-2] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
    [MQTT-3.14.1-1]"""
    assert await is_closed_by(await (await oasis()).connect("c"), data)


@pytest.mark.parametrize(
    "data", [b"\x32\x05\x00\x01t\0\0", b"\x82\x06\0\0\0\x01t\0", b"\xa2\x05\0\0\0\x01t"]
)
async def test_packet_identifiers_are_not_zero(data: bytes) -> None:
    """[MQTT-2.3.1-1]"""
    assert await is_closed_by(await (await oasis()).connect("c"), data)


async def test_the_first_packet_is_connect() -> None:
    """[MQTT-3.1.0-1]"""
    assert await is_closed_by(Client(await oasis(), V3), b"\xc0\x00")


async def test_a_second_connect_ends_the_connection() -> None:
    """[MQTT-3.1.0-2]"""
    assert await is_closed_by(await (await oasis()).connect("c"), WELL)


async def test_another_protocol_is_not_answered() -> None:
    """[MQTT-3.1.2-1]"""
    client = Client(await oasis(), V3)
    assert await is_closed_by(client, b"\x10\x0d\x00\x04MQTX\x04\x02\x00\x3c\x00\x01c")


@pytest.mark.parametrize(
    "data", [connect_bytes(2, level=3), b"\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01c"]
)
async def test_another_level_is_told(data: bytes) -> None:
    """[MQTT-3.1.2-2] [MQTT-3.2.2-4] [MQTT-3.2.2-5]"""
    client = Client(await oasis(), V3)
    client.connection.data_received(data)
    await client.received()
    assert client.outlet.writes == [b"\x20\x02\x00\x01"]
    assert client.outlet.is_closed


@pytest.mark.parametrize(
    ("flags", "payload"),
    [
        (0x03, b"\x00\x01c"),  # reserved
        (0x0A, b"\x00\x01c"),  # a will's QoS without a will
        (0x22, b"\x00\x01c"),  # its retain flag
        (0x1E, b"\x00\x01c\x00\x01t\x00\x01x"),  # QoS 3
        (0x42, b"\x00\x01c\x00\x01p"),  # a password without a user name
    ],
)
async def test_connect_flags(flags: int, payload: bytes) -> None:
    """[MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-14] [MQTT-3.1.2-15]
    [MQTT-3.1.2-22] [MQTT-3.1.4-1]"""
    assert await is_closed_by(Client(await oasis(), V3), connect_bytes(flags, payload))


@pytest.mark.parametrize("flags", [0x06, 0x82, 0xC2])
async def test_what_the_flags_announce_is_there(flags: int) -> None:
    """[MQTT-3.1.2-9] [MQTT-3.1.2-19] [MQTT-3.1.2-21] [MQTT-3.1.3-1] [MQTT-3.1.3-3]"""
    assert await is_closed_by(Client(await oasis(), V3), connect_bytes(flags))
    assert await is_closed_by(Client(await oasis(), V3), connect_bytes(0x02, b""))


@pytest.mark.parametrize("rest", [b"\x00\x01u", b"\x00\x01t\x00\x01x", b"\x00"])
async def test_nothing_is_there_that_the_flags_do_not_announce(rest: bytes) -> None:
    """[MQTT-3.1.2-18] [MQTT-3.1.2-20] [MQTT-3.1.2-11]"""
    assert await is_closed_by(Client(await oasis(), V3), connect_bytes(2, b"\x00\x01c" + rest))


async def test_a_clean_session_discards_and_else_the_session_goes_on() -> None:
    """[MQTT-3.1.2-4] [MQTT-3.1.2-6] [MQTT-3.1.3-2] [MQTT-3.1.4-3] [MQTT-3.2.2-1] [MQTT-3.2.2-2]
    [MQTT-3.2.2-3] [MQTT-4.1.0-1] [MQTT-4.1.0-2]"""
    bench = await oasis()
    first = await bench.connect("c", clean=False)
    assert first.answer == ConnAck(False, 0)
    await first.subscribe("t")
    first.lose()
    await bench.tick(86_400)
    again = await bench.connect("c", clean=False)
    assert again.answer == ConnAck(True, 0)
    assert list(again.connection.session.subscriptions) == ["t"]
    clean = await bench.connect("c")
    assert clean.answer == ConnAck(False, 0)
    clean.lose()
    assert (await bench.connect("c", clean=False)).answer == ConnAck(False, 0)


async def test_messages_wait_for_a_persistent_session_and_retained_ones_are_nobodys() -> None:
    """[MQTT-3.1.2-5] [MQTT-3.1.2-7]"""
    bench = await oasis()
    away = await bench.connect("away", clean=False)
    await away.subscribe("t", 2)
    away.lose()
    publisher = await bench.connect("p")
    await publisher.send(*(Publish("t", b"%d" % q, q, packet_id=q) for q in (1, 2)))
    await publisher.send(Publish("kept", b"k", 0, True))
    publisher.lose()
    again = Client(bench, V3)
    answers = await again.send(Connect(V3, "away", clean_start=False))
    assert [p.payload for p in answers if isinstance(p, Publish)] == [b"1", b"2"]
    assert (await again.subscribe("kept"))[1:] == [Publish("kept", b"k", 0, True)]


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("end", ["lost", "malformed", "silent"])
async def test_a_will_is_published_once_the_connection_is_lost(end: str, retain: bool) -> None:
    """[MQTT-3.1.2-8] [MQTT-3.1.2-16] [MQTT-3.1.2-17]"""
    bench = await oasis()
    watcher = await bench.connect("w", keep_alive_s=0)
    await watcher.subscribe("gone", 2)
    client = await bench.connect("c", will=WillMessage("gone", b"x", 2, retain))
    if end == "lost":
        client.lose()
    elif end == "malformed":
        await client.send_bytes(b"\xf0\x00")
    else:
        await bench.tick(1)
        await bench.tick(91)
    assert await watcher.received() == [Publish("gone", b"x", 2, packet_id=1)]
    assert (bench.broker.retained.get("gone") is not None) is retain


async def test_no_will_after_disconnect_nor_where_there_was_none() -> None:
    """[MQTT-3.1.2-10] [MQTT-3.1.2-12] [MQTT-3.14.4-3]"""
    bench = await oasis()
    watcher = await bench.connect("w")
    await watcher.subscribe("#")
    client = await bench.connect("c", will=WillMessage("gone", b"x"))
    await client.send(Disconnect())
    (await bench.connect("c")).lose()
    assert client.outlet.is_closed
    assert await watcher.received() == []


async def test_silence_of_one_and_a_half_keep_alives() -> None:
    """[MQTT-3.1.2-24]"""
    bench = await oasis()
    client = await bench.connect("c", keep_alive_s=10)
    await bench.tick(1)
    await bench.tick(14)
    assert not client.outlet.is_closed
    await bench.tick(2)
    assert client.outlet.is_closed


@pytest.mark.parametrize("client_id", ["0123456789abcdefghijABC", "ABCxyz0189", "c"])
async def test_client_ids(client_id: str) -> None:
    """[MQTT-3.1.3-5] [MQTT-3.1.4-4]"""
    assert (await (await oasis()).connect(client_id)).answer == ConnAck(False, 0)


async def test_an_empty_client_id_is_replaced_in_a_clean_session() -> None:
    """[MQTT-3.1.3-6]"""
    bench = await oasis()
    clients = [await bench.connect("") for _ in range(2)]
    assert [client.answer for client in clients] == [ConnAck(False, 0)] * 2
    assert len({client.connection.session.client_id for client in clients}) == 2


async def test_an_empty_client_id_is_refused_without_one() -> None:
    """[MQTT-3.1.3-8] [MQTT-3.2.2-4] [MQTT-3.2.2-5]"""
    client = await (await oasis()).connect("", clean=False)
    assert client.answer == ConnAck(False, 2)
    assert client.outlet.is_closed


async def test_a_client_id_that_is_refused() -> None:
    """[MQTT-3.1.3-9]"""
    client = await (await oasis()).connect("$share/g/t")
    assert client.answer == ConnAck(False, 2)
    assert client.outlet.is_closed


@pytest.mark.parametrize(
    ("flags", "payload"),
    [
        (0x02, b"\x00\x01\xff"),
        (0x06, b"\x00\x01c\x00\x01\xff\x00\x00"),
        (0x82, b"\x00\x01c\x00\x01\xff"),
    ],
)
async def test_connect_strings_are_utf_8(flags: int, payload: bytes) -> None:
    """[MQTT-3.1.3-4] [MQTT-3.1.3-10] [MQTT-3.1.3-11]"""
    assert await is_closed_by(Client(await oasis(), V3), connect_bytes(flags, payload))


async def test_the_same_client_id_takes_over() -> None:
    """[MQTT-3.1.4-2]"""
    bench = await oasis()
    first = await bench.connect("c")
    second = await bench.connect("c")
    assert await first.received() == []
    assert first.outlet.is_closed
    assert await second.send(PingReq()) == [PingResp()]


async def test_nothing_behind_a_refused_connect_is_processed() -> None:
    """[MQTT-3.1.4-5]"""
    bench = await oasis()
    watcher = await bench.connect("w")
    await watcher.subscribe("t")
    client = Client(bench, V3)
    client.authorizer.allows_connect = False
    data = encode(Connect(V3, "c"), V3) + encode(Publish("t", b"x"), V3)
    assert await client.send_bytes(data) == [ConnAck(False, 5)]
    assert await watcher.payloads() == []


async def test_connack_comes_first() -> None:
    """[MQTT-3.2.0-1]"""
    client = Client(await oasis(), V3)
    data = encode(Connect(V3, "c", clean_start=False), V3) + encode(PingReq(), V3)
    assert await client.send_bytes(data) == [ConnAck(False, 0), PingResp()]


async def test_a_refusal_that_has_no_return_code_is_a_closed_connection() -> None:
    """[MQTT-3.2.2-6]"""
    client = Client(await oasis(), V3)
    will = WillMessage("a/+", b"x")
    assert await is_closed_by(client, encode(Connect(V3, "c", will=will), V3))


async def test_pings_are_answered() -> None:
    """[MQTT-3.12.4-1]"""
    client = await (await oasis()).connect("c")
    assert await client.send(PingReq()) == [PingResp()]


async def test_packets_cut_anywhere() -> None:
    """[MQTT-7.1.1-1]"""
    client = Client(await oasis(), V3)
    for byte in WELL + encode(PingReq(), V3):
        client.connection.data_received(bytes((byte,)))
    assert await client.received() == [ConnAck(False, 0), PingResp()]


async def test_a_connection_needs_no_extension() -> None:
    """[MQTT-7.0.0-2]"""
    client = Client(await oasis(), V3)
    assert await client.send_bytes(WELL) == [ConnAck(False, 0)]


async def test_a_failure_to_store_ends_the_connection() -> None:
    """[MQTT-4.8.0-2]"""
    bench = await start(FailingJournal(), oasis_settings())
    client = await bench.connect("c", clean=False)
    assert client.answer == ConnAck(False, 3)
    assert client.outlet.is_closed
