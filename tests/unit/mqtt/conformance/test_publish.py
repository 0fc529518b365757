"""PUBLISH and what answers it, in both directions; profile `oasis`, MQTT 5 where not said."""

from dataclasses import replace

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, start

from keyfob.core.clock import ManualClock
from keyfob.mqtt.broker import BrokerSettings, oasis_settings
from keyfob.mqtt.codec import Properties, PropertyId
from keyfob.mqtt.codec.packets import (
    Ack,
    Connect,
    Disconnect,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Unsubscribe,
    Version,
)

V5 = Version.V5
EXPIRY = Properties({PropertyId.SESSION_EXPIRY_INTERVAL: 300})
PUBACK, PUBREC, PUBREL, PUBCOMP = (
    PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP
)  # fmt: skip


async def oasis() -> Bench:
    return await start(settings=oasis_settings())


async def pair(bench: Bench, qos: int = 2, **more: Properties) -> tuple[Client, Client]:
    receiver = await bench.connect("r", V5, clean="properties" not in more, **more)  # type: ignore[arg-type]
    await receiver.subscribe("t", qos)
    return receiver, await bench.connect("p", V5)


async def test_each_qos_is_delivered_and_answered_as_it_should_be() -> None:
    """[MQTT-2.2.1-2] [MQTT-2.2.1-4] [MQTT-2.2.1-5] [MQTT-3.3.1-2] [MQTT-3.3.4-1] [MQTT-4.3.1-1]
    [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-4] [MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-8]
    [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-4.5.0-1] [MQTT-3.3.2-3]"""
    receiver, publisher = await pair(await oasis())
    answers = await publisher.send(
        Publish("t", b"0"), Publish("t", b"1", 1, packet_id=7), Publish("t", b"2", 2, packet_id=8)
    )
    assert answers == [Ack(PUBACK, 7), Ack(PUBREC, 8)]
    assert await receiver.received() == [
        Publish("t", b"0"), Publish("t", b"1", 1, packet_id=1), Publish("t", b"2", 2, packet_id=2)
    ]  # fmt: skip


async def test_an_identifier_is_free_after_puback() -> None:
    """[MQTT-4.3.2-5]"""
    receiver, publisher = await pair(await oasis())
    for payload in (b"a", b"b"):
        assert await publisher.send(Publish("t", payload, 1, packet_id=1)) == [Ack(PUBACK, 1)]
        assert await receiver.payloads() == [payload]


async def test_qos_2_from_a_client() -> None:
    """[MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] [MQTT-3.7.2-1]"""
    receiver, publisher = await pair(await oasis(), 0)
    message = Publish("t", b"x", 2, packet_id=1)
    again = Publish("t", b"x", 2, dup=True, packet_id=1)
    assert await publisher.send(message, again) == [Ack(PUBREC, 1), Ack(PUBREC, 1)]
    assert await receiver.payloads() == [b"x"]
    assert await publisher.send(Ack(PUBREL, 1), Ack(PUBREL, 1)) == [
        Ack(PUBCOMP, 1), Ack(PUBCOMP, 1, 0x92)
    ]  # fmt: skip
    assert await publisher.send(message) == [Ack(PUBREC, 1)]
    assert await receiver.payloads() == [b"x"]


async def test_a_refused_qos_2_message_may_come_again_under_its_identifier() -> None:
    """[MQTT-4.3.3-9]"""
    receiver, publisher = await pair(await oasis(), 0)
    publisher.authorizer.denied_publish.add("t")
    message = Publish("t", b"x", 2, packet_id=1)
    assert await publisher.send(message) == [Ack(PUBREC, 1, 0x87)]
    publisher.authorizer.denied_publish.clear()
    publisher.authorizer.epoch += 1
    assert await publisher.send(message) == [Ack(PUBREC, 1)]
    assert await receiver.payloads() == [b"x"]


async def test_qos_2_to_a_client() -> None:
    """[MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-3.6.2-1]
    [MQTT-4.6.0-4]"""
    bench = await oasis()
    receiver, publisher = await pair(bench, properties=EXPIRY)
    await publisher.send(Publish("t", b"x", 2, packet_id=1))
    await receiver.received()
    assert await receiver.send(Ack(PUBREC, 1)) == [Ack(PUBREL, 1)]
    receiver.lose()
    again = await bench.connect("r", V5, clean=False, properties=EXPIRY)
    assert again.outlet.writes[-1].endswith(b"\x62\x02\x00\x01")  # PUBREL, not PUBLISH
    await again.send(Ack(PUBCOMP, 1))
    assert not again.connection.session.in_flight


