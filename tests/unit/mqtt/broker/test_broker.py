"""The broker as clients meet it: each test a short conversation."""

import json

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, FailingJournal, memory_journal, start

from keyfob.core.clock import ManualClock
from keyfob.mqtt.broker import BrokerSettings, DisconnectReason, oasis_settings
from keyfob.mqtt.codec import Properties, PropertyId, encode
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
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
    WillMessage,
)
from keyfob.mqtt.session import QueueBounds

V3, V5 = Version.V3, Version.V5


def ack(packet_id: int, code: int = 0) -> Ack:
    return Ack(PacketType.PUBACK, packet_id, code)


async def test_qos_0_goes_to_subscribers_of_both_versions() -> None:
    bench = await start()
    old, new = await bench.connect("old"), await bench.connect("new", V5)
    publisher = await bench.connect("publisher")
    await old.subscribe("a/+")
    await new.subscribe("a/b")
    await publisher.send(Publish("a/b", b"one"), Publish("a/b", b"two"), Publish("a/b", b"three"))
    assert await old.received() == [
        Publish("a/b", b"one"), Publish("a/b", b"two"), Publish("a/b", b"three")
    ]  # fmt: skip
    assert await new.payloads() == [b"one", b"two", b"three"]


async def test_a_run_is_forwarded_as_the_bytes_that_came_and_written_once() -> None:
    bench = await start()
    receivers = [await bench.connect(f"r{index}") for index in range(3)]
    for receiver in receivers:
        await receiver.subscribe("t")
        receiver.outlet.writes.clear()
    publisher = await bench.connect("publisher")
    data = b"".join(b"\x30\x05\x00\x01t%02d" % index for index in range(20))
    await publisher.send_bytes(data)
    first = receivers[0].outlet.writes
    assert first == [data]
    assert all(receiver.outlet.writes[0] is first[0] for receiver in receivers)


async def test_packets_cut_anywhere_are_the_same_packets() -> None:
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("t")
    data = b"".join(b"\x30\x05\x00\x01t%02d" % index for index in range(9))
    expected = [b"%02d" % index for index in range(9)]
    for cut in range(1, len(data)):
        publisher.connection.data_received(data[:cut])
        publisher.connection.data_received(data[cut:])
        assert await receiver.payloads() == expected, cut
    for byte in data:
        publisher.connection.data_received(bytes((byte,)))
    assert await receiver.payloads() == expected


async def test_order_over_topics_is_kept() -> None:
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("#")
    await publisher.send(*(Publish(topic, topic.encode()) for topic in ("a", "b", "a", "c", "a")))
    assert await receiver.payloads() == [b"a", b"b", b"a", b"c", b"a"]


async def test_qos_1_both_ways() -> None:
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("t", 1)
    assert await publisher.send(Publish("t", b"x", 1, packet_id=7)) == [ack(7)]
    assert await receiver.received() == [Publish("t", b"x", 1, packet_id=1)]
    await receiver.send(ack(1))
    assert not receiver.connection.session.in_flight


async def test_no_more_than_the_window_is_in_flight_and_order_is_kept() -> None:
    bench = await start(settings=BrokerSettings(window=3))
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("t", 1)
    await publisher.send(*(Publish("t", b"%d" % i, 1, packet_id=i) for i in range(1, 8)))
    sent = await receiver.received()
    assert [p.payload for p in sent if isinstance(p, Publish)] == [b"1", b"2", b"3"]
    sent = await receiver.send(ack(2), ack(1), ack(3))
    assert [p.payload for p in sent if isinstance(p, Publish)] == [b"4", b"5", b"6"]


@pytest.mark.parametrize("qos", [0, 1])
async def test_denied_publish_v3_closes_without_an_answer(qos: int) -> None:
    bench = await start()
    client = await bench.connect("c")
    client.authorizer.denied_publish.add("t")
    assert await client.send(Publish("t", b"", qos, packet_id=qos)) == []
    assert client.outlet.is_closed
    assert bench.broker.metrics.publish_in_auth_error == 1


async def test_denied_publish_v5_qos_1_gets_0x87_and_stays() -> None:
    bench = await start(settings=BrokerSettings(explain_to_clients=True))
    client = await bench.connect("c", V5)
    client.authorizer.denied_publish.add("t")
    answers = await client.send(
        Publish("t", b"", 1, packet_id=9), Publish("u", b"", 1, packet_id=10)
    )
    why = Properties({PropertyId.REASON_STRING: "no statement allows it"})
    assert answers == [Ack(PacketType.PUBACK, 9, 0x87, why), ack(10)]
    assert not client.outlet.is_closed


