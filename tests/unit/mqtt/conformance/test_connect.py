"""CONNECT, CONNACK, DISCONNECT, AUTH and the basics of packets; profile `oasis`, MQTT 5."""

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, FakeOutlet, start

from keyfob.mqtt.broker import BrokerSettings, oasis_settings
from keyfob.mqtt.codec import Properties, PropertyId, encode
from keyfob.mqtt.codec.packets import (
    Ack,
    Auth,
    ConnAck,
    Connect,
    Disconnect,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Version,
    WillMessage,
)

V5 = Version.V5
EXPIRY = Properties({PropertyId.SESSION_EXPIRY_INTERVAL: 300})


async def oasis() -> Bench:
    return await start(settings=oasis_settings())


async def ends(client: Client, data: bytes, code: int | None = None) -> None:
    """Send bytes that must end the connection, with a DISCONNECT where one is due."""
    answers = await client.send_bytes(data)
    assert answers == ([] if code is None else [Disconnect(code)])
    assert client.outlet.is_closed


@pytest.mark.parametrize("text", [b"\xed\xa0\x80", b"\xff", b"a\0b"])
async def test_strings_are_utf_8_without_surrogates_and_null(text: bytes) -> None:
    """[MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-3.3.2-1] [MQTT-4.7.3-2]"""
    client = await (await oasis()).connect("c", V5)
    body = len(text).to_bytes(2, "big") + text + b"\0"
    await ends(client, bytes((0x30, len(body))) + body, 0x81)


async def test_a_byte_order_mark_is_kept() -> None:
    """[MQTT-1.5.4-3] [MQTT-4.7.3-4]"""
    client = await (await oasis()).connect("c", V5)
    await client.subscribe("\ufeffa/A")
    assert await client.send(Publish("\ufeffa/A", b"x")) == [Publish("\ufeffa/A", b"x")]
    assert await client.send(Publish("a/A", b"x"), Publish("\ufeffa/a", b"x")) == []


async def test_variable_byte_integers_are_shortest() -> None:
    """[MQTT-1.5.5-1]"""
    client = await (await oasis()).connect("c", V5)
    await ends(client, b"\x30\x05\x00\x01t\x80\x00", 0x81)


async def test_both_strings_of_a_pair_are_utf_8() -> None:
    """[MQTT-1.5.7-1]"""
    client = await (await oasis()).connect("c", V5)
    await ends(client, b"\x30\x0a\x00\x01t\x06\x26\x00\x00\x00\x01\xff", 0x81)


@pytest.mark.parametrize(
    "data", [b"\xc1\x00", b"\xe1\x00", b"\x80\x06\0\x01\0\0\x01t\0", b"\xf1\0"]
)
async def test_reserved_flags(data: bytes) -> None:
    """[MQTT-2.1.3-1] [MQTT-3.8.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1] [MQTT-4.13.1-1]"""
    client = await (await oasis()).connect("c", V5)
    await ends(client, data, 0x81)


@pytest.mark.parametrize("first", [0x60, 0xA0])
async def test_reserved_flags_that_are_not_zero(first: int) -> None:
    """[MQTT-3.6.1-1] [MQTT-3.10.1-1]"""
    client = await (await oasis()).connect("c", V5)
    await ends(client, bytes((first,)) + b"\x02\x00\x01", 0x81)


async def test_packet_identifiers_are_not_zero() -> None:
    """[MQTT-2.2.1-3]"""
    client = await (await oasis()).connect("c", V5)
    await ends(client, b"\x32\x06\x00\x01t\x00\x00\x00", 0x82)


async def test_the_first_packet_is_connect() -> None:
    """[MQTT-3.1.0-1] [MQTT-3.14.0-1]"""
    await ends(Client(await oasis(), V5), b"\xc0\x00")


async def test_a_second_connect_is_a_protocol_error() -> None:
    """[MQTT-3.1.0-2] [MQTT-3.2.0-2]"""
    client = await (await oasis()).connect("c", V5)
    await ends(client, encode(Connect(V5, "c"), V5), 0x82)


async def test_other_protocols_and_versions_are_refused() -> None:
    """[MQTT-3.1.2-1] [MQTT-3.1.2-2]"""
    bench = await oasis()
    await ends(Client(bench, V5), b"\x10\x0d\x00\x04MQTX\x05\x02\x00\x3c\x00\x00\x00")
    client = Client(bench, V5)
    assert await client.send_bytes(b"\x10\x0d\x00\x04MQTT\x06\x02\x00\x3c\x00\x00\x00") == [
        ConnAck(False, 0x84)
    ]
    assert client.outlet.is_closed