async def test_an_unknown_identifier_in_pubrec() -> None:
    """[MQTT-3.6.2-1]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.send(Ack(PUBREC, 9)) == [Ack(PUBREL, 9, 0x92)]


async def test_unacknowledged_messages_come_again_only_to_a_resumed_session() -> None:
    """[MQTT-3.3.1-1] [MQTT-3.3.1-3] [MQTT-4.4.0-1] [MQTT-4.3.2-3]"""
    bench = await oasis()
    receiver, publisher = await pair(bench, properties=EXPIRY)
    await publisher.send(*(Publish("t", b"%d" % i, 1 + i % 2, packet_id=i) for i in (1, 2)))
    await receiver.received()
    await bench.tick(20)
    assert await receiver.received() == []
    receiver.lose()
    again = Client(bench, V5)
    packets = await again.send(Connect(V5, "r", clean_start=False, properties=EXPIRY))
    assert packets[1:] == [
        Publish("t", b"1", 2, dup=True, packet_id=1), Publish("t", b"2", 1, dup=True, packet_id=2)
    ]  # fmt: skip


@pytest.mark.parametrize(("qos", "kind"), [(1, PUBACK), (2, PUBREC)])
async def test_a_refused_delivery_is_over(qos: int, kind: PacketType) -> None:
    """[MQTT-4.4.0-2]"""
    bench = await oasis()
    receiver, publisher = await pair(bench, properties=EXPIRY)
    await publisher.send(Publish("t", b"x", qos, packet_id=1))
    await receiver.received()
    assert await receiver.send(Ack(kind, 1, 0x80)) == []
    receiver.lose()
    again = await bench.connect("r", V5, clean=False, properties=EXPIRY)
    assert not again.connection.session.in_flight


async def test_an_expired_message_is_not_sent_but_one_that_was_is_completed() -> None:
    """[MQTT-3.3.2-5] [MQTT-4.3.3-7] [MQTT-4.3.3-13]"""
    bench = await oasis()
    receiver, publisher = await pair(bench, properties=EXPIRY)
    short = Properties({PropertyId.MESSAGE_EXPIRY_INTERVAL: 10})
    await publisher.send(Publish("t", b"sent", 2, packet_id=1, properties=short))
    await receiver.received()
    receiver.lose()
    await publisher.send(Publish("t", b"late", 1, packet_id=2, properties=short))
    bench.clock.advance(11)
    again = await bench.connect("r", V5, clean=False, properties=EXPIRY)
    assert list(again.connection.session.in_flight) == [1]
    assert await again.send(Ack(PUBREC, 1)) == [Ack(PUBREL, 1)]


async def test_qos_3_and_dup_at_qos_0() -> None:
    """[MQTT-3.3.1-4]"""
    for first in (0x36, 0x38):
        client = await (await oasis()).connect("c", V5)
        assert await client.send_bytes(bytes((first,)) + b"\x06\x00\x01t\x00\x01\x00") == [
            Disconnect(0x81)
        ]


async def test_retained_messages_are_replaced_and_removed() -> None:
    """[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8]"""
    bench = await oasis()
    publisher = await bench.connect("p", V5)
    await publisher.send(Publish("t", b"1", 0, True), Publish("t", b"2", 0, True))
    await publisher.send(Publish("t", b"3"))
    kept = bench.broker.retained.get("t")
    assert kept is not None and kept.payload == b"2"
    await publisher.send(Publish("t", b"", 0, True))
    assert bench.broker.retained.get("t") is None


async def test_retain_handling() -> None:
    """[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]"""
    bench = await oasis()
    publisher, receiver = await bench.connect("p", V5), await bench.connect("r", V5)
    await publisher.send(Publish("a/b", b"x", 0, True))
    kept = Publish("a/b", b"x", 0, True)
    for handling, expected in ((2, []), (1, []), (0, [kept]), (0, [kept])):
        assert await receiver.subscribe("a/+", handling << 4) == [SubAck(1, (0,)), *expected]
    await receiver.send(Unsubscribe(2, ("a/+",)))
    assert await receiver.subscribe("a/+", 1 << 4) == [SubAck(1, (0,)), kept]


async def test_retain_as_published() -> None:
    """[MQTT-3.3.1-12] [MQTT-3.3.1-13]"""
    bench = await oasis()
    publisher = await bench.connect("p", V5)
    plain, keeps = await bench.connect("a", V5), await bench.connect("b", V5)
    await plain.subscribe("t")
    await keeps.subscribe("t", 0x08)
    await publisher.send(Publish("t", b"1", 0, True), Publish("t", b"2"))
    assert await plain.received() == [Publish("t", b"1"), Publish("t", b"2")]
    assert await keeps.received() == [Publish("t", b"1", 0, True), Publish("t", b"2")]


@pytest.mark.parametrize("topic", ["a/+", "#", "a#"])
async def test_topic_names_have_no_wildcards(topic: str) -> None:
    """[MQTT-3.3.2-2] [MQTT-4.7.0-1]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.send(Publish(topic, b"")) == [Disconnect(0x90)]