async def test_denied_publish_v5_qos_0_is_a_disconnect() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    client.authorizer.denied_publish.add("t")
    assert await client.send(Publish("t", b"")) == [Disconnect(0x87)]
    assert client.outlet.is_closed


async def test_retain_publish_is_judged_on_its_own() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    client.authorizer.denied_retain.add("t")
    answers = await client.send(
        Publish("t", b"x", 1, packet_id=1), Publish("t", b"x", 1, True, packet_id=2)
    )
    assert answers == [ack(1), ack(2, 0x87)]
    assert bench.broker.retained.get("t") is None


async def test_denied_subscribe_v3_closes_without_suback() -> None:
    bench = await start()
    client = await bench.connect("c")
    client.authorizer.denied_subscribe.add("b/#")
    requests = (SubscriptionRequest("a/#", 0), SubscriptionRequest("b/#", 0))
    assert await client.send(Subscribe(1, requests)) == []
    assert client.outlet.is_closed


async def test_denied_subscribe_v5_gets_0x87_for_that_filter() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    client.authorizer.denied_subscribe.add("b/#")
    requests = (SubscriptionRequest("a/#", 1), SubscriptionRequest("b/#", 1))
    assert await client.send(Subscribe(1, requests)) == [SubAck(1, (1, 0x87))]
    assert list(client.connection.session.subscriptions) == ["a/#"]


async def test_denied_subscribe_v3_oasis_gets_0x80() -> None:
    bench = await start(settings=oasis_settings())
    client = await bench.connect("c")
    client.authorizer.denied_subscribe.add("b")
    assert await client.subscribe("b") == [SubAck(1, (0x80,))]


async def test_denied_receive_is_a_silent_drop() -> None:
    bench = await start()
    denied, allowed = await bench.connect("d"), await bench.connect("a")
    denied.authorizer.denied_receive.add("t")
    for client in (denied, allowed):
        await client.subscribe("t", 1)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"0"), Publish("t", b"1", 1, packet_id=1))
    assert await allowed.payloads() == [b"0", b"1"]
    assert await denied.received() == []
    assert not denied.outlet.is_closed
    assert bench.broker.metrics.publish_out_auth_error == 2


async def test_an_epoch_change_stops_deliveries_at_the_next_packet() -> None:
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("t", 1)
    await publisher.send(Publish("t", b"1"), Publish("t", b"2"))
    receiver.authorizer.denied_receive.add("t")
    await publisher.send(Publish("t", b"3"))
    assert await receiver.payloads() == [b"1", b"2", b"3"]  # the epoch stands: the answer is kept
    receiver.authorizer.epoch += 1
    await publisher.send(Publish("t", b"4"), Publish("t", b"5", 1, packet_id=1))
    assert await receiver.payloads() == []
    receiver.authorizer.denied_receive.clear()
    receiver.authorizer.epoch += 1
    await publisher.send(Publish("t", b"6"))
    assert await receiver.payloads() == [b"6"]


async def test_an_epoch_change_stops_publishing_at_the_next_packet() -> None:
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("t")
    await publisher.send(Publish("t", b"1"))
    publisher.authorizer.denied_publish.add("t")
    publisher.authorizer.epoch += 1
    await publisher.send(Publish("t", b"2"))
    assert await receiver.payloads() == [b"1"]
    assert publisher.outlet.is_closed


async def test_each_topic_is_judged_once_per_epoch() -> None:
    bench = await start()
    publisher = await bench.connect("p")
    for _ in range(5):
        await publisher.send(Publish("t", b"1"), Publish("u", b"22"))
    assert publisher.authorizer.asked.count("publish t") == 1


async def test_takeover() -> None:
    bench = await start()
    first = await bench.connect("same", V5)
    second = await bench.connect("same")
    assert await first.received() == [Disconnect(0x8E)]
    assert first.outlet.is_closed
    assert not second.outlet.is_closed
    first.lose()
    assert [view.client_id for view in bench.broker.connections()] == ["same"]


@pytest.mark.parametrize("version", Version)
async def test_refused_connect(version: Version) -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("$aws/events/presence/connect_failed/+")
    client = await _refused(bench, version)
    code = 0x87 if version is V5 else 5
    assert client == [ConnAck(False, code)]
    event = json.loads((await watcher.payloads())[0])
    assert event["connectFailureReason"] == "AUTHORIZATION_FAILED"


