"""PUBLISH and what answers it, in both directions; profile `oasis`, MQTT 3.1.1."""

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, start

from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Packet,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Unsubscribe,
    Version,
)

V3 = Version.V3
PUBACK, PUBREC, PUBREL, PUBCOMP = (
    PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP
)  # fmt: skip


async def oasis() -> Bench:
    return await start(settings=oasis_settings())


async def pair(bench: Bench, qos: int = 2, *, clean: bool = True) -> tuple[Client, Client]:
    receiver = await bench.connect("r", clean=clean)
    await receiver.subscribe("t", qos)
    return receiver, await bench.connect("p")


async def resume(bench: Bench) -> tuple[Client, list[Packet]]:
    """Let the receiver come back; return it and what follows its CONNACK."""
    client = Client(bench, V3)
    answers = await client.send(Connect(V3, "r", clean_start=False))
    assert answers[0] == ConnAck(True, 0)
    return client, answers[1:]


async def test_each_qos_is_delivered_and_answered_as_it_should_be() -> None:
    """[MQTT-2.3.1-4] [MQTT-2.3.1-5] [MQTT-2.3.1-6] [MQTT-3.3.1-2] [MQTT-3.3.1-3] [MQTT-3.3.2-3]
    [MQTT-3.3.4-1] [MQTT-4.3.1-1] [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.3-1] [MQTT-4.3.3-2]
    [MQTT-4.5.0-1]"""
    receiver, publisher = await pair(await oasis())
    answers = await publisher.send(
        Publish("t", b"0"),
        Publish("t", b"1", 1, dup=True, packet_id=7),
        Publish("t", b"2", 2, dup=True, packet_id=8),
    )
    assert answers == [Ack(PUBACK, 7), Ack(PUBREC, 8)]
    assert await publisher.send(Ack(PUBREL, 8)) == [Ack(PUBCOMP, 8)]
    assert await receiver.received() == [
        Publish("t", b"0"), Publish("t", b"1", 1, packet_id=1), Publish("t", b"2", 2, packet_id=2)
    ]  # fmt: skip
    assert await receiver.send(Ack(PUBACK, 1), Ack(PUBREC, 2)) == [Ack(PUBREL, 2)]
    assert await receiver.send(Ack(PUBCOMP, 2)) == []
    assert not receiver.connection.session.in_flight


async def test_an_identifier_in_use_is_not_given_again() -> None:
    """[MQTT-2.3.1-4]"""
    receiver, publisher = await pair(await oasis())
    await publisher.send(*(Publish("t", b"x", 1, packet_id=i) for i in range(1, 4)))
    ids = {p.packet_id for p in await receiver.received() if isinstance(p, Publish)}
    assert len(ids) == 3
    await receiver.send(Ack(PUBACK, 2))
    await publisher.send(Publish("t", b"x", 1, packet_id=4))
    (packet,) = await receiver.received()
    assert isinstance(packet, Publish) and packet.packet_id not in ids - {2}


async def test_a_qos_2_message_comes_once() -> None:
    """[MQTT-4.3.3-2]"""
    receiver, publisher = await pair(await oasis(), 0)
    message = Publish("t", b"x", 2, packet_id=1)
    again = Publish("t", b"x", 2, dup=True, packet_id=1)
    assert await publisher.send(message, again) == [Ack(PUBREC, 1)] * 2
    assert await receiver.payloads() == [b"x"]
    assert await publisher.send(Ack(PUBREL, 1), Ack(PUBREL, 1)) == [Ack(PUBCOMP, 1)] * 2
    await publisher.send(message)
    assert await receiver.payloads() == [b"x"]


async def test_what_is_not_acknowledged_comes_again_as_it_was_and_in_order() -> None:
    """[MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-2.3.1-4]"""
    bench = await oasis()
    receiver, publisher = await pair(bench, clean=False)
    await publisher.send(*(Publish("t", b"%d" % i, 1 + i % 2, packet_id=i) for i in (1, 2, 3)))
    await receiver.received()
    assert await receiver.send(Ack(PUBREC, 1)) == [Ack(PUBREL, 1)]
    await bench.tick(20)
    assert await receiver.received() == []
    receiver.lose()
    _, answers = await resume(bench)
    assert [a for a in answers if isinstance(a, Publish)] == [
        Publish("t", b"2", 1, dup=True, packet_id=2), Publish("t", b"3", 2, dup=True, packet_id=3)
    ]  # fmt: skip
    assert Ack(PUBREL, 1) in answers


