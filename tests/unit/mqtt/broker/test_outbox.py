"""What is written when: once per receiver and tick, in order."""

from tests.unit.mqtt.broker.harness import start

from keyfob.mqtt.broker.outbox import FLUSH_BYTES, Group


async def test_a_group_is_handed_one_object() -> None:
    bench = await start()
    clients = [await bench.connect(name) for name in ("a", "b")]
    for client in clients:
        client.outlet.writes.clear()
    group = Group(tuple(client.connection for client in clients))
    bench.broker.outbox.send_group(group, b"1", 1, None)
    bench.broker.outbox.send_group(group, b"2", 1, None)
    assert clients[0].outlet.writes == []
    bench.broker.outbox.flush()
    assert clients[0].outlet.writes == [b"12"]
    assert clients[0].outlet.writes[0] is clients[1].outlet.writes[0]


async def test_own_bytes_keep_their_place_among_the_groups() -> None:
    bench = await start()
    client = await bench.connect("a")
    client.outlet.writes.clear()
    outbox, group = bench.broker.outbox, Group((client.connection,))
    outbox.send_group(group, b"1", 1, None)
    outbox.send(client.connection, b"2")
    outbox.send_group(group, b"3", 1, None)
    outbox.flush()
    assert client.outlet.writes == [b"123"]


async def test_much_is_written_before_the_end_of_the_tick() -> None:
    bench = await start()
    client = await bench.connect("a")
    client.outlet.writes.clear()
    group = Group((client.connection,))
    bench.broker.outbox.send_group(group, b"x" * (FLUSH_BYTES + 1), 1, None)
    assert len(client.outlet.writes) == 1


async def test_a_receiver_beyond_its_bound_loses_qos_0_and_it_is_counted() -> None:
    bench = await start()
    client = await bench.connect("a")
    client.outlet.writes.clear()
    client.connection.pause_writing()
    client.outlet.buffered = bench.broker.settings.receiver_max_bytes
    bench.broker.outbox.send_group(Group((client.connection,)), b"1", 3, None)
    bench.broker.outbox.flush()
    assert client.outlet.writes == []
    assert bench.broker.metrics.publish_out_throttle == 3
