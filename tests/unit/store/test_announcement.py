import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.unit.services.changes import RecordingChanges

from keyfob.core.ids import AccountId, Region
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import MemoryDatabase, SqliteDatabase
from keyfob.store.iot_policies import SqlIotPolicyStore
from keyfob.store.tables.metadata import metadata

ACCOUNT = AccountId("123456789012")
REGION = Region("eu-central-1")


async def settle() -> None:
    """Wait for the steps whose callers went away."""
    others = [task for task in asyncio.all_tasks() if task.get_name() == "commit and tell"]
    await asyncio.gather(*others)


async def test_a_caller_that_goes_away_while_its_write_waits_loses_neither(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "keyfob.db", "process")
    told: list[int] = []

    async def tell(outcome: int) -> None:
        told.append(outcome)

    def work(connection: Connection) -> int:
        return int(connection.execute(text("select 41 + 1")).scalar_one())

    caller = asyncio.create_task(write_and_tell(database, work, tell))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await settle()
    assert told == [42]
    await database.close()


async def test_a_caller_that_goes_away_while_others_are_told() -> None:
    database = MemoryDatabase()
    reached, go_on, told = asyncio.Event(), asyncio.Event(), []

    async def tell(outcome: str) -> None:
        reached.set()
        await go_on.wait()
        told.append(outcome)

    caller = asyncio.create_task(write_and_tell(database, lambda _: "written", tell))
    await reached.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await settle()
    assert told == ["written"]
    await database.close()


async def test_nobody_is_told_of_a_write_that_failed() -> None:
    database = MemoryDatabase()

    async def tell(_outcome: object) -> None:
        raise AssertionError("told of nothing")

    def work(_connection: Connection) -> object:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await write_and_tell(database, work, tell)
    await database.close()


async def test_a_cancelled_detach_is_told_to_the_directory(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "keyfob.db", "process")
    metadata.create_all(database.engine)
    changes = RecordingChanges()
    store = SqlIotPolicyStore(database, changes)
    caller = asyncio.create_task(store.detach(ACCOUNT, REGION, "policy", "target"))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    await settle()
    assert changes.take() == [("attachments", ACCOUNT, REGION, "target")]
    await database.close()