@pytest.mark.parametrize("first", [0x36, 0x3E])
async def test_qos_3(first: int) -> None:
    """[MQTT-3.3.1-4] [MQTT-4.8.0-1]"""
    client = await (await oasis()).connect("c")
    assert await client.send_bytes(bytes((first,)) + b"\x05\x00\x01t\x00\x01") == []
    assert client.outlet.is_closed


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_retained_messages_are_kept_replaced_and_removed(qos: int) -> None:
    """[MQTT-3.3.1-5] [MQTT-3.3.1-7] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.3.1-12]"""
    bench = await oasis()
    publisher = await bench.connect("p")
    for number, (payload, retain) in enumerate(((b"1", True), (b"2", True), (b"3", False)), 1):
        await publisher.send(Publish("t", payload, qos, retain, packet_id=number if qos else 0))
    kept = bench.broker.retained.get("t")
    assert kept is not None and (kept.payload, kept.qos) == (b"2", qos)
    await publisher.send(Publish("t", b"", qos, True, packet_id=9 if qos else 0))
    assert bench.broker.retained.get("t") is None


async def test_a_new_subscription_gets_the_retained_message_marked_and_others_do_not() -> None:
    """[MQTT-3.3.1-6] [MQTT-3.3.1-8] [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.8.4-3]"""
    bench = await oasis()
    receiver, publisher = await pair(bench)
    await publisher.send(Publish("t", b"x", 0, True))
    assert await receiver.received() == [Publish("t", b"x")]
    for topic_filter in ("t", "t", "+", "#"):
        answers = await receiver.subscribe(topic_filter)
        assert answers == [SubAck(1, (0,)), Publish("t", b"x", 0, True)]
    await receiver.send(Unsubscribe(2, ("+", "#")))
    await publisher.send(Publish("t", b"", 0, True))
    assert await receiver.received() == [Publish("t", b"")]
    assert await receiver.subscribe("t") == [SubAck(1, (0,))]


@pytest.mark.parametrize("topic", ["a/+", "#", "a#", "a/#"])
async def test_topic_names_have_no_wildcards(topic: str) -> None:
    """[MQTT-3.3.2-2] [MQTT-4.7.1-1]"""
    client = await (await oasis()).connect("c")
    assert await client.send(Publish(topic, b"")) == []
    assert client.outlet.is_closed


async def test_overlapping_subscriptions_are_one_copy_at_the_highest_qos() -> None:
    """[MQTT-3.3.5-1]"""
    bench = await oasis()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    for topic_filter, qos in (("a/+", 0), ("a/#", 2), ("a/b", 1)):
        await receiver.subscribe(topic_filter, qos)
    await publisher.send(Publish("a/b", b"x", 2, packet_id=1))
    assert await receiver.received() == [Publish("a/b", b"x", 2, packet_id=1)]


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_publish_that_is_not_allowed_closes(qos: int) -> None:
    """[MQTT-3.3.5-2]"""
    receiver, publisher = await pair(await oasis())
    publisher.authorizer.denied_publish.add("t")
    assert await publisher.send(Publish("t", b"x", qos, packet_id=1 if qos else 0)) == []
    assert publisher.outlet.is_closed
    assert await receiver.received() == []


async def test_subscribe_answers_each_filter_in_order() -> None:
    """[MQTT-2.3.1-7] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1]
    [MQTT-3.9.3-2]"""
    client = await (await oasis()).connect("c")
    client.authorizer.denied_subscribe.add("no")
    requests = [("a", 2), ("no", 0), ("a/#/b", 0), ("b", 1), ("c/+", 0)]
    packet = Subscribe(77, tuple(SubscriptionRequest(name, qos) for name, qos in requests))
    assert await client.send(packet) == [SubAck(77, (2, 0x80, 0x80, 1, 0))]


@pytest.mark.parametrize("published", [0, 1, 2])
@pytest.mark.parametrize("granted", [0, 1, 2])
async def test_the_qos_is_the_lower_one(published: int, granted: int) -> None:
    """[MQTT-3.8.4-6]"""
    receiver, publisher = await pair(await oasis(), granted)
    await publisher.send(Publish("t", b"x", published, packet_id=1 if published else 0))
    (packet,) = await receiver.received()
    assert isinstance(packet, Publish)
    assert packet.qos == min(published, granted)


