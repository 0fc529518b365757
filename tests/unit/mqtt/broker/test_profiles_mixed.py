"""Connections of both profiles on one broker."""

from tests.unit.mqtt.broker.harness import start

from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec.packets import Ack, Disconnect, PacketType, Publish, SubAck, Version

V5 = Version.V5


async def test_messages_cross_and_each_keeps_its_rules() -> None:
    bench = await start()
    aws = await bench.connect("aws", V5)
    oasis = await bench.connect("oasis", V5, settings=oasis_settings())
    assert await aws.subscribe("a/#", 1) == [SubAck(1, (1,))]
    assert await oasis.subscribe("a/#", 2) == [SubAck(1, (2,))]
    assert await oasis.send(Publish("a", b"parent")) == [Publish("a", b"parent")]
    assert await aws.received() == []
    await oasis.send(Publish("a/b", b"x", 2, packet_id=1))
    assert await aws.received() == [Publish("a/b", b"x", 1, packet_id=1)]
    assert await aws.send(Publish("a/b", b"y", 2, packet_id=2)) == [Disconnect(0x9B)]


async def test_a_topic_of_the_server_is_the_profiles_matter() -> None:
    bench = await start()
    aws = await bench.connect("aws", V5)
    oasis = await bench.connect("oasis", V5, settings=oasis_settings())
    message = Publish("$mine", b"", 1, packet_id=1)
    assert await aws.send(message) == [Ack(PacketType.PUBACK, 1, 0x90)]
    assert await oasis.send(message) == [Ack(PacketType.PUBACK, 1)]
