"""Messages to one client."""

import asyncio

import pytest
from tests.unit.mqtt.broker.harness import start

from keyfob.mqtt.broker import NotConnectedError, ReceiverRefusedError, UnconfirmedError
from keyfob.mqtt.codec.packets import Ack, PacketType, Publish
from keyfob.mqtt.session import Message


async def test_a_client_gets_it_without_a_subscription() -> None:
    bench = await start()
    client, other = await bench.connect("c"), await bench.connect("o")
    await other.subscribe("t")
    await bench.broker.direct.send("c", Message(b"t", b"x"), None)
    assert await client.received() == [Publish("t", b"x")]
    assert await other.received() == []


async def test_a_confirmation_is_the_puback() -> None:
    bench = await start()
    client = await bench.connect("c", clean=False)
    sending = asyncio.create_task(bench.broker.direct.send("c", Message(b"t", b"x", 1), 5))
    await asyncio.sleep(0)
    assert await client.received() == [Publish("t", b"x", 1, packet_id=1)]
    assert not sending.done()
    await client.send(Ack(PacketType.PUBACK, 1))
    await sending


async def test_no_confirmation() -> None:
    bench = await start()
    await bench.connect("c")
    with pytest.raises(UnconfirmedError):
        await bench.broker.direct.send("c", Message(b"t", b"x", 1), 0.001)


async def test_who_cannot_get_it() -> None:
    bench = await start()
    with pytest.raises(NotConnectedError):
        await bench.broker.direct.send("c", Message(b"t", b"x"), None)
    client = await bench.connect("c")
    client.authorizer.denied_receive.add("t")
    with pytest.raises(ReceiverRefusedError):
        await bench.broker.direct.send("c", Message(b"t", b"x"), None)
    assert await client.received() == []


async def test_connections_are_remembered_for_30_minutes() -> None:
    bench = await start()
    client = await bench.connect("c", keep_alive_s=100)
    now = bench.broker.find_connection("c")
    assert now is not None and now.is_connected and now.keep_alive_s == 100
    client.lose()
    bench.clock.advance(1799)
    ended = bench.broker.find_connection("c")
    assert ended is not None and not ended.is_connected
    assert ended.disconnect_reason is not None
    assert ended.disconnect_reason.value == "CONNECTION_LOST"
    bench.clock.advance(2)
    assert bench.broker.find_connection("c") is None
