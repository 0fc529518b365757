"""Packets that come in runs are handled as the same packets one by one would be."""

import random

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, FakeAuthorizer, start

from keyfob.mqtt.broker import BrokerSettings
from keyfob.mqtt.codec import Properties, PropertyId, encode
from keyfob.mqtt.codec.packets import Ack, Packet, PacketType, Publish, Version
from keyfob.mqtt.codec.reason import ReasonCode

V3, V5 = Version.V3, Version.V5


def ack(packet_id: int, code: int = 0) -> Ack:
    return Ack(PacketType.PUBACK, packet_id, code)


def numbered(count: int, first: int = 1) -> list[Packet]:
    return [Publish("t", b"%04d" % i, 1, packet_id=i) for i in range(first, first + count)]


async def pair(
    version: Version = V3, receiving: Version = V3, settings: BrokerSettings | None = None
) -> tuple[Bench, Client, Client]:
    bench = await start(settings=settings)
    receiver = await bench.connect("r", receiving)
    publisher = await bench.connect("p", version)
    await receiver.subscribe("t", 1)
    return bench, publisher, receiver


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("receiving", Version)
async def test_a_run_of_qos_1_is_answered_and_delivered_in_order(
    version: Version, receiving: Version
) -> None:
    bench, publisher, receiver = await pair(version, receiving)
    packets = [Publish("t", b"%04d" % i, 1, packet_id=900 - i) for i in range(20)]
    assert await publisher.send(*packets) == [ack(900 - i) for i in range(20)]
    received = await receiver.received()
    assert received == [Publish("t", b"%04d" % i, 1, packet_id=i + 1) for i in range(20)]
    assert bench.broker.metrics.publish_in_success == 20
    assert bench.broker.metrics.publish_out_success == 20


async def test_a_window_that_fills_within_a_run_holds_back_the_rest() -> None:
    _, publisher, receiver = await pair(settings=BrokerSettings(window=8))
    assert len(await publisher.send(*numbered(5))) == 5
    assert len(await publisher.send(*numbered(6, 6))) == 6
    sent = await receiver.payloads()
    assert sent == [b"%04d" % i for i in range(1, 9)]
    rest = await receiver.send(*(ack(i) for i in range(1, 9)))
    assert [p.payload for p in rest if isinstance(p, Publish)] == [b"0009", b"0010", b"0011"]
    assert [p.packet_id for p in rest if isinstance(p, Publish)] == [9, 10, 11]


async def test_packet_ids_wrap_around_what_is_in_flight() -> None:
    _, publisher, receiver = await pair()
    session = receiver.connection.session
    await publisher.send(*numbered(2))  # ids 1 and 2 stay in flight
    await receiver.received()
    session.last_packet_id = 65_530
    await publisher.send(*numbered(10))
    ids = [p.packet_id for p in await receiver.received() if isinstance(p, Publish)]
    assert ids == [65_531, 65_532, 65_533, 65_534, 65_535, 3, 4, 5, 6, 7]


async def test_a_run_of_acknowledgements_frees_the_window_once() -> None:
    _, publisher, receiver = await pair()
    await publisher.send(*numbered(10))
    await receiver.received()
    answers = b"".join(encode(ack(i), V3) for i in (1, 2, 2, 77, 3, 10))
    assert await receiver.send_bytes(answers) == []
    assert set(receiver.connection.session.in_flight) == {4, 5, 6, 7, 8, 9}


async def test_a_persistent_session_keeps_a_run_beside_one_that_is_not() -> None:
    bench = await start()
    kept = await bench.connect("kept", clean=False)
    passing, publisher = await bench.connect("passing"), await bench.connect("p")
    await kept.subscribe("t", 1)
    await passing.subscribe("t", 1)
    assert len(await publisher.send(*numbered(5))) == 5
    assert await kept.payloads() == await passing.payloads() == [b"%04d" % i for i in range(1, 6)]
    kept.lose()
    assert await publisher.send(*numbered(3, 6)) == [ack(i) for i in (6, 7, 8)]
    again = await bench.connect("kept", clean=False)
    assert [p.payload for p in await again.received() if isinstance(p, Publish)] == []
    assert len(again.connection.session.in_flight) == 8