async def test_properties_are_forwarded_unaltered_and_in_order() -> None:
    """[MQTT-3.3.2-4] [MQTT-3.3.2-6] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17]
    [MQTT-3.3.2-18] [MQTT-3.3.2-20]"""
    receiver, publisher = await pair(await oasis())
    properties = Properties(
        {
            PropertyId.MESSAGE_EXPIRY_INTERVAL: 60,
            PropertyId.PAYLOAD_FORMAT_INDICATOR: 1,
            PropertyId.CONTENT_TYPE: "text/plain",
            PropertyId.RESPONSE_TOPIC: "back",
            PropertyId.CORRELATION_DATA: b"\x00\x01",
            PropertyId.USER_PROPERTY: (("b", "1"), ("a", "2"), ("b", "3")),
        }
    )
    await publisher.send(Publish("t", b"x", properties=properties))
    assert await receiver.received() == [Publish("t", b"x", properties=properties)]


async def test_the_expiry_interval_counts_down_while_a_message_waits() -> None:
    """[MQTT-3.3.2-6]"""
    bench = await oasis()
    receiver, publisher = await pair(bench, properties=EXPIRY)
    receiver.lose()
    sixty = Properties({PropertyId.MESSAGE_EXPIRY_INTERVAL: 60})
    await publisher.send(Publish("t", b"x", 1, packet_id=1, properties=sixty))
    bench.clock.advance(20)
    again = await bench.connect("r", V5, clean=False, properties=EXPIRY)
    assert b"\x02\x00\x00\x00\x28" in again.outlet.writes[-1]


