"""The role and user stores: atomic changes, told only after the commit."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select
from tests.unit.services.changes import RecordingChanges

from keyfob.core.ids import AccountId
from keyfob.store.database import MemoryDatabase, SqliteDatabase
from keyfob.store.iam_roles import SqlRoleStore
from keyfob.store.iam_users import SqlUserStore
from keyfob.store.ports.iam_entities import UnknownManagedPolicyError
from keyfob.store.ports.iam_resources import UnknownResourceError
from keyfob.store.ports.iam_roles import RoleRecord
from keyfob.store.ports.iam_users import AccessKeyRecord, UserRecord
from keyfob.store.tables.iam_entities import iam_policy_uses, iam_roles
from keyfob.store.tables.metadata import metadata

ACCOUNT = AccountId("123456789012")
ARN = f"arn:aws:iam::{ACCOUNT}:role/r"


def role(**fields: object) -> RoleRecord:
    record = RoleRecord(
        account=ACCOUNT,
        name="r",
        path="/",
        arn=ARN,
        unique_id="AROAX",
        created_at_s=0.0,
        trust_policy="{}",
    )
    return msgspec.structs.replace(record, **fields)


@pytest.fixture
def database() -> MemoryDatabase:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    return database


async def test_changes_are_told_after_the_commit_and_before_the_answer(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "db.sqlite", "process")
    metadata.create_all(database.engine)
    changes = RecordingChanges()

    def committed() -> object:
        with database.engine.connect() as connection:
            return connection.execute(select(iam_roles.c.document)).scalar_one_or_none()

    changes.probe = committed
    store = SqlRoleStore(database, changes)
    await store.add(role())
    after = await store.update(
        ACCOUNT, "r", lambda record: msgspec.structs.replace(record, tags={"a": "b"})
    )
    await store.delete(ACCOUNT, "r", lambda record: None)
    assert changes.told == [("role", ARN)] * 3
    assert changes.seen == [msgspec.json.encode(role()), msgspec.json.encode(after), None]
    await database.close()


async def test_a_change_that_raises_writes_and_tells_nothing(database: MemoryDatabase) -> None:
    changes = RecordingChanges()
    store = SqlRoleStore(database, changes)
    await store.add(role())
    changes.take()

    def change(record: RoleRecord) -> RoleRecord:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.update(ACCOUNT, "r", change)
    with pytest.raises(UnknownManagedPolicyError):
        await store.update(
            ACCOUNT,
            "r",
            lambda record: msgspec.structs.replace(record, attached=("arn:aws:iam::1:policy/x",)),
        )
    assert await store.get(ACCOUNT, "r") == role()
    assert changes.take() == []


async def test_changes_from_many_tasks_all_count(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "db.sqlite", "process")
    metadata.create_all(database.engine)
    store = SqlRoleStore(database, RecordingChanges())
    await store.add(role())

    async def add_tag(key: str) -> None:
        await store.update(
            ACCOUNT,
            "r",
            lambda record: msgspec.structs.replace(record, tags={**record.tags, key: ""}),
        )

    await asyncio.gather(*(add_tag(f"k{number}") for number in range(20)))
    record = await store.get(ACCOUNT, "r")
    assert record is not None
    assert len(record.tags) == 20
    await database.close()


async def test_uses_follow_the_record(database: MemoryDatabase) -> None:
    store = SqlRoleStore(database, RecordingChanges())
    aws = "arn:aws:iam::aws:policy/AdministratorAccess"
    await store.add(role(attached=(aws,), boundary_arn=aws))
    assert [record.name for record in await store.holders(ACCOUNT, aws)] == ["r"]
    await store.delete(ACCOUNT, "r", lambda record: None)
    count = select(func.count()).select_from(iam_policy_uses)
    assert await database.read(lambda connection: connection.execute(count).scalar_one()) == 0


async def test_unknown_entities(database: MemoryDatabase) -> None:
    store = SqlRoleStore(database, RecordingChanges())
    with pytest.raises(UnknownResourceError):
        await store.update(ACCOUNT, "r", lambda record: record)
    with pytest.raises(UnknownResourceError):
        await store.delete(ACCOUNT, "r", lambda record: None)


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


async def test_a_read_beside_a_write_is_not_remembered() -> None:
    database = PausingDatabase()
    metadata.create_all(database.engine)
    store = SqlUserStore(database, RecordingChanges())
    key = AccessKeyRecord("AKIAX", b"sealed", 0.0)
    await store.add(
        UserRecord(
            account=ACCOUNT,
            name="u",
            path="/",
            arn="arn",
            unique_id="AIDAX",
            created_at_s=0.0,
            access_keys=(key,),
        )
    )
    database.is_pausing = True
    reading = asyncio.create_task(store.find_by_access_key("AKIAX"))
    await database.has_read.wait()
    await store.update(ACCOUNT, "u", lambda record: msgspec.structs.replace(record, access_keys=()))
    database.may_answer.set()
    assert await reading is not None
    assert await store.find_by_access_key("AKIAX") is None


async def test_what_is_held_in_memory_follows_every_commit(database: MemoryDatabase) -> None:
    store = SqlRoleStore(database, RecordingChanges())
    await store.add(role())
    assert await store.get(ACCOUNT, "R") == role()
    renewed = await store.update(
        ACCOUNT, "r", lambda record: msgspec.structs.replace(record, trust_policy="{ }")
    )
    assert await store.get(ACCOUNT, "r") == renewed == role(trust_policy="{ }")
    await store.delete(ACCOUNT, "R", lambda _record: None)
    assert await store.get(ACCOUNT, "r") is None