async def test_an_identical_filter_replaces_the_subscription() -> None:
    """[MQTT-3.8.4-3]"""
    receiver, publisher = await pair(await oasis(), 2)
    await receiver.subscribe("t", 0)
    await publisher.send(Publish("t", b"x", 2, packet_id=1))
    assert await receiver.received() == [Publish("t", b"x")]


async def test_wildcards_are_supported() -> None:
    """[MQTT-3.8.3-2]"""
    bench = await oasis()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("a/+/c")
    await receiver.subscribe("d/#")
    topics = ("a/b/c", "a//c", "a/b/d", "d", "d/e/f", "a/b/c/d")
    await publisher.send(*(Publish(topic, b"") for topic in topics))
    packets = await receiver.received()
    assert [p.topic for p in packets if isinstance(p, Publish)] == ["a/b/c", "a//c", "d", "d/e/f"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x02\x00\x01",
        b"\x82\x06\x00\x01\x00\x01\xff\x00",
        b"\x82\x06\x00\x01\x00\x01t\x04",
        b"\x82\x06\x00\x01\x00\x01t\x03",
        b"\xa2\x02\x00\x01",
        b"\xa2\x05\x00\x01\x00\x01\xff",
    ],
)
async def test_subscribe_and_unsubscribe_that_are_malformed(data: bytes) -> None:
    """[MQTT-3.8.3-1] [MQTT-3.8.3-3] [MQTT-3.8.3-4] [MQTT-3.10.3-1] [MQTT-3.10.3-2]"""
    client = await (await oasis()).connect("c")
    assert await client.send_bytes(data) == []
    assert client.outlet.is_closed


async def test_unsubscribe() -> None:
    """[MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-3] [MQTT-3.10.4-4] [MQTT-3.10.4-5]
    [MQTT-3.10.4-6] [MQTT-2.3.1-7]"""
    receiver, publisher = await pair(await oasis())
    await receiver.subscribe("u/+")
    await publisher.send(Publish("t", b"x", 2, packet_id=1))
    await receiver.received()
    assert await receiver.send(Unsubscribe(9, ("none", "T", "u/#", "t"))) == [UnsubAck(9)]
    await publisher.send(Publish("t", b"y"), Publish("u/v", b"z"))
    assert await receiver.payloads() == [b"z"]
    assert await receiver.send(Ack(PUBREC, 1)) == [Ack(PUBREL, 1)]


async def test_acknowledgements_and_messages_keep_their_order() -> None:
    """[MQTT-4.6.0-5] [MQTT-4.6.0-6]"""
    receiver, publisher = await pair(await oasis())
    kinds = {1: PUBACK, 2: PUBREC}
    order = [(1, 1), (2, 5), (1, 2), (2, 6), (2, 3)]
    packets = [Publish("t", b"%d" % number, qos, packet_id=number) for qos, number in order]
    assert await publisher.send(*packets) == [Ack(kinds[qos], number) for qos, number in order]
    assert await receiver.payloads() == [b"%d" % number for _, number in order]


@pytest.mark.parametrize("topic_filter", ["a#", "#/a", "a/#/b", "a+", "+a/b", ""])
async def test_filters_that_are_none(topic_filter: str) -> None:
    """[MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1]"""
    client = await (await oasis()).connect("c")
    assert await client.subscribe(topic_filter) == [SubAck(1, (0x80,))]


async def test_wildcards_do_not_match_what_begins_with_a_dollar() -> None:
    """[MQTT-4.7.2-1]"""
    bench = await oasis()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    for topic_filter in ("#", "+/x", "$SYS/#"):
        await receiver.subscribe(topic_filter)
    await publisher.send(Publish("$SYS/x", b"once"), Publish("$OTHER/x", b"never"))
    assert await receiver.payloads() == [b"once"]


async def test_topics_of_65535_bytes() -> None:
    """[MQTT-4.7.3-3]"""
    client = await (await oasis()).connect("c")
    topic = "x" * 65_535
    assert await client.subscribe(topic) == [SubAck(1, (0,))]
    assert await client.send(Publish(topic, b"y")) == [Publish(topic, b"y")]
