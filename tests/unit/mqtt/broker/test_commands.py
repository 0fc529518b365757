"""What a connected client sends besides PUBLISH, and what it may not."""

import pytest
from tests.unit.mqtt.broker.harness import Bench, Client, start

from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec import Properties, PropertyId
from keyfob.mqtt.codec.packets import (
    Ack,
    Auth,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    UnsubAck,
    Version,
    WillMessage,
)

V3, V5 = Version.V3, Version.V5
VERSIONS = pytest.mark.parametrize("version", [V3, V5])


def expiry(seconds: int) -> Properties:
    return Properties({PropertyId.SESSION_EXPIRY_INTERVAL: seconds})


async def with_will(bench: Bench, version: Version = V5, **more: Properties) -> Client:
    will = WillMessage("gone", b"x")
    return await bench.connect("c", version, will=will, clean=not more, **more)  # type: ignore[arg-type]


async def test_a_ping_is_counted_and_answered() -> None:
    client = await (await start()).connect("c")
    assert await client.send(PingReq(), PingReq()) == [PingResp(), PingResp()]
    assert client.bench.broker.metrics.ping_success == 2


@VERSIONS
@pytest.mark.parametrize(
    "packet", [ConnAck(False, 0), SubAck(1, (0,)), UnsubAck(1), PingResp(), Connect(V3, "again")]
)
async def test_what_only_a_server_sends(version: Version, packet: Packet) -> None:
    client = await (await start()).connect("c", version)
    if isinstance(packet, Connect):
        packet = Connect(version, "again")
    assert await client.send(packet) == ([Disconnect(0x82)] if version is V5 else [])
    assert client.outlet.is_closed


async def test_auth_without_a_method() -> None:
    client = await (await start()).connect("c", V5)
    assert await client.send(Auth(0x18)) == [Disconnect(0x82)]


@VERSIONS
@pytest.mark.parametrize("kind", [PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP])
async def test_qos_2_answers_where_there_is_no_qos_2(version: Version, kind: PacketType) -> None:
    client = await (await start()).connect("c", version)
    assert await client.send(Ack(kind, 1)) == ([Disconnect(0x9B)] if version is V5 else [])
    assert client.outlet.is_closed


@VERSIONS
async def test_a_puback_of_nothing_is_ignored(version: Version) -> None:
    client = await (await start()).connect("c", version)
    assert await client.send(Ack(PacketType.PUBACK, 9), PingReq()) == [PingResp()]


@pytest.mark.parametrize(
    ("code", "will_is_sent"), [(0x00, False), (0x04, True), (0x80, True), (0x98, True)]
)
async def test_a_disconnect_and_the_will(code: int, will_is_sent: bool) -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("gone")
    client = await with_will(bench)
    assert await client.send(Disconnect(code)) == []
    assert client.outlet.is_closed
    assert await watcher.payloads() == ([b"x"] if will_is_sent else [])


@pytest.mark.parametrize("code", [0x01, 0x02, 0x11])
async def test_a_disconnect_with_another_packets_code(code: int) -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("gone")
    client = await with_will(bench)
    assert await client.send(Disconnect(code)) == [Disconnect(0x81)]
    assert await watcher.payloads() == [b"x"]


async def test_a_disconnect_shortens_a_sessions_life() -> None:
    bench = await start()
    client = await bench.connect("c", V5, clean=False, properties=expiry(300))
    await client.send(Disconnect(0, expiry(10)))
    await bench.tick(11)
    again = await bench.connect("c", V5, clean=False, properties=expiry(300))
    assert isinstance(again.answer, ConnAck) and not again.answer.session_present


async def test_a_disconnect_prolongs_a_session_up_to_the_longest() -> None:
    bench = await start()
    client = await bench.connect("c", V5, clean=False, properties=expiry(10))
    session = client.connection.session
    await client.send(Disconnect(0, expiry(0xFFFF_FFFF)))
    assert session.expiry_interval_s == 604_800


async def test_a_session_that_ends_with_its_connection_is_not_prolonged() -> None:
    client = await (await start(settings=oasis_settings())).connect("c", V5)
    assert await client.send(Disconnect(0, expiry(10))) == [Disconnect(0x82)]


@VERSIONS
async def test_nothing_behind_a_disconnect_is_heard(version: Version) -> None:
    bench = await start()
    watcher = await bench.connect("w")
    await watcher.subscribe("t")
    client = await bench.connect("c", version)
    await client.send(Disconnect(), Publish("t", b"x"), PingReq())
    assert await watcher.payloads() == []