@pytest.mark.parametrize("flags", [0x01, 0x08, 0x1C, 0x20])
async def test_connect_flags(flags: int) -> None:
    """[MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13]
    [MQTT-3.1.4-1] [MQTT-3.1.4-2]"""
    client = Client(await oasis(), V5)
    body = b"\x00\x04MQTT\x05" + bytes((flags,)) + b"\x00\x3c\x00\x00\x00"
    await ends(client, bytes((0x10, len(body))) + body)


@pytest.mark.parametrize(("flags", "rest"), [(0x04, b""), (0x40, b""), (0x80, b"")])
async def test_what_the_flags_announce_is_there(flags: int, rest: bytes) -> None:
    """[MQTT-3.1.2-9] [MQTT-3.1.2-17] [MQTT-3.1.2-19] [MQTT-3.1.3-1] [MQTT-3.1.3-3]"""
    client = Client(await oasis(), V5)
    body = b"\x00\x04MQTT\x05" + bytes((flags,)) + b"\x00\x3c\x00\x00\x01c" + rest
    await ends(client, bytes((0x10, len(body))) + body)


@pytest.mark.parametrize(("flags", "rest"), [(0x02, b"\x00\x01u"), (0x82, b"\x00\x01u\x00\x01p")])
async def test_nothing_is_there_that_the_flags_do_not_announce(flags: int, rest: bytes) -> None:
    """[MQTT-3.1.2-16] [MQTT-3.1.2-18]"""
    client = Client(await oasis(), V5)
    body = b"\x00\x04MQTT\x05" + bytes((flags,)) + b"\x00\x3c\x00\x00\x01c" + rest
    await ends(client, bytes((0x10, len(body))) + body)


async def test_clean_start_discards_and_else_the_session_goes_on() -> None:
    """[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.3-2] [MQTT-3.1.4-4] [MQTT-3.2.2-2]
    [MQTT-3.2.2-3] [MQTT-3.1.2-23] [MQTT-4.1.0-1]"""
    bench = await oasis()
    first = await bench.connect("c", V5, clean=False, properties=EXPIRY)
    assert isinstance(first.answer, ConnAck) and not first.answer.session_present
    await first.subscribe("t")
    first.lose()
    again = await bench.connect("c", V5, clean=False, properties=EXPIRY)
    assert isinstance(again.answer, ConnAck) and again.answer.session_present
    assert list(again.connection.session.subscriptions) == ["t"]
    clean = await bench.connect("c", V5, properties=EXPIRY)
    assert isinstance(clean.answer, ConnAck) and not clean.answer.session_present
    assert not clean.connection.session.subscriptions


async def test_a_session_ends_with_its_expiry() -> None:
    """[MQTT-4.1.0-2]"""
    bench = await oasis()
    client = await bench.connect("c", V5, clean=False, properties=EXPIRY)
    client.lose()
    await bench.tick(301)
    again = await bench.connect("c", V5, clean=False, properties=EXPIRY)
    assert again.answer == ConnAck(False, 0, again.answer.properties)  # type: ignore[union-attr]


@pytest.mark.parametrize("retain", [False, True])
async def test_a_will_is_published_once_the_connection_is_lost(retain: bool) -> None:
    """[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.1.2-14] [MQTT-3.1.2-15]
    [MQTT-3.1.3-10]"""
    bench = await oasis()
    watcher = await bench.connect("w", V5)
    await watcher.subscribe("gone", 2)
    named = Properties({PropertyId.USER_PROPERTY: (("b", "1"), ("a", "2"), ("b", "3"))})
    will = WillMessage("gone", b"x", 2, retain, named)
    client = await bench.connect("c", V5, will=will)
    client.lose()
    assert await watcher.received() == [Publish("gone", b"x", 2, packet_id=1, properties=named)]
    assert (bench.broker.retained.get("gone") is not None) is retain
    again = await bench.connect("c", V5)
    again.lose()
    assert await watcher.received() == []


async def test_disconnect_discards_the_will_unless_it_asks_for_it() -> None:
    """[MQTT-3.14.4-3] [MQTT-3.14.2-1]"""
    bench = await oasis()
    watcher = await bench.connect("w", V5)
    await watcher.subscribe("gone")
    for code, expected in ((0x00, []), (0x04, [b"x"])):
        client = await bench.connect("c", V5, will=WillMessage("gone", b"x"))
        await client.send(Disconnect(code))
        assert await watcher.payloads() == expected