async def _refused(bench: Bench, version: Version) -> list[Packet]:

    client = Client(bench, version)
    client.authorizer.allows_connect = False
    answers = await client.send(Connect(version, "c"))
    assert client.outlet.is_closed
    assert client.authorizer.is_closed
    return answers


async def test_retained_is_sent_to_exact_subscriptions_only() -> None:
    bench = await start()
    publisher = await bench.connect("p")
    await publisher.send(Publish("a/b", b"last", 1, True, packet_id=1))
    receiver = await bench.connect("r")
    assert await receiver.subscribe("a/+") == [SubAck(1, (0,))]
    assert await receiver.subscribe("a/b", 1) == [
        SubAck(1, (1,)), Publish("a/b", b"last", 1, True, packet_id=1)
    ]  # fmt: skip
    await publisher.send(Publish("a/b", b"", 0, True))
    assert await receiver.payloads() == [b""]
    assert await receiver.subscribe("a/b") == [SubAck(1, (0,))]


async def test_retained_matches_wildcards_in_the_standard() -> None:
    bench = await start(settings=oasis_settings())
    publisher, receiver = await bench.connect("p"), await bench.connect("r")
    await publisher.send(Publish("a", b"last", 0, True))
    answers = await receiver.subscribe("a/#")
    assert answers == [SubAck(1, (0,)), Publish("a", b"last", 0, True)]


async def test_retained_needs_the_right_to_receive() -> None:
    bench = await start()
    publisher, receiver = await bench.connect("p"), await bench.connect("r")
    await publisher.send(Publish("t", b"last", 0, True))
    receiver.authorizer.denied_receive.add("t")
    assert await receiver.subscribe("t") == [SubAck(1, (0,))]


async def test_will_is_sent_when_the_connection_is_lost_and_not_on_disconnect() -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("gone")
    lost = await bench.connect("lost", will=WillMessage("gone", b"lost"))
    left = await bench.connect("left", will=WillMessage("gone", b"left"))
    assert lost.authorizer.will is not None and lost.authorizer.will.topic == "gone"
    lost.lose()
    await left.send(Disconnect())
    left.lose()
    assert await watcher.payloads() == [b"lost"]


async def test_will_is_not_sent_when_it_is_no_longer_allowed() -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("gone")
    client = await bench.connect("c", will=WillMessage("gone", b"x"))
    client.authorizer.denied_publish.add("gone")
    client.lose()
    assert await watcher.payloads() == []


async def test_delayed_will_waits_and_is_dropped_by_a_resumption() -> None:
    bench = await start()
    watcher = await bench.connect("w", keep_alive_s=0)
    await watcher.subscribe("gone")
    delay = Properties({PropertyId.WILL_DELAY_INTERVAL: 30})
    expiry = Properties({PropertyId.SESSION_EXPIRY_INTERVAL: 300})
    will = WillMessage("gone", b"x", properties=delay)
    client = await bench.connect("c", V5, will=will, properties=expiry)
    client.lose()
    await bench.tick(20)
    again = await bench.connect("c", V5, clean=False, will=will, properties=expiry)
    await bench.tick(20)
    assert await watcher.payloads() == []
    again.lose()
    await bench.tick(31)
    assert await watcher.payloads() == [b"x"]


async def test_session_and_queue_survive_a_new_broker() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"in flight", 1, packet_id=1))
    assert await receiver.payloads() == [b"in flight"]
    receiver.lose()
    assert await publisher.send(Publish("t", b"queued", 1, packet_id=2)) == [ack(2)]
    await publisher.send(Publish("r", b"kept", 1, True, packet_id=3))
    await bench.loop.settle()

    after = await start(journal, clock=clock)
    resumed = await after.connect("r", clean=False)
    assert resumed.answer == ConnAck(True, 0)
    resent = _in_flight(resumed)
    assert resent == [b"in flight", b"queued"]
    kept = after.broker.retained.get("r")
    assert kept is not None and kept.payload == b"kept"
    await resumed.send(ack(1), ack(2))
    resumed.lose()
    await after.loop.settle()
    sessions, _ = await journal.load()
    assert sessions[0].messages == ()


def _in_flight(client: Client) -> list[bytes]:
    return [m.payload for m, _ in client.connection.session.in_flight.values() if m is not None]


