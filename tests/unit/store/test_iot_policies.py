"""The IoT policy store: told after the commit, and its memory never older than the last commit."""

import asyncio
from pathlib import Path

import msgspec
from sqlalchemy import select
from tests.unit.services.changes import RecordingChanges

from keyfob.core.ids import AccountId, Region
from keyfob.store.database import MemoryDatabase, SqliteDatabase
from keyfob.store.iot_policies import SqlIotPolicyStore
from keyfob.store.ports.iot_policies import IotPolicyRecord, IotPolicyVersion
from keyfob.store.tables.iot_policies import iot_policies, iot_policy_attachments
from keyfob.store.tables.metadata import metadata

ACCOUNT = AccountId("123456789012")
REGION = Region("eu-central-1")
KEY = (ACCOUNT, REGION, "a")
RECORD = IotPolicyRecord(
    account=ACCOUNT,
    region=REGION,
    name="a",
    created_at_s=0.0,
    modified_at_s=0.0,
    default_number=1,
    last_number=1,
    versions=(IotPolicyVersion(1, "one", 0.0),),
    generation_id="g",
)


def second(record: IotPolicyRecord) -> IotPolicyRecord:
    version = IotPolicyVersion(2, "two", 0.0)
    return msgspec.structs.replace(
        record, versions=(*record.versions, version), default_number=2, last_number=2
    )


async def test_changes_are_told_after_the_commit_and_before_the_answer(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "db.sqlite", "process")
    metadata.create_all(database.engine)
    changes = RecordingChanges()

    def committed() -> object:
        with database.engine.connect() as connection:
            policies = connection.execute(select(iot_policies.c.name)).scalars().all()
            targets = connection.execute(select(iot_policy_attachments.c.target)).scalars().all()
            return (*policies, *targets)

    changes.probe = committed
    store = SqlIotPolicyStore(database, changes)
    await store.add(RECORD)
    await store.attach(*KEY, "target", limit=10)
    await store.detach(*KEY, "target")
    await store.delete(*KEY, lambda record: None)
    assert changes.seen == [("a",), ("a", "target"), ("a",), ()]
    assert [entry[0] for entry in changes.told] == [
        "iot policy",
        "attachments",
        "attachments",
        "iot policy",
    ]
    await database.close()


class PausingDatabase(MemoryDatabase):
    """Lets a write in while a read is under way, once."""

    def __init__(self) -> None:
        super().__init__()
        self.has_read, self.may_answer = asyncio.Event(), asyncio.Event()
        self.is_pausing = False

    async def read(self, work):  # type: ignore[no-untyped-def]
        value = await super().read(work)
        if self.is_pausing:
            self.is_pausing = False
            self.has_read.set()
            await self.may_answer.wait()
        return value


async def test_reads_beside_writes_are_not_remembered() -> None:
    database = PausingDatabase()
    metadata.create_all(database.engine)
    store = SqlIotPolicyStore(database, RecordingChanges())
    await store.add(RECORD)
    database.is_pausing = True
    reading = asyncio.create_task(store.get(*KEY))
    await database.has_read.wait()
    await store.update(*KEY, second)
    database.may_answer.set()
    assert await reading == RECORD
    assert await store.get(*KEY) == second(RECORD)

    database.has_read.clear()
    database.may_answer.clear()
    database.is_pausing = True
    listing = asyncio.create_task(store.attached(ACCOUNT, REGION, "target"))
    await database.has_read.wait()
    await store.attach(*KEY, "target", limit=10)
    database.may_answer.set()
    assert await listing == ()
    assert await store.attached(ACCOUNT, REGION, "target") == (second(RECORD),)


async def test_what_was_asked_once_is_answered_from_memory() -> None:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    store = SqlIotPolicyStore(database, RecordingChanges())
    await store.add(RECORD)
    await store.attach(*KEY, "target", limit=10)
    first = await store.attached(ACCOUNT, REGION, "target")
    await database.close()
    metadata.drop_all(database.engine)
    assert await store.attached(ACCOUNT, REGION, "target") == first == (RECORD,)
