"""A database that cannot grow: nothing is acknowledged that was not kept, the rest goes on."""

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.unit.mqtt.broker.harness import ACCOUNT, REGION, Bench, start

from keyfob.mqtt.broker import BrokerSettings, oasis_settings
from keyfob.mqtt.codec.packets import Ack, PacketType, Publish, Version
from keyfob.store.database import SqliteDatabase
from keyfob.store.journal import SqlJournal
from keyfob.store.tables import metadata

BIG = b"x" * 100_000


class Disk:
    """A SQLite file whose size is bounded by its own setting."""

    def __init__(self, path: Path) -> None:
        self.database = SqliteDatabase(path)
        metadata.create_all(self.database.engine)
        self.journal = SqlJournal(self.database, ACCOUNT, REGION)

    async def limit(self, pages: int) -> None:
        await self.database.write(lambda c: c.execute(text(f"PRAGMA max_page_count = {pages}")))

    async def fill(self) -> None:
        used = await self.database.read(lambda c: c.scalar(text("PRAGMA page_count")))
        assert used is not None
        await self.limit(used)


async def full(tmp_path: Path, settings: BrokerSettings) -> tuple[Bench, Disk]:
    disk = Disk(tmp_path / "keyfob.db")
    return await start(disk.journal, settings), disk


async def test_v5_is_told_and_what_needs_no_disk_goes_on(tmp_path: Path) -> None:
    bench, disk = await full(tmp_path, BrokerSettings())
    keeper = await bench.connect("keeper", clean=False)
    await keeper.subscribe("kept", 1)
    await disk.fill()
    publisher, passing = await bench.connect("p", Version.V5), await bench.connect("passing")
    await passing.subscribe("other", 1)
    failed = await publisher.send(Publish("kept", BIG, 1, packet_id=1))
    assert failed == [Ack(PacketType.PUBACK, 1, 0x83)]
    assert bench.broker.durable.failures == 1
    assert bench.broker.metrics.publish_in_server_error == 1
    assert await publisher.send(Publish("other", b"x", 1, packet_id=2)) == [
        Ack(PacketType.PUBACK, 2)
    ]
    assert await passing.payloads() == [b"x"]

    await disk.limit(100_000)
    kept = await publisher.send(Publish("kept", BIG, 1, packet_id=3))
    assert kept == [Ack(PacketType.PUBACK, 3)]
    await disk.database.close()


@pytest.mark.parametrize("qos", [1, 2])
async def test_v3_is_disconnected_and_sends_again(tmp_path: Path, qos: int) -> None:
    bench, disk = await full(tmp_path, oasis_settings())
    keeper = await bench.connect("keeper")
    await keeper.subscribe("t", qos)
    publisher = await bench.connect("p", settings=oasis_settings())
    await disk.fill()
    publisher.connection.data_received(
        b"".join((b"\x33" if qos == 1 else b"\x35", b"\xa5\x8d\x06", b"\x00\x01t\x00\x01", BIG))
    )
    assert await publisher.received() == []
    assert publisher.outlet.is_closed
    assert bench.broker.retained.get("t") is None
    await disk.database.close()