async def test_unacknowledged_is_sent_again_with_dup_and_the_same_id() -> None:
    bench = await start()
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"x", 1, packet_id=5))
    receiver.lose()
    again = await bench.connect("r", clean=False)
    data = again.outlet.writes
    assert data[-1].endswith(b"\x3a\x06\x00\x01t\x00\x01x")


async def test_queued_messages_are_judged_when_they_are_sent() -> None:
    bench = await start()
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    receiver.lose()
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"secret", 1, packet_id=1))

    client = Client(bench, V3)
    client.authorizer.denied_receive.add("t")
    assert await client.send(Connect(V3, "r", clean_start=False)) == [ConnAck(True, 0)]
    assert bench.broker.metrics.publish_out_auth_error == 1


async def test_a_session_ends_after_its_expiry() -> None:
    bench = await start()
    client = await bench.connect("c", clean=False)
    await client.subscribe("t", 1)
    client.lose()
    await bench.tick(3601)
    again = await bench.connect("c", clean=False)
    assert again.answer == ConnAck(False, 0)
    assert not again.connection.session.subscriptions


async def test_the_journal_fails_v3_gets_no_puback() -> None:
    bench = await start(FailingJournal())
    client = await bench.connect("c")
    assert await client.send(Publish("t", b"x", 1, packet_id=1)) == [ack(1)]  # needs no disk
    assert await client.send(Publish("t", b"x", 1, True, packet_id=2)) == []
    assert client.outlet.is_closed
    assert bench.broker.retained.get("t") is None


@pytest.mark.parametrize("version", Version)
async def test_more_unacknowledged_than_the_window(version: Version) -> None:
    bench = await start(settings=BrokerSettings(window=2))
    client = await bench.connect("c", version)
    packets = [Publish("t", b"x", 1, True, packet_id=number) for number in (1, 2, 3)]
    client.connection.data_received(b"".join(encode(packet, version) for packet in packets))
    if version is V5:
        assert await client.received() == [Disconnect(0x93)]
        return
    assert client.outlet.is_paused
    assert await client.received() == [ack(1), ack(2), ack(3)]
    assert _is_reading(client)


async def test_the_journal_fails_v5_is_told() -> None:
    bench = await start(FailingJournal())
    client = await bench.connect("c", V5)
    answers = await client.send(Publish("t", b"x", 1, True, packet_id=2))
    assert answers == [ack(2, 0x83)]
    assert not client.outlet.is_closed


async def test_the_journal_fails_no_persistent_session_opens() -> None:
    bench = await start(FailingJournal())

    client = Client(bench, V3)
    assert await client.send(Connect(V3, "c", clean_start=False)) == [ConnAck(False, 3)]
    assert client.outlet.is_closed


async def test_bytes_behind_connect_wait_for_connack() -> None:
    bench = await start()

    client = Client(bench, V3)
    data = encode(Connect(V3, "c", clean_start=False), V3) + encode(PingReq(), V3)
    assert await client.send_bytes(data) == [ConnAck(False, 0), PingResp()]
    assert not client.outlet.is_paused


async def test_keep_alive() -> None:
    bench = await start()
    client = await bench.connect("c", V5, keep_alive_s=10)  # AWS: 30
    await bench.tick(1)
    await bench.tick(40)
    await client.send(PingReq())
    await bench.tick(1)
    await bench.tick(44)
    assert not client.outlet.is_closed
    await bench.tick(2)
    assert await client.received() == [Disconnect(0x8D)]
    assert client.outlet.is_closed


async def test_a_silent_connection_is_closed() -> None:
    bench = await start()
    client = Client(bench, V3)
    await bench.tick(11)
    assert client.outlet.is_closed


async def test_connack_properties_of_aws() -> None:
    bench = await start()
    client = await bench.connect("", V5, keep_alive_s=0)
    answer = client.answer
    assert isinstance(answer, ConnAck)
    properties = answer.properties
    assert properties[PropertyId.RECEIVE_MAXIMUM] == 100
    assert properties[PropertyId.TOPIC_ALIAS_MAXIMUM] == 8
    assert properties[PropertyId.MAXIMUM_QOS] == 1
    assert properties[PropertyId.SERVER_KEEP_ALIVE] == 1200
    assert properties[PropertyId.SUBSCRIPTION_IDENTIFIER_AVAILABLE] == 0
    assert str(properties[PropertyId.ASSIGNED_CLIENT_IDENTIFIER]).startswith("auto-")