async def test_topic_aliases() -> None:
    """[MQTT-3.3.2-7] [MQTT-3.3.2-12]"""
    bench = await oasis()
    receiver, publisher = await pair(bench)
    alias = Properties({PropertyId.TOPIC_ALIAS: 64})
    await publisher.send(Publish("t", b"1", properties=alias), Publish("", b"2", properties=alias))
    assert await receiver.payloads() == [b"1", b"2"]
    again = await bench.connect("p", V5)
    assert await again.send(Publish("", b"3", properties=alias)) == [Disconnect(0x82)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x30\x08\x00\x01t\x04\x08\x00\x01\xff", 0x81),
        (b"\x30\x08\x00\x01t\x04\x08\x00\x01#", 0x90),
        (b"\x30\x08\x00\x01t\x04\x03\x00\x01\xff", 0x81),
        (b"\x30\x06\x00\x01t\x02\x0b\x01", 0x82),
    ],
)
async def test_properties_that_are_refused(data: bytes, code: int) -> None:
    """[MQTT-3.3.2-13] [MQTT-3.3.2-14] [MQTT-3.3.2-19]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.send_bytes(data) == [Disconnect(code)]


def with_identifier(number: int, topic_filter: str, options: int) -> Subscribe:
    identifier = Properties({PropertyId.SUBSCRIPTION_IDENTIFIER: number})
    return Subscribe(1, (SubscriptionRequest(topic_filter, options),), identifier)


async def test_overlapping_subscriptions_are_one_copy_with_all_that_they_ask_for() -> None:
    """[MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]"""
    bench = await oasis()
    receiver, publisher = await bench.connect("r", V5), await bench.connect("p", V5)
    await receiver.send(with_identifier(5, "a/+", 0))
    await receiver.send(with_identifier(300, "a/#", 1))
    await receiver.subscribe("a/b", 0)
    await publisher.send(Publish("a/b", b"x", 2, packet_id=1))
    data = receiver.outlet.written
    assert data.count(b"\x0b\x05") == data.count(b"\x0b\xac\x02") == 1
    assert data[0] >> 1 & 3 == 1
    assert data.count(b"a/b") == 1


async def test_the_receive_maximum_of_the_client() -> None:
    """[MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3]"""
    bench = await oasis()
    receiver = await bench.connect("r", V5, properties=Properties({PropertyId.RECEIVE_MAXIMUM: 2}))
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p", V5)
    await publisher.send(*(Publish("t", b"%d" % i, 1, packet_id=i) for i in range(1, 5)))
    await publisher.send(Publish("t", b"0"))
    assert await receiver.payloads() == [b"1", b"2", b"0"]
    assert await receiver.send(PingReq()) == [PingResp()]
    assert [p.payload for p in await receiver.send(Ack(PUBACK, 2)) if isinstance(p, Publish)] == [
        b"3"
    ]


async def test_acknowledgements_and_messages_keep_their_order() -> None:
    """[MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-5] [MQTT-4.6.0-6]"""
    receiver, publisher = await pair(await oasis())
    kinds = {1: PUBACK, 2: PUBREC}
    order = [(1, 1), (2, 5), (1, 2), (2, 6), (2, 3)]
    packets = [Publish("t", b"%d" % number, qos, packet_id=number) for qos, number in order]
    assert await publisher.send(*packets) == [Ack(kinds[qos], number) for qos, number in order]
    assert await receiver.payloads() == [b"%d" % number for _, number in order]


async def test_subscribe_answers() -> None:
    """[MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7]
    [MQTT-3.9.3-1] [MQTT-3.9.3-2]"""
    client = await (await oasis()).connect("c", V5)
    client.authorizer.denied_subscribe.add("no")
    requests = [("a", 2), ("no", 0), ("a/#/b", 0), ("b", 1), ("c", 0)]
    packet = Subscribe(77, tuple(SubscriptionRequest(name, qos) for name, qos in requests))
    assert await client.send(packet) == [SubAck(77, (2, 0x87, 0x8F, 1, 0))]


async def test_an_identical_filter_replaces_the_subscription() -> None:
    """[MQTT-3.8.4-3]"""
    bench = await oasis()
    receiver, publisher = await pair(bench)
    await receiver.subscribe("t", 0)
    await publisher.send(Publish("t", b"x", 2, packet_id=1))
    assert await receiver.received() == [Publish("t", b"x")]


@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
async def test_the_qos_is_the_lower_one(published: int, granted: int) -> None:
    """[MQTT-3.8.4-8]"""
    receiver, publisher = await pair(await oasis(), granted)
    await publisher.send(Publish("t", b"x", published, packet_id=1 if published else 0))
    (packet,) = await receiver.received()
    assert isinstance(packet, Publish)
    assert packet.qos == min(published, granted)


async def test_no_local() -> None:
    """[MQTT-3.8.3-3]"""
    client = await (await oasis()).connect("c", V5)
    await client.subscribe("t", 0x04)
    assert await client.send(Publish("t", b"x")) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x82\x03\x00\x01\x00", 0x82),
        (b"\x82\x07\x00\x01\x00\x00\x01\xff\x00", 0x81),
        (b"\x82\x07\x00\x01\x00\x00\x01t\x40", 0x81),
        (b"\xa2\x03\x00\x01\x00", 0x82),
        (b"\xa2\x06\x00\x01\x00\x00\x01\xff", 0x81),
    ],
)
async def test_subscribe_and_unsubscribe_that_are_malformed(data: bytes, code: int) -> None:
    """[MQTT-3.8.3-1] [MQTT-3.8.3-2] [MQTT-3.8.3-5] [MQTT-3.10.3-1] [MQTT-3.10.3-2]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.send_bytes(data) == [Disconnect(code)]


async def test_unsubscribe() -> None:
    """[MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-3] [MQTT-3.10.4-4] [MQTT-3.10.4-5]
    [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2]"""
    receiver, publisher = await pair(await oasis())
    await publisher.send(Publish("t", b"x", 2, packet_id=1))
    await receiver.received()
    assert await receiver.send(Unsubscribe(9, ("none", "t"))) == [UnsubAck(9, (0x11, 0))]
    await publisher.send(Publish("t", b"y"))
    assert await receiver.received() == []
    assert await receiver.send(Ack(PUBREC, 1)) == [Ack(PUBREL, 1)]


