"""Shared subscriptions."""

from itertools import chain

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, start

from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec.packets import Disconnect, Publish, SubAck, Unsubscribe, Version

V3, V5 = Version.V3, Version.V5


async def group(bench: Bench, count: int, qos: int = 1, *, clean: bool = True) -> list[Client]:
    members = [await bench.connect(f"m{index}", clean=clean) for index in range(count)]
    for member in members:
        assert await member.subscribe("$share/g/t", qos) == [SubAck(1, (qos,))]
    return members


@pytest.mark.parametrize("qos", [0, 1])
async def test_each_message_goes_to_one_member_and_to_every_group(qos: int) -> None:
    bench = await start()
    members = await group(bench, 3, qos)
    other, plain = await bench.connect("other"), await bench.connect("plain")
    await other.subscribe("$share/h/t", qos)
    await plain.subscribe("t", qos)
    publisher = await bench.connect("p")
    await publisher.send(*(Publish("t", b"%d" % i, qos, packet_id=i * qos) for i in range(1, 31)))
    got = [await member.payloads() for member in members]
    assert sorted(chain.from_iterable(got)) == sorted(b"%d" % i for i in range(1, 31))
    assert sum(map(bool, got)) > 1
    assert len(await other.payloads()) == len(await plain.payloads()) == 30


async def test_a_member_that_may_not_receive_is_passed_over() -> None:
    bench = await start()
    denied, allowed = await group(bench, 2)
    denied.authorizer.denied_receive.add("t")
    publisher = await bench.connect("p")
    await publisher.send(*(Publish("t", b"%d" % i, 1, packet_id=i) for i in range(1, 6)))
    assert await denied.payloads() == []
    assert len(await allowed.payloads()) == 5


async def test_qos_1_waits_for_a_group_with_a_persistent_member() -> None:
    bench = await start()
    (member,) = await group(bench, 1, clean=False)
    member.lose()
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"qos 0"), Publish("t", b"qos 1", 1, packet_id=1))
    assert bench.broker.router.shared.queued == 1
    again = await bench.connect("m0", clean=False)
    assert again.outlet.writes[-1].endswith(b"qos 1")
    assert bench.broker.router.shared.queued == 0


async def test_without_a_persistent_member_nothing_waits() -> None:
    bench = await start()
    (member,) = await group(bench, 1)
    member.lose()
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"x", 1, packet_id=1))
    assert bench.broker.router.shared.queued == 0


async def test_unsubscribing_leaves_the_group() -> None:
    bench = await start()
    first, second = await group(bench, 2)
    await first.send(Unsubscribe(2, ("$share/g/t",)))
    publisher = await bench.connect("p")
    await publisher.send(*(Publish("t", b"x") for _ in range(10)))
    assert await first.payloads() == []
    assert len(await second.payloads()) == 10


async def test_retained_messages_are_not_sent_to_shared_subscriptions() -> None:
    bench = await start()
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"last", 0, True))
    (member,) = await group(bench, 1)
    assert await member.payloads() == []


@pytest.mark.parametrize(
    "name", ["$share/g", "$share//t", "$share/g/", "$share/a+/t", "$share/g/a#"]
)
async def test_a_share_name_and_a_filter_are_needed(name: str) -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    assert await client.subscribe(name) == [SubAck(1, (0x8F,))]


async def test_no_local_is_a_protocol_error() -> None:
    bench = await start(settings=oasis_settings())
    client = await bench.connect("c", V5)
    assert await client.subscribe("$share/g/t", 0x04) == [Disconnect(0x82)]


async def test_the_rights_are_those_of_subscribing() -> None:
    bench = await start()
    client = await bench.connect("c", V5)
    client.authorizer.denied_subscribe.add("$share/g/t")
    assert await client.subscribe("$share/g/t") == [SubAck(1, (0x87,))]