async def test_v5_properties_are_forwarded_and_expiry_counts_down() -> None:
    bench = await start()
    receiver, old = await bench.connect("r", V5), await bench.connect("o")
    publisher = await bench.connect("p", V5)
    await receiver.subscribe("t")
    await old.subscribe("t")
    properties = Properties(
        {
            PropertyId.CONTENT_TYPE: "text/plain",
            PropertyId.RESPONSE_TOPIC: "back",
            PropertyId.CORRELATION_DATA: b"\x01",
            PropertyId.USER_PROPERTY: (("a", "1"), ("a", "2")),
        }
    )
    sent = Properties({PropertyId.MESSAGE_EXPIRY_INTERVAL: 60, **properties})
    await publisher.send(Publish("t", b"x", properties=sent))
    assert await receiver.received() == [Publish("t", b"x", properties=sent)]
    assert await old.received() == [Publish("t", b"x")]


async def test_topic_aliases() -> None:
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p", V5)
    await receiver.subscribe("t")
    alias = Properties({PropertyId.TOPIC_ALIAS: 8})
    await publisher.send(Publish("t", b"1", properties=alias), Publish("", b"2", properties=alias))
    assert await receiver.payloads() == [b"1", b"2"]
    too_high = Properties({PropertyId.TOPIC_ALIAS: 9})
    assert await publisher.send(Publish("t", b"", properties=too_high)) == [Disconnect(0x94)]


async def test_no_local() -> None:
    bench = await start()
    client, other = await bench.connect("c", V5), await bench.connect("o")
    await client.subscribe("t", 0x05)
    await client.send(Publish("t", b"own"), Publish("t", b"own", 1, packet_id=1))
    assert await client.payloads() == []
    await other.send(Publish("t", b"other"))
    assert await client.payloads() == [b"other"]


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (Publish("t", b"", 2, packet_id=1), 0x9B),
        (Subscribe(1, (SubscriptionRequest("t", 2),)), 0x9B),
        (
            Subscribe(
                1,
                (SubscriptionRequest("t", 0),),
                Properties({PropertyId.SUBSCRIPTION_IDENTIFIER: 1}),
            ),
            0xA1,
        ),
        (Publish("a/+", b""), 0x90),
        (Publish("$aws/things", b""), 0x90),
        (Publish("t", b"x" * (128 * 1024 + 1)), 0x97),
        (SubAck(1, (0,)), 0x82),
    ],
)
async def test_what_a_v5_client_may_not_send(packet: Packet, code: int) -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    assert await client.send(packet) == [Disconnect(code)]
    assert client.outlet.is_closed


async def test_a_v5_puback_says_what_is_wrong_with_a_topic() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    assert await client.send(Publish("a/b/c/d/e/f/g/h/i", b"", 1, packet_id=3)) == [ack(3, 0x90)]


@pytest.mark.parametrize(
    "data",
    [b"\x30\x00", b"\x00\x00", b"\x10\x00", b"\x30\xff\xff\xff\xff\xff", b"\x82\x02\x00\x01"],
)
async def test_malformed_bytes_end_the_connection(data: bytes) -> None:
    bench = await start()
    client = await bench.connect("c")
    assert await client.send_bytes(data) == []
    assert client.outlet.is_closed
    client.connection.data_received(b"\xc0\x00")
    assert await client.received() == []


async def test_a_second_connect_ends_the_connection() -> None:

    bench = await start()
    client = await bench.connect("c", V5)
    assert await client.send(Connect(V5, "c")) == [Disconnect(0x82)]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"\xc0\x00", b"\x30\x03\x00\x01t"])
async def test_bytes_before_connect_end_the_connection(data: bytes) -> None:
    client = Client(await start(), V3)
    assert await client.send_bytes(data) == []
    assert client.outlet.is_closed


async def test_mqtt_3_1_is_told_the_version_is_not_supported() -> None:
    client = Client(await start(), V3)
    data = b"\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01c"
    assert await client.send_bytes(data) == [ConnAck(False, 1)]
    assert client.outlet.is_closed


async def test_client_id_rules() -> None:
    bench = await start()
    long = await bench.connect("x" * 129)
    assert long.answer == ConnAck(False, 2)
    empty = await bench.connect("", clean=False)
    assert empty.answer == ConnAck(False, 2)
    assert (await bench.connect("")).answer == ConnAck(False, 0)