@pytest.mark.parametrize("topic_filter", ["a#", "#/a", "a/#/b", "a+", "+a/b", ""])
async def test_filters_that_are_none(topic_filter: str) -> None:
    """[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.subscribe(topic_filter) == [SubAck(1, (0x8F,))]


async def test_wildcards_do_not_match_what_begins_with_a_dollar() -> None:
    """[MQTT-4.7.2-1]"""
    bench = await oasis()
    receiver, publisher = await bench.connect("r", V5), await bench.connect("p", V5)
    for topic_filter in ("#", "+/x", "$SYS/#"):
        await receiver.subscribe(topic_filter)
    await publisher.send(Publish("$SYS/x", b"once"), Publish("$OTHER/x", b"never"))
    assert await receiver.payloads() == [b"once"]


async def test_topics_of_65535_bytes() -> None:
    """[MQTT-4.7.3-3]"""
    client = await (await oasis()).connect("c", V5)
    topic = "x" * 65_535
    assert await client.subscribe(topic) == [SubAck(1, (0,))]
    assert await client.send(Publish(topic, b"y")) == [Publish(topic, b"y")]


@pytest.mark.parametrize("name", ["$share//t", "$share/g", "$share/g/", "$share/a#/t"])
async def test_shared_subscriptions_are_well_formed(name: str) -> None:
    """[MQTT-4.8.2-1] [MQTT-4.8.2-2]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.subscribe(name) == [SubAck(1, (0x8F,))]


async def test_no_local_on_a_shared_subscription() -> None:
    """[MQTT-3.8.3-4]"""
    client = await (await oasis()).connect("c", V5)
    assert await client.subscribe("$share/g/t", 0x04) == [Disconnect(0x82)]


async def test_shared_subscriptions_have_the_qos_of_each_member() -> None:
    """[MQTT-4.8.2-3]"""
    bench = await oasis()
    members = [await bench.connect(f"m{qos}", V5) for qos in (0, 1)]
    for qos, member in enumerate(members):
        await member.subscribe("$share/g/t", qos)
    publisher = await bench.connect("p", V5)
    await publisher.send(*(Publish("t", b"x", 2, packet_id=i) for i in range(1, 31)))
    for qos, member in enumerate(members):
        got = await member.received()
        assert all(isinstance(packet, Publish) and packet.qos == qos for packet in got)


async def test_a_shared_qos_2_message_stays_with_its_member() -> None:
    """[MQTT-4.8.2-4] [MQTT-4.8.2-5]"""
    bench = await oasis()
    first = await bench.connect("first", V5, clean=False, properties=EXPIRY)
    await first.subscribe("$share/g/t", 2)
    publisher = await bench.connect("p", V5)
    await publisher.send(Publish("t", b"x", 2, packet_id=1))
    second = await bench.connect("second", V5)
    await second.subscribe("$share/g/t", 2)
    first.lose()
    await bench.tick(1)
    assert await second.payloads() == []
    again = await bench.connect("first", V5, clean=False, properties=EXPIRY)
    assert list(again.connection.session.in_flight) == [1]
    again.lose()
    await bench.tick(301)
    assert await second.payloads() == []


@pytest.mark.parametrize(("qos", "kind"), [(1, PUBACK), (2, PUBREC)])
async def test_a_refused_shared_message_goes_to_nobody_else(qos: int, kind: PacketType) -> None:
    """[MQTT-4.8.2-6]"""
    bench = await oasis()
    first = await bench.connect("first", V5)
    await first.subscribe("$share/g/t", qos)
    publisher = await bench.connect("p", V5)
    await publisher.send(Publish("t", b"x", qos, packet_id=1))
    second = await bench.connect("second", V5)
    await second.subscribe("$share/g/t", qos)
    await first.send(Ack(kind, 1, 0x83))
    await bench.tick(1)
    assert await second.payloads() == []
    assert not first.connection.session.in_flight


async def test_more_than_the_receive_maximum_of_the_server() -> None:
    """[MQTT-4.13.1-1]"""
    bench = await start(settings=replace(oasis_settings(), window=2), clock=ManualClock(at=1e9))
    assert isinstance(bench.broker.settings, BrokerSettings)
    client = await bench.connect("c", V5)
    answers = await client.send(*(Publish("t", b"", 2, packet_id=i) for i in (1, 2, 3)))
    assert answers[-1] == Disconnect(0x93)
