from pathlib import Path

import msgspec
import pytest
from tests.unit.services.changes import RecordingChanges

from keyfob.core.ids import AccountId, Region
from keyfob.store.database import MemoryDatabase, SqliteDatabase
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.identity_pools import SqlIdentityPoolStore
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login
from keyfob.store.ports.identity_pools import (
    CognitoProvider,
    IdentityPoolRecord,
    MappingRule,
    PrincipalTagMap,
    RoleMapping,
)
from keyfob.store.tables import metadata

POOL = IdentityPoolRecord(
    "eu-central-1:0",
    AccountId("123456789012"),
    Region("eu-central-1"),
    "p",
    True,
    5.0,
    cognito_providers=(CognitoProvider("p", "c", True),),
    roles={"authenticated": "r"},
    role_mappings={"p": RoleMapping("Rules", "Deny", (MappingRule("a", "Equals", "b", "r"),))},
    principal_tag_maps={"p": PrincipalTagMap(tags={"t": "c"})},
)


@pytest.fixture
def store() -> SqlIdentityPoolStore:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    return SqlIdentityPoolStore(database, RecordingChanges())


async def test_a_pool_is_kept_whole_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keyfob.db"
    database = SqliteDatabase(path, "process")
    metadata.create_all(database.engine)
    await SqlIdentityPoolStore(database, RecordingChanges()).add(POOL)
    await database.close()
    reopened = SqliteDatabase(path, "process")
    assert await SqlIdentityPoolStore(reopened, RecordingChanges()).get(POOL.pool_id) == POOL
    await reopened.close()


async def test_the_held_pool_follows_every_change(store: SqlIdentityPoolStore) -> None:
    assert await store.get(POOL.pool_id) is None
    await store.add(POOL)
    assert await store.get(POOL.pool_id) is await store.get(POOL.pool_id)
    changed = await store.update(
        POOL.pool_id, lambda pool: msgspec.structs.replace(pool, name="new")
    )
    assert changed is not None
    assert await store.get(POOL.pool_id) == changed
    assert await store.delete(POOL.pool_id)
    assert await store.get(POOL.pool_id) is None
    assert not await store.delete(POOL.pool_id)


async def test_a_change_that_raises_keeps_nothing(store: SqlIdentityPoolStore) -> None:
    await store.add(POOL)

    def fail(_pool: IdentityPoolRecord) -> IdentityPoolRecord:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.update(POOL.pool_id, fail)
    assert await store.get(POOL.pool_id) == POOL
    assert await store.update("eu-central-1:1", fail) is None


async def test_a_change_is_told_when_it_is_durable(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "keyfob.db", "process")
    metadata.create_all(database.engine)
    changes = RecordingChanges()
    identities = SqlIdentityStore(database, changes)
    pools = SqlIdentityPoolStore(database, identities)
    await pools.add(POOL)
    record = IdentityRecord("eu-central-1:a", POOL.pool_id, 1.0, 1.0, (Login("p", "s"),))

    def count() -> int:
        with database.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT count(*) FROM identities")
            number: int = rows.scalar_one()
            return number

    changes.probe = count
    await identities.resolve(
        POOL.pool_id,
        None,
        record.logins,
        lambda _named, _held: IdentityResolution(record, (record,)),
    )
    await pools.delete(POOL.pool_id)
    assert changes.told == [("identity", record.identity_id)] * 2
    assert changes.seen == [1, 0]
    assert await identities.holders(POOL.pool_id, record.logins) == []
    await database.close()
