"""What the `aws` profile does otherwise than the standard; each docstring is a row of the page."""

from collections.abc import Sequence

import pytest
from tests.unit.mqtt.broker.harness import Client, start

from keyfob.mqtt.broker import BrokerSettings
from keyfob.mqtt.broker.settings import RateQuotas
from keyfob.mqtt.codec import Properties, PropertyId
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Unsubscribe,
    Version,
    WillMessage,
)

V3, V5 = Version.V3, Version.V5
VERSIONS = pytest.mark.parametrize("version", [V3, V5])
PUBACK = PacketType.PUBACK


def is_ended(client: Client, answers: Sequence[Packet], code: int) -> bool:
    """Whether the connection ended, a v5 client being told `code` and a v3 client nothing."""
    told = [Disconnect(code)] if client.version is V5 else []
    return client.outlet.is_closed and answers == told


@VERSIONS
async def test_qos_2_publish(version: Version) -> None:
    """A PUBLISH at QoS 2 ends the connection; v5 DISCONNECT 0x9B

    Documented: IoT Developer Guide, `mqtt` (QoS 2 is not supported; Maximum QoS is 1).
    """
    client = await (await start()).connect("c", version)
    assert is_ended(client, await client.send(Publish("t", b"x", 2, packet_id=1)), 0x9B)


@VERSIONS
async def test_qos_2_subscribe(version: Version) -> None:
    """A SUBSCRIBE at QoS 2 is not granted and gets no SUBACK; v5 DISCONNECT 0x9B

    Documented: IoT Developer Guide, `mqtt` (no SUBACK when QoS 2 is asked for); 0x9B inferred.
    """
    client = await (await start()).connect("c", version)
    assert is_ended(client, await client.subscribe("t", 2), 0x9B)


@VERSIONS
async def test_qos_2_will(version: Version) -> None:
    """A will of QoS 2 is refused; v5 CONNACK 0x9B, v3 closes

    Inferred: from the QoS levels of IoT Developer Guide, `mqtt`, and [MQTT-3.2.2-12].
    """
    client = Client(await start(), version)
    answers = await client.send(Connect(version, "c", will=WillMessage("t", b"x", 2)))
    assert answers == ([ConnAck(False, 0x9B)] if version is V5 else [])
    assert client.outlet.is_closed


async def test_subscription_identifiers() -> None:
    """Subscription identifiers are refused, DISCONNECT 0xA1

    Documented: IoT Developer Guide, `mqtt`, MQTT 5 features that are not supported.
    """
    client = await (await start()).connect("c", V5)
    identifier = Properties({PropertyId.SUBSCRIPTION_IDENTIFIER: 5})
    packet = Subscribe(1, (SubscriptionRequest("t", 0),), identifier)
    assert await client.send(packet) == [Disconnect(0xA1)]


async def test_enhanced_authentication() -> None:
    """Enhanced authentication is refused with CONNACK 0x87 rather than 0x8C

    Inferred: AWS's table of CONNACK codes (IoT Developer Guide, `mqtt`) has no 0x8C.
    """
    method = Properties({PropertyId.AUTHENTICATION_METHOD: "SCRAM-SHA-256"})
    client = await (await start()).connect("c", V5, properties=method)
    assert client.answer == ConnAck(False, 0x87)


async def test_a_denied_subscription_of_a_v3_client() -> None:
    """A SUBSCRIBE that no policy allows ends a v3 connection without a SUBACK

    Observed: as described in reports about the real service; the standard has SUBACK 0x80.
    """
    client = await (await start()).connect("c")
    client.authorizer.denied_subscribe.add("no")
    assert await client.subscribe("no") == []
    assert client.outlet.is_closed


async def test_a_denied_delivery() -> None:
    """A message a subscriber may not receive is dropped for it, silently

    Documented: IoT Developer Guide, `iot-policy-actions` (`iot:Receive` is judged per delivery).
    """
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    receiver.authorizer.denied_receive.add("a/secret")
    await receiver.subscribe("a/+", 1)
    answers = await publisher.send(
        *(Publish(f"a/{t}", b"x", 1, packet_id=i) for i, t in enumerate(("secret", "open"), 1))
    )
    assert answers == [Ack(PUBACK, 1), Ack(PUBACK, 2)]
    assert await receiver.received() == [Publish("a/open", b"x", 1, packet_id=1)]


