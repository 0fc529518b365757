"""Rates of AWS's quotas."""

from dataclasses import replace
from typing import Any

from tests.unit.mqtt.broker.harness import FakeTimer, start

from keyfob.mqtt.broker import BrokerSettings, RateQuotas
from keyfob.mqtt.broker.metering import TokenBucket
from keyfob.mqtt.broker.settings import Rate
from keyfob.mqtt.codec.packets import Ack, ConnAck, PacketType, Publish, Version

V3, V5 = Version.V3, Version.V5


def quotas(**rates: Any) -> BrokerSettings:
    return BrokerSettings(quotas=replace(RateQuotas(), **rates))


def test_a_bucket_fills_at_its_rate_and_no_higher_than_its_burst() -> None:
    bucket = TokenBucket(Rate(2, 3), 0.0)
    assert bucket.take(5, 0.0) == 3
    assert bucket.take(5, 1.0) == 2
    assert bucket.take(5, 100.0) == 3
    assert bucket.wait_s(100.0) == 0.5
    assert bucket.spend(2, 100.0) == 1.0


async def test_messages_beyond_the_rate_are_discarded() -> None:
    bench = await start(settings=quotas(publishes=Rate(1, 3)))
    plain = BrokerSettings()
    receiver = await bench.connect("r", settings=plain)
    await receiver.subscribe("t")
    publisher = await bench.connect("p")
    await publisher.send(*(Publish("t", b"%d" % i) for i in range(6)))
    assert await receiver.payloads() == [b"0", b"1", b"2"]
    assert bench.broker.metrics.throttle_exceeded == 3
    assert not publisher.outlet.is_closed
    bench.clock.advance(2)
    await publisher.send(*(Publish("t", b"%d" % i) for i in range(6)))
    assert await receiver.payloads() == [b"0", b"1"]


async def test_qos_1_beyond_the_rate_gets_no_puback_or_0x97() -> None:
    bench = await start(settings=quotas(publishes=Rate(1, 1)))
    packets = [Publish("t", b"x", 1, packet_id=number) for number in (1, 2)]
    old, new = await bench.connect("o"), await bench.connect("n", V5)
    assert await old.send(*packets) == [Ack(PacketType.PUBACK, 1)]
    assert await new.send(*packets) == [Ack(PacketType.PUBACK, 1), Ack(PacketType.PUBACK, 2, 0x97)]


async def test_deliveries_count_too_qos_0_is_dropped_and_qos_1_waits() -> None:
    bench = await start(settings=quotas(publishes=Rate(1, 2)))
    receiver = await bench.connect("r")
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p", settings=BrokerSettings())
    await publisher.send(*(Publish("t", b"%d" % i) for i in range(5)))
    assert await receiver.payloads() == [b"0", b"1"]
    await publisher.send(Publish("t", b"waits", 1, packet_id=1))
    assert await receiver.payloads() == []
    await bench.tick(1.5)
    assert await receiver.payloads() == [b"waits"]


async def test_beyond_the_throughput_reading_pauses_and_nothing_is_lost() -> None:
    bench = await start(settings=quotas(throughput=Rate(1000, 1000)))
    publisher = await bench.connect("p")
    receiver = await bench.connect("r", settings=BrokerSettings())
    await receiver.subscribe("t")
    await publisher.send(Publish("t", b"x" * 2000))
    assert publisher.outlet.is_paused
    assert await receiver.payloads() == [b"x" * 2000]
    unpause = max(bench.loop.timers, key=lambda timer: timer.delay)
    assert isinstance(unpause, FakeTimer)
    assert 1 < unpause.delay < 1.1
    unpause.callback()
    assert not publisher.outlet.is_paused


async def test_a_client_id_that_connects_too_often_is_refused() -> None:
    bench = await start(settings=quotas(connects=Rate(1, 2)))
    for _ in range(2):
        assert (await bench.connect("c")).answer == ConnAck(False, 0)
    assert (await bench.connect("c")).answer == ConnAck(False, 3)
    assert (await bench.connect("c", V5)).answer == ConnAck(False, 0x97)
    assert (await bench.connect("other")).answer == ConnAck(False, 0)
    assert bench.broker.metrics.connect_client_id_throttle == 2


async def test_a_topic_that_is_retained_too_often() -> None:
    bench = await start(settings=quotas(retained_per_topic=Rate(1, 1)))
    client = await bench.connect("c", V5)
    answers = await client.send(
        Publish("t", b"1", 1, True, packet_id=1),
        Publish("t", b"2", 1, True, packet_id=2),
        Publish("u", b"3", 1, True, packet_id=3),
    )
    assert [a.code for a in answers if isinstance(a, Ack)] == [0, 0x97, 0]
    kept = bench.broker.retained.get("t")
    assert kept is not None and kept.payload == b"1"
    assert bench.broker.metrics.publish_retained_throttle == 1
