"""CONNECT: what is refused before anybody is asked, what the authorizer is asked, and CONNACK."""

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, start

from keyfob.mqtt.broker import BrokerSettings, oasis_settings
from keyfob.mqtt.codec import Properties, PropertyId
from keyfob.mqtt.codec.packets import ConnAck, Connect, Packet, Version, WillMessage
from keyfob.mqtt.ports import Will

V3, V5 = Version.V3, Version.V5
VERSIONS = pytest.mark.parametrize("version", [V3, V5])


async def answers(bench: Bench, packet: Connect) -> tuple[Client, list[Packet]]:
    client = Client(bench, packet.version)
    return client, await client.send(packet)


@VERSIONS
@pytest.mark.parametrize(
    "will", [WillMessage("a/+", b""), WillMessage("", b""), WillMessage("$aws/things/t", b"")]
)
async def test_a_will_on_a_topic_nobody_may_publish_to(version: Version, will: WillMessage) -> None:
    bench = await start()
    client, got = await answers(bench, Connect(version, "c", will=will))
    assert got == ([ConnAck(False, 0x90)] if version is V5 else [])
    assert client.outlet.is_closed
    assert client.authorizer.asked == []


@VERSIONS
async def test_a_retained_will_on_a_reserved_topic(version: Version) -> None:
    topic = "$aws/things/t/shadow/update"
    client, got = await answers(
        await start(), Connect(version, "c", will=WillMessage(topic, b"", retain=True))
    )
    assert got == ([ConnAck(False, 0x90)] if version is V5 else [])
    plain, got = await answers(client.bench, Connect(version, "c", will=WillMessage(topic, b"")))
    assert isinstance(got[0], ConnAck) and got[0].code == 0
    assert not plain.outlet.is_closed


@VERSIONS
async def test_a_will_that_is_too_large(version: Version) -> None:
    bench = await start(settings=BrokerSettings(max_payload_bytes=10))
    fits = Connect(version, "c", will=WillMessage("t", b"x" * 10))
    assert isinstance((await answers(bench, fits))[1][0], ConnAck)
    client, got = await answers(bench, Connect(version, "d", will=WillMessage("t", b"x" * 11)))
    assert got == [ConnAck(False, 0x97 if version is V5 else 3)]
    assert client.outlet.is_closed


@VERSIONS
@pytest.mark.parametrize("clean", [True, False])
async def test_what_the_authorizer_is_asked(version: Version, clean: bool) -> None:
    expiry = Properties({} if clean else {PropertyId.SESSION_EXPIRY_INTERVAL: 60})
    will = WillMessage("gone", b"x", retain=True)
    packet = Connect(
        version, "c", clean, will=will, properties=expiry if version is V5 else Properties()
    )
    client, _ = await answers(await start(), packet)
    assert client.authorizer.asked[0] == f"connect c {'clean' if clean else 'persistent'}"
    assert client.authorizer.will == Will("gone", True)


@pytest.mark.parametrize(("return_code", "expected"), [(5, 5), (7, 7)])
async def test_the_return_code_of_a_refusal_is_a_setting(return_code: int, expected: int) -> None:
    bench = await start(settings=BrokerSettings(refused_return_code=return_code))
    client = Client(bench, V3)
    client.authorizer.allows_connect = False
    assert await client.send(Connect(V3, "c")) == [ConnAck(False, expected)]
    assert bench.broker.metrics.connect_auth_error == 1
    assert bench.broker.connection_count == 0


@pytest.mark.parametrize("explains", [True, False])
async def test_why_is_said_where_it_may_be(explains: bool) -> None:
    bench = await start(settings=BrokerSettings(explain_to_clients=explains))
    client = Client(bench, V5)
    client.authorizer.allows_connect = False
    (answer,) = await client.send(Connect(V5, "c"))
    assert isinstance(answer, ConnAck)
    reason = answer.properties.get(PropertyId.REASON_STRING)
    assert reason == ("no statement allows it" if explains else None)


async def test_connack_properties_of_the_standard() -> None:
    client, (answer,) = await answers(
        await start(settings=oasis_settings()), Connect(V5, "c", keep_alive_s=5)
    )
    assert isinstance(answer, ConnAck)
    assert answer.properties == {
        PropertyId.SESSION_EXPIRY_INTERVAL: 0,
        PropertyId.RECEIVE_MAXIMUM: 100,
        PropertyId.RETAIN_AVAILABLE: 1,
        PropertyId.MAXIMUM_PACKET_SIZE: 268_435_455,
        PropertyId.TOPIC_ALIAS_MAXIMUM: 64,
        PropertyId.WILDCARD_SUBSCRIPTION_AVAILABLE: 1,
        PropertyId.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 1,
        PropertyId.SHARED_SUBSCRIPTION_AVAILABLE: 1,
    }
    assert client.connection.keep_alive_s == 5


@pytest.mark.parametrize(
    ("level", "answer"), [(3, b"\x20\x02\x00\x01"), (6, b"\x20\x03\x00\x84\x00")]
)
async def test_a_level_that_is_none_is_answered_in_the_nearest(level: int, answer: bytes) -> None:
    bench = await start()
    client = Client(bench, V3)
    client.connection.data_received(
        b"\x10\x0d\x00\x04MQTT" + bytes((level,)) + b"\x02\x00\x3c\x00\x01c"
    )
    await bench.loop.settle()
    assert client.outlet.written == answer
    assert client.outlet.is_closed
    assert bench.broker.metrics.connect_client_error == 1