async def test_a_multi_level_wildcard_and_its_parent() -> None:
    """`a/#` does not match `a`

    Documented: IoT Developer Guide, `topics`, topic filters.
    """
    bench = await start()
    receiver, publisher = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("a/#")
    await publisher.send(Publish("a", b"parent"), Publish("a/b", b"child"))
    assert await receiver.payloads() == [b"child"]


async def test_retained_messages_and_wildcards() -> None:
    """Retained messages are sent to subscriptions without wildcards only

    Documented: IoT Developer Guide, `mqtt`, MQTT retained messages.
    """
    bench = await start()
    publisher, receiver = await bench.connect("p"), await bench.connect("r")
    await publisher.send(Publish("a/b", b"x", 0, True))
    assert await receiver.subscribe("a/+") == [SubAck(1, (0,))]
    assert await receiver.subscribe("a/b") == [SubAck(1, (0,)), Publish("a/b", b"x", 0, True)]


@VERSIONS
@pytest.mark.parametrize("topic", ["$SYS/x", "$mine", "$aws/unknown"])
async def test_reserved_topics(version: Version, topic: str) -> None:
    """Topics that begin with `$` are refused but for those AWS lists; v5 0x90, SUBACK 0x8F

    Documented: IoT Developer Guide, `reserved-topics`; the codes inferred.
    """
    bench = await start()
    publisher = await bench.connect("p", version)
    assert is_ended(publisher, await publisher.send(Publish(topic, b"x")), 0x90)
    receiver = await bench.connect("r", version)
    answers = await receiver.subscribe(topic)
    assert answers in ([SubAck(1, (0x8F,))], [])
    assert receiver.outlet.is_closed or version is V5


@VERSIONS
@pytest.mark.parametrize("topic", ["x" * 257, "a/b/c/d/e/f/g/h/i"])
async def test_length_and_depth_of_topics(version: Version, topic: str) -> None:
    """Topics are at most 256 bytes long and have at most seven slashes

    Documented: AWS General Reference, IoT Core quotas; the codes inferred.
    """
    client = await (await start()).connect("c", version)
    assert await client.send(Publish("x" * 256, b"")) == []
    assert await client.send(Publish("a/b/c/d/e/f/g/h", b"")) == []
    assert is_ended(client, await client.send(Publish(topic, b"")), 0x90)


@pytest.mark.parametrize(("asked", "given"), [(0, 1200), (5, 30), (29, 30), (1201, 1200)])
async def test_keep_alive(asked: int, given: int) -> None:
    """Keep-alive is held between 30 and 1200 seconds; 0 becomes 1200

    Documented: AWS General Reference, IoT Core quotas.
    """
    client = await (await start()).connect("c", V5, keep_alive_s=asked)
    assert isinstance(client.answer, ConnAck)
    assert client.answer.properties[PropertyId.SERVER_KEEP_ALIVE] == given
    same = await client.bench.connect("d", V5, keep_alive_s=given)
    assert isinstance(same.answer, ConnAck)
    assert PropertyId.SERVER_KEEP_ALIVE not in same.answer.properties


async def test_unsubscribing_from_nothing() -> None:
    """UNSUBACK is 0x00 for a filter that was not subscribed to, rather than 0x11

    Inferred: AWS's table of UNSUBACK codes (IoT Developer Guide, `mqtt`).
    """
    client = await (await start()).connect("c", V5)
    assert await client.send(Unsubscribe(3, ("none",))) == [UnsubAck(3, (0,))]


@pytest.mark.parametrize(("version", "code"), [(V3, 0x80), (V5, 0x97)])
async def test_filters_of_one_subscribe(version: Version, code: int) -> None:
    """A SUBSCRIBE has at most eight filters; the others get 0x80, v5 0x97

    Documented: AWS General Reference, IoT Core quotas; what becomes of the others inferred.
    """
    client = await (await start()).connect("c", version)
    requests = tuple(SubscriptionRequest(f"t/{i}", 0) for i in range(10))
    assert await client.send(Subscribe(1, requests)) == [SubAck(1, (0,) * 8 + (code,) * 2)]