async def test_a_delayed_will_is_not_sent_to_a_client_that_is_back() -> None:
    """[MQTT-3.1.3-9]"""
    bench = await oasis()
    watcher = await bench.connect("w", V5, keep_alive_s=0)
    await watcher.subscribe("gone")
    delay = Properties({PropertyId.WILL_DELAY_INTERVAL: 30})
    will = WillMessage("gone", b"x", properties=delay)
    client = await bench.connect("c", V5, will=will, properties=EXPIRY)
    client.lose()
    await bench.connect("c", V5, clean=False, keep_alive_s=0, properties=EXPIRY)
    await bench.tick(31)
    assert await watcher.payloads() == []


async def test_silence_of_one_and_a_half_keep_alives() -> None:
    """[MQTT-3.1.2-22] [MQTT-3.2.2-22]"""
    bench = await oasis()
    client = await bench.connect("c", V5, keep_alive_s=10)
    await bench.tick(1)
    await bench.tick(14)
    assert not client.outlet.is_closed
    await bench.tick(2)
    assert await client.received() == [Disconnect(0x8D)]


async def test_what_is_too_large_for_the_client_is_not_sent() -> None:
    """[MQTT-3.1.2-24] [MQTT-3.1.2-25]"""
    bench = await oasis()
    small = await bench.connect(
        "s", V5, properties=Properties({PropertyId.MAXIMUM_PACKET_SIZE: 60})
    )
    await small.subscribe("t", 1)
    publisher = await bench.connect("p", V5)
    await publisher.send(Publish("t", b"x" * 60, 1, packet_id=1), Publish("t", b"y"))
    assert await small.payloads() == [b"y"]
    assert not small.connection.session.in_flight


async def test_reason_strings_only_for_clients_that_want_them_and_have_room() -> None:
    """[MQTT-3.1.2-29] [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.9.2-1] [MQTT-3.14.2-3]"""
    settings = BrokerSettings(explain_to_clients=True)
    bench = await start(settings=settings)
    for properties, expected in (
        ({}, True),
        ({PropertyId.REQUEST_PROBLEM_INFORMATION: 0}, False),
        ({PropertyId.MAXIMUM_PACKET_SIZE: 600}, False),
    ):
        client = await bench.connect("c", V5, properties=Properties(properties))
        client.authorizer.denied_subscribe.add("t")
        (answer,) = await client.subscribe("t")
        assert isinstance(answer, SubAck)
        assert (PropertyId.REASON_STRING in answer.properties) is expected


async def test_no_property_is_sent_that_was_not_asked_for() -> None:
    """[MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.1.2-28] [MQTT-3.3.2-8] [MQTT-3.3.2-11]
    [MQTT-4.12.0-6] [MQTT-2.2.2-1] [MQTT-3.4.2-3] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3]
    [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-2]
    [MQTT-3.14.2-4]"""
    bench = await oasis()
    asks = Properties(
        {PropertyId.REQUEST_RESPONSE_INFORMATION: 0, PropertyId.TOPIC_ALIAS_MAXIMUM: 9}
    )
    client = await bench.connect("c", V5, properties=asks)
    assert isinstance(client.answer, ConnAck)
    unwanted = {PropertyId.RESPONSE_INFORMATION, PropertyId.AUTHENTICATION_METHOD}
    assert not unwanted & set(client.answer.properties)
    (answer,) = await client.subscribe("t", 2)
    assert answer == SubAck(1, (2,))
    assert await client.send(Publish("t", b"x", 2, packet_id=1)) == [
        Publish("t", b"x", 2, packet_id=1), Ack(PacketType.PUBREC, 1)
    ]  # fmt: skip
    assert await client.send(Ack(PacketType.PUBREC, 1), Ack(PacketType.PUBREL, 1)) == [
        Ack(PacketType.PUBREL, 1), Ack(PacketType.PUBCOMP, 1)
    ]  # fmt: skip
    await bench.broker.stop()
    assert await client.received() == [Disconnect(0x8B)]


async def test_client_ids() -> None:
    """[MQTT-3.1.3-5] [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]"""
    bench = await oasis()
    plain = await bench.connect("0123456789abcdefABCDEFG", V5)
    assert isinstance(plain.answer, ConnAck) and plain.answer.code == 0
    assigned = set()
    for _ in range(2):
        client = await bench.connect("", V5)
        assert isinstance(client.answer, ConnAck)
        assigned.add(client.answer.properties[PropertyId.ASSIGNED_CLIENT_IDENTIFIER])
    assert len(assigned) == 2


