"""What a broker made anew on the same journal knows, after a crash and after a stop."""

from tests.unit.mqtt.broker.harness import Bench, Client, memory_journal, start

from keyfob.core.clock import ManualClock
from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec import Properties, PropertyId, encode
from keyfob.mqtt.codec.packets import (
    Ack,
    Connect,
    Packet,
    PacketType,
    Publish,
    Version,
    WillMessage,
)

V3, V5 = Version.V3, Version.V5
EXPIRY = Properties({PropertyId.SESSION_EXPIRY_INTERVAL: 3600})


async def resume(bench: Bench, client_id: str) -> tuple[Client, list[Packet]]:
    client = Client(bench, V3)
    return client, (await client.send(Connect(V3, client_id, clean_start=False)))[1:]


async def test_what_may_have_been_sent_comes_again_with_dup_and_its_packet_id() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p")
    await publisher.send(*(Publish("t", b"%d" % i, 1, packet_id=i) for i in (1, 2, 3)))
    await receiver.send(Ack(PacketType.PUBACK, 1))

    after = await start(journal, clock=clock)  # the first broker never stopped: a crash
    _, packets = await resume(after, "r")
    assert packets == [
        Publish("t", b"2", 1, dup=True, packet_id=2),
        Publish("t", b"3", 1, dup=True, packet_id=3),
    ]


async def test_what_was_never_sent_comes_without_dup() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"sent", 1, packet_id=1))
    receiver.lose()
    await publisher.send(Publish("t", b"queued", 1, packet_id=2))

    after = await start(journal, clock=clock)
    _, packets = await resume(after, "r")
    assert packets == [
        Publish("t", b"sent", 1, dup=True, packet_id=1),
        Publish("t", b"queued", 1, packet_id=2),
    ]


async def test_retained_messages_at_qos_1_are_kept_for_the_session_they_were_sent_to() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"last", 1, True, packet_id=1))
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    await bench.loop.settle()

    after = await start(journal, clock=clock)
    _, packets = await resume(after, "r")
    assert packets == [Publish("t", b"last", 1, True, dup=True, packet_id=1)]


async def test_a_delayed_will_survives_and_is_judged_again() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    delay = Properties({PropertyId.WILL_DELAY_INTERVAL: 30, PropertyId.CONTENT_TYPE: "text/plain"})
    client = await bench.connect(
        "c", V5, will=WillMessage("gone", b"x", properties=delay), properties=EXPIRY
    )
    client.lose()
    await bench.loop.settle()

    after = await start(journal, clock=clock)
    watcher = await after.connect("w", V5)
    await watcher.subscribe("gone")
    await after.tick(29)
    assert await watcher.payloads() == []
    await after.tick(2)
    content_type = Properties({PropertyId.CONTENT_TYPE: "text/plain"})
    assert await watcher.received() == [Publish("gone", b"x", properties=content_type)]
    (session, *_), _ = await journal.load()
    assert session.will is None


async def test_the_will_of_a_client_that_was_connected_is_sent_after_the_restart() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    watcher = await bench.connect("w", clean=False)
    await watcher.subscribe("gone", 1)
    await bench.connect("c", V5, will=WillMessage("gone", b"x", 1), properties=EXPIRY)

    after = await start(journal, clock=clock)
    await after.loop.settle()
    _, packets = await resume(after, "w")
    assert packets == [Publish("gone", b"x", 1, packet_id=1)]


async def test_no_will_is_left_of_a_client_that_disconnected_or_came_back() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    delay = Properties({PropertyId.WILL_DELAY_INTERVAL: 30})
    will = WillMessage("gone", b"x", properties=delay)
    left = await bench.connect("left", V5, will=will, properties=EXPIRY)
    await left.send_bytes(b"\xe0\x00")
    back = await bench.connect("back", V5, will=will, properties=EXPIRY)
    back.lose()
    await bench.connect("back", V5, clean=False, properties=EXPIRY)

    after = await start(journal, clock=clock)
    watcher = await after.connect("w")
    await watcher.subscribe("gone")
    await after.tick(60)
    assert await watcher.payloads() == []


async def test_qos_2_out_goes_on_where_it_was() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, oasis_settings(), clock)
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 2)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"a", 2, packet_id=1), Publish("t", b"b", 2, packet_id=2))
    assert await receiver.received() == [
        Publish("t", b"a", 2, packet_id=1), Publish("t", b"b", 2, packet_id=2)
    ]  # fmt: skip
    assert await receiver.send(Ack(PacketType.PUBREC, 1)) == [Ack(PacketType.PUBREL, 1)]

    after = await start(journal, oasis_settings(), clock)
    again, packets = await resume(after, "r")
    assert packets == [
        Ack(PacketType.PUBREL, 1), Publish("t", b"b", 2, dup=True, packet_id=2)
    ]  # fmt: skip
    await again.send(Ack(PacketType.PUBCOMP, 1), Ack(PacketType.PUBREC, 2))
    await again.send(Ack(PacketType.PUBCOMP, 2))
    await after.loop.settle()
    assert (await journal.load())[0][0].messages == ()


async def test_qos_2_in_is_taken_once_across_a_restart() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, oasis_settings(), clock)
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 2)
    receiver.lose()
    publisher = await bench.connect("p", clean=False)
    pubrec = Ack(PacketType.PUBREC, 1)
    assert await publisher.send(Publish("t", b"x", 2, packet_id=1)) == [pubrec]

    after = await start(journal, oasis_settings(), clock)
    again, _ = await resume(after, "p")
    assert await again.send(Publish("t", b"x", 2, dup=True, packet_id=1)) == [pubrec]
    assert await again.send(Ack(PacketType.PUBREL, 1)) == [Ack(PacketType.PUBCOMP, 1)]
    _, packets = await resume(after, "r")
    assert [p.payload for p in packets if isinstance(p, Publish)] == [b"x"]


async def test_a_group_gets_back_what_waited_for_it() -> None:
    journal, clock = memory_journal(), ManualClock(at=1e9)
    bench = await start(journal, clock=clock)
    member = await bench.connect("m", clean=False)
    await member.subscribe("$share/g/t", 1)
    member.lose()
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"x", 1, packet_id=1))

    after = await start(journal, clock=clock)
    _, packets = await resume(after, "m")
    assert [p.payload for p in packets if isinstance(p, Publish)] == [b"x"]
    assert encode(packets[0], V3)[0] & 0x08 == 0