@pytest.mark.parametrize(("version", "code"), [(V3, 0x80), (V5, 0x97)])
async def test_subscriptions_of_one_connection(version: Version, code: int) -> None:
    """A connection has at most 50 subscriptions; more get 0x80, v5 0x97

    Documented: AWS General Reference, IoT Core quotas; what becomes of more inferred.
    """
    client = await (await start()).connect("c", version)
    for number in range(50):
        assert await client.subscribe(f"t/{number}") == [SubAck(1, (0,))]
    assert await client.subscribe("t/50") == [SubAck(1, (code,))]
    assert await client.subscribe("t/49") == [SubAck(1, (0,))]


@pytest.mark.parametrize(("version", "code"), [(V3, 2), (V5, 0x85)])
async def test_length_of_client_ids(version: Version, code: int) -> None:
    """Client ids are at most 128 bytes long; CONNACK 2, v5 0x85

    Documented: AWS General Reference, IoT Core quotas; the codes are the standard's.
    """
    bench = await start()
    fits = await bench.connect("c" * 128, version)
    too_long = await bench.connect("c" * 129, version)
    assert isinstance(fits.answer, ConnAck) and fits.answer.code == 0
    assert too_long.answer == ConnAck(False, code)


@VERSIONS
async def test_size_of_payloads(version: Version) -> None:
    """A payload of more than 128 KB ends the connection; v5 0x97

    Documented: AWS General Reference, IoT Core quotas; the code inferred from AWS's table.
    """
    client = await (await start()).connect("c", version)
    assert await client.send(Publish("t", b"x" * 131_072)) == []
    assert is_ended(client, await client.send(Publish("t", b"x" * 131_073)), 0x97)


@pytest.mark.parametrize(("size", "code"), [(511, 0x97), (512, 0)])
async def test_smallest_maximum_packet_size(size: int, code: int) -> None:
    """A client's maximum packet size is at least 512 bytes; else CONNACK 0x97

    Documented: IoT Developer Guide, `mqtt`, the CONNECT properties; the code inferred.
    """
    properties = Properties({PropertyId.MAXIMUM_PACKET_SIZE: size})
    client = await (await start()).connect("c", V5, properties=properties)
    assert isinstance(client.answer, ConnAck) and client.answer.code == code


async def test_life_of_a_v3_session() -> None:
    """A persistent session of 3.1.1 ends an hour after its client left

    Documented: AWS General Reference, IoT Core quotas, persistent session expiry.
    """
    bench = await start()
    for pause_s, is_present in ((3_599, True), (3_601, False)):
        client = await bench.connect("c", clean=False)
        client.lose()
        await bench.tick(pause_s)
        client = await bench.connect("c", clean=False)
        assert client.answer == ConnAck(is_present, 0)
        client.lose()


async def test_longest_session_expiry() -> None:
    """A session expiry interval is at most seven days, and CONNACK says so

    Documented: AWS General Reference, IoT Core quotas.
    """
    asks = Properties({PropertyId.SESSION_EXPIRY_INTERVAL: 0xFFFF_FFFF})
    client = await (await start()).connect("c", V5, properties=asks)
    assert isinstance(client.answer, ConnAck)
    assert client.answer.properties[PropertyId.SESSION_EXPIRY_INTERVAL] == 604_800


async def test_topic_aliases() -> None:
    """A client sets at most eight topic aliases; DISCONNECT 0x94

    Documented: IoT Developer Guide, `mqtt`, Topic Alias Maximum.
    """
    client = await (await start()).connect("c", V5)
    for alias, answers in ((8, []), (9, [Disconnect(0x94)])):
        properties = Properties({PropertyId.TOPIC_ALIAS: alias})
        assert await client.send(Publish("t", b"x", properties=properties)) == answers


@VERSIONS
async def test_messages_a_second(version: Version) -> None:
    """More than 100 messages a second: QoS 1 gets no PUBACK (v5: 0x97), QoS 0 is dropped

    Documented: AWS General Reference, IoT Core quotas; the code from AWS's table.
    """
    bench = await start(settings=BrokerSettings(quotas=RateQuotas()))
    watcher, client = await bench.connect("w"), await bench.connect("c", version)
    await watcher.subscribe("t")
    answers = await client.send(*(Publish("t", b"x", 1, packet_id=i) for i in range(1, 102)))
    rest = [Ack(PUBACK, 101, 0x97)] if version is V5 else []
    assert answers == [*(Ack(PUBACK, i) for i in range(1, 101)), *rest]
    await client.send(Publish("t", b"y"))
    assert b"y" not in await watcher.payloads()