async def test_a_client_id_that_is_refused() -> None:
    """[MQTT-3.1.3-8] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-3.2.2-8] [MQTT-4.13.2-1]"""
    client = await (await oasis()).connect("$share/g/t", V5)
    assert client.answer == ConnAck(False, 0x85)
    assert client.outlet.is_closed


@pytest.mark.parametrize("where", ["client id", "will topic", "user name"])
async def test_connect_strings_are_utf_8(where: str) -> None:
    """[MQTT-3.1.3-4] [MQTT-3.1.3-11] [MQTT-3.1.3-12]"""
    bad = b"\x00\x01\xff"
    flags, payload = {
        "client id": (0x02, bad),
        "will topic": (0x06, b"\x00\x01c\x00" + bad + b"\x00\x00"),
        "user name": (0x82, b"\x00\x01c" + bad),
    }[where]
    body = b"\x00\x04MQTT\x05" + bytes((flags,)) + b"\x00\x3c\x00" + payload
    await ends(Client(await oasis(), V5), bytes((0x10, len(body))) + body)


async def test_the_same_client_id_takes_over() -> None:
    """[MQTT-3.1.4-3]"""
    bench = await oasis()
    first = await bench.connect("c", V5)
    await bench.connect("c", V5)
    assert await first.received() == [Disconnect(0x8E)]
    assert first.outlet.is_closed


async def test_connack_comes_first_and_alone() -> None:
    """[MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.2-1]"""
    bench = await oasis()
    client = Client(bench, V5)
    data = encode(Connect(V5, "c", properties=EXPIRY), V5) + encode(PingReq(), V5)
    answers = await client.send_bytes(data)
    assert [type(answer) for answer in answers] == [ConnAck, PingResp]
    assert client.outlet.writes[0][0] == 0x20
    assert client.outlet.writes[0][2] in (0, 1)


async def test_nothing_behind_a_refused_connect_is_processed() -> None:
    """[MQTT-3.1.4-6]"""
    bench = await oasis()
    watcher = await bench.connect("w", V5)
    await watcher.subscribe("t")
    client = Client(bench, V5)
    client.authorizer.allows_connect = False
    data = encode(Connect(V5, "c"), V5) + encode(Publish("t", b"x"), V5)
    assert await client.send_bytes(data) == [ConnAck(False, 0x87)]
    assert await watcher.payloads() == []


async def test_maximum_qos_where_it_is_not_2() -> None:
    """[MQTT-3.2.2-9] [MQTT-3.2.2-12]"""
    bench = await start()
    client = await bench.connect("c", V5)
    assert isinstance(client.answer, ConnAck)
    assert client.answer.properties[PropertyId.MAXIMUM_QOS] == 1
    assert await client.send(Publish("t", b"", 2, packet_id=1)) == [Disconnect(0x9B)]
    refused = await bench.connect("d", V5, will=WillMessage("t", b"x", 2))
    assert refused.answer == ConnAck(False, 0x9B)
    assert refused.outlet.is_closed


async def test_pings_are_answered() -> None:
    """[MQTT-3.12.4-1]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.send(PingReq()) == [PingResp()]


async def test_nothing_follows_a_disconnect() -> None:
    """[MQTT-3.14.4-1] [MQTT-3.14.4-2]"""
    bench = await oasis()
    client = await bench.connect("c", V5)
    await client.subscribe("t")
    await client.send_bytes(b"\xc1\x00")
    assert client.outlet.is_closed
    publisher = await bench.connect("p", V5)
    await publisher.send(Publish("t", b"x"))
    assert await client.received() == []


async def test_enhanced_authentication_is_refused() -> None:
    """[MQTT-4.12.0-1]"""
    bench = await oasis()
    method = Properties({PropertyId.AUTHENTICATION_METHOD: "SCRAM-SHA-256"})
    client = await bench.connect("c", V5, properties=method)
    assert client.answer == ConnAck(False, 0x8C)
    other = await bench.connect("d", V5)
    assert await other.send(Auth(0x18, method)) == [Disconnect(0x82)]


async def test_packets_cut_anywhere() -> None:
    """[MQTT-4.2.0-1]"""
    bench = await oasis()
    outlet = FakeOutlet()
    assert not outlet.written
    client = Client(bench, V5)
    for byte in encode(Connect(V5, "c"), V5) + encode(PingReq(), V5):
        client.connection.data_received(bytes((byte,)))
    assert [type(answer) for answer in await client.received()] == [ConnAck, PingResp]