async def test_lifecycle_events() -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("$aws/events/#")
    client = await bench.connect("c")
    await client.subscribe("t")
    await client.send(Unsubscribe(2, ("t",)))
    await client.send(Disconnect())
    events = [json.loads(payload) for payload in await watcher.payloads()]
    mine = [event for event in events if event["clientId"] == "c"]
    kinds = [event["eventType"] for event in mine]
    assert kinds == ["connected", "subscribed", "unsubscribed", "disconnected"]
    assert mine[0]["ipAddress"] == "192.0.2.7"
    assert mine[3]["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
    assert mine[0]["versionNumber"] == mine[3]["versionNumber"] == 0
    assert len({event["sessionIdentifier"] for event in mine}) == 1


async def test_unsubscribe() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    await client.subscribe("t")
    assert await client.send(Unsubscribe(3, ("t", "u"))) == [UnsubAck(3, (0, 0))]
    await client.send(Publish("t", b"x"))
    assert await client.payloads() == []


def _is_reading(client: Client) -> bool:
    return not client.outlet.is_paused


async def test_a_slow_receiver_holds_its_publisher_until_it_stalls_and_then_loses_qos_0() -> None:
    bench = await start(settings=BrokerSettings(receiver_max_bytes=1000))
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("t", 1)
    receiver.connection.pause_writing()
    await publisher.send(Publish("t", b"1"))
    assert publisher.outlet.is_paused
    bench.loop.fire_timers()
    assert _is_reading(publisher)
    receiver.outlet.buffered = 1000
    await publisher.send(Publish("t", b"lost"), Publish("t", b"waits", 1, packet_id=1))
    assert bench.broker.metrics.publish_out_throttle == 1
    assert await receiver.payloads() == [b"1"]
    receiver.connection.resume_writing()
    assert await receiver.payloads() == [b"waits"]


async def test_a_full_queue_drops_new_messages() -> None:
    bench = await start(settings=BrokerSettings(queue=QueueBounds(2, 1000)))
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    receiver.lose()
    publisher = await bench.connect("p")
    for index in range(4):
        await publisher.send(Publish("t", b"%d" % index, 1, packet_id=index + 1))
    assert bench.broker.metrics.queued_throttle == 2
    again = await bench.connect("r", clean=False)
    assert _in_flight(again) == [b"0", b"1"]


async def test_publish_for_a_service_and_administration() -> None:
    bench = await start()
    client = await bench.connect("c", V5, will=WillMessage("t", b"will"))
    await client.subscribe("t")
    await bench.broker.publish("t", b"from above", retain=True)
    assert await client.payloads() == [b"from above"]
    assert [message.topic for message in bench.broker.retained.all()] == ["t"]
    assert [view.client_id for view in bench.broker.connections()] == ["c"]
    assert bench.broker.disconnect("c", prevent_will=True)
    assert not bench.broker.disconnect("c")
    assert await client.received() == [Disconnect(0x98)]


async def test_publish_for_a_service_fails_with_the_journal() -> None:
    bench = await start(FailingJournal())
    with pytest.raises(OSError):
        await bench.broker.publish("t", b"x", retain=True)


async def test_stop_says_so() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    await bench.broker.stop()
    assert await client.received() == [Disconnect(0x8B)]


async def test_subscription_quota() -> None:
    bench = await start(settings=BrokerSettings(max_subscriptions=2))
    client = await bench.connect("c")
    requests = tuple(SubscriptionRequest(name, 0) for name in ("a", "b", "c"))
    assert await client.send(Subscribe(1, requests)) == [SubAck(1, (0, 0, 0x80))]


async def test_a_v5_receiver_is_not_sent_what_is_too_large_for_it() -> None:
    bench = await start()
    small = await bench.connect(
        "s", V5, properties=Properties({PropertyId.MAXIMUM_PACKET_SIZE: 512})
    )
    publisher = await bench.connect("p", V5)
    await small.subscribe("t", 1)
    await publisher.send(
        Publish("t", b"x" * 600), Publish("t", b"y" * 600, 1, packet_id=1), Publish("t", b"z")
    )
    assert await small.payloads() == [b"z"]


async def test_websocket_close_counts_as_disconnect() -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("gone")
    client = await bench.connect("c", will=WillMessage("gone", b"x"))
    client.connection.peer_closed()
    assert await watcher.payloads() == []
    assert client.authorizer.is_closed


async def test_the_server_ends_a_connection() -> None:
    bench = await start()
    client = await bench.connect("c")
    client.connection.close(DisconnectReason.WEBSOCKET_TTL_EXPIRATION)
    assert client.outlet.is_closed