async def test_a_packet_with_properties_in_the_middle_keeps_them() -> None:
    _, publisher, receiver = await pair(V5, V5)
    named = Properties({PropertyId.CONTENT_TYPE: "a"})
    packets = numbered(9)
    packets[4] = Publish("t", b"", 1, packet_id=5, properties=named)  # as long as the others
    assert len(encode(packets[4], V5)) == len(encode(packets[3], V5))
    assert await publisher.send(*packets) == [ack(i) for i in range(1, 10)]
    assert await receiver.received() == packets


async def test_packet_id_zero_within_a_run_ends_the_connection() -> None:
    _, publisher, receiver = await pair()
    packets = [encode(packet, V3) for packet in numbered(3)]
    packets[2] = packets[2].replace(b"\x00\x03", b"\x00\x00")
    await publisher.send_bytes(packets[0])
    await publisher.send_bytes(b"".join(packets[1:]))
    assert publisher.outlet.is_closed
    assert await receiver.payloads() == [b"0001", b"0002"]


@pytest.mark.parametrize("version", Version)
async def test_a_run_after_a_policy_change_is_refused(version: Version) -> None:
    bench, publisher, receiver = await pair(version)
    await publisher.send(*numbered(3))
    publisher.authorizer.denied_publish.add("t")
    publisher.authorizer.epoch += 1
    answers = await publisher.send(*numbered(3, 4))
    assert len(await receiver.payloads()) == 3
    if version is V5:
        assert answers == [ack(i, ReasonCode.NOT_AUTHORIZED) for i in (4, 5, 6)]
        assert bench.broker.metrics.publish_in_auth_error == 3
    else:
        assert publisher.outlet.is_closed


@pytest.mark.parametrize("qos", [0, 1])
async def test_one_epoch_shared_by_all_stops_everybody_at_the_next_packet(qos: int) -> None:
    bench, publisher, receiver = await pair()
    shared = FakeAuthorizer()
    for client in (publisher, receiver):
        client.authorizer.source = shared
    packets = [Publish("t", b"%d" % i, qos, packet_id=i * qos) for i in range(1, 6)]
    bench.broker.router.forget_routes()
    for packet in packets[:3]:  # one a read; all in one tick
        publisher.connection.data_received(encode(packet, V3))
    assert await receiver.payloads() == [b"1", b"2", b"3"]
    receiver.authorizer.denied_receive.add("t")
    publisher.connection.data_received(encode(packets[3], V3))
    shared.epoch += 1  # within the tick
    receiver.authorizer.epoch += 1
    publisher.connection.data_received(encode(packets[4], V3))
    assert await receiver.payloads() == [b"4"]
    assert bench.broker.metrics.publish_out_auth_error == 1


@pytest.mark.parametrize("seed", range(30))
async def test_runs_cut_anywhere_mean_the_same(seed: int) -> None:
    chance = random.Random(seed)
    _, publisher, receiver = await pair(chance.choice(list(Version)), chance.choice(list(Version)))
    packets: list[Packet] = []
    for number in range(1, 60):
        qos = chance.choice((0, 1, 1, 1))
        topic = chance.choice(("t", "t", "t", "u"))
        payload = b"%0*d" % (chance.choice((4, 4, 5)), number)
        packets.append(Publish(topic, payload, qos, packet_id=number * qos))
    data = b"".join(encode(packet, publisher.version) for packet in packets)
    answers: list[Packet] = []
    while data:
        size = chance.choice((1, 9, 40, 400))
        answers += await publisher.send_bytes(data[:size])
        data = data[size:]
    assert answers == [ack(p.packet_id) for p in packets if isinstance(p, Publish) and p.qos]
    wanted = [p.payload for p in packets if isinstance(p, Publish) and p.topic == "t"]
    assert await receiver.payloads() == wanted
