import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy.exc
from tests.unit.services.changes import RecordingChanges

from keyfob.store.database import SqliteDatabase
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login
from keyfob.store.tables import metadata

A, B = Login("a", "1"), Login("b", "1")


def identity(name: str, *logins: Login, disabled: bool = False) -> IdentityRecord:
    return IdentityRecord(f"eu-central-1:{name}", "pool", 1.0, 1.0, logins, disabled)


def keep(*records: IdentityRecord) -> IdentityResolution:
    return IdentityResolution(records[0], records)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlIdentityStore]:
    database = SqliteDatabase(tmp_path / "keyfob.db", "process")
    metadata.create_all(database.engine)
    yield SqlIdentityStore(database, RecordingChanges())
    await database.close()


async def test_a_login_belongs_to_one_identity_whatever_is_decided(
    store: SqlIdentityStore,
) -> None:
    await store.resolve("pool", None, (A,), lambda _named, _held: keep(identity("a", A)))
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        await store.resolve("pool", None, (), lambda _named, _held: keep(identity("b", A)))
    assert await store.get("eu-central-1:b") is None


async def test_deciders_run_one_after_the_other(store: SqlIdentityStore) -> None:
    async def find_or_make(name: str) -> IdentityRecord:
        return await store.resolve(
            "pool",
            None,
            (A,),
            lambda _named, held: IdentityResolution(held[0]) if held else keep(identity(name, A)),
        )

    found = await asyncio.gather(*(find_or_make(f"{number:x}") for number in range(40)))
    assert len({each.identity_id for each in found}) == 1


async def test_a_login_can_move_between_two_identities_at_once(store: SqlIdentityStore) -> None:
    await store.resolve(
        "pool", None, (), lambda _named, _held: keep(identity("a", A), identity("b", B))
    )
    await store.resolve(
        "pool",
        None,
        (),
        lambda _named, _held: keep(identity("a", A, B), identity("b", disabled=True)),
    )
    assert await store.holders("pool", (B,)) == [identity("a", A, B)]
    assert await store.holders("pool", (A, B)) == [identity("a", A, B)]
    assert await store.holders("other", (A, B)) == []
    assert await store.get("eu-central-1:b") == identity("b", disabled=True)


async def test_a_deleted_identity_frees_its_logins(store: SqlIdentityStore) -> None:
    await store.resolve("pool", None, (), lambda _named, _held: keep(identity("a", A)))
    assert await store.delete(["eu-central-1:a", "eu-central-1:none"]) == ["eu-central-1:a"]
    assert await store.delete(["eu-central-1:a"]) == []
    await store.resolve("pool", None, (), lambda _named, _held: keep(identity("b", A)))
    assert await store.find_by_subject("1") == [identity("b", A)]


async def test_what_is_held_in_memory_follows_every_commit(store: SqlIdentityStore) -> None:
    await store.resolve("pool", None, (), lambda _named, _held: keep(identity("a", A)))
    for _ in range(2):  # read from the database, then from memory
        assert await store.holders("pool", (A,)) == [identity("a", A)]
        assert await store.get("eu-central-1:a") == identity("a", A)
    moved = keep(identity("b", A), identity("a", disabled=True))
    await store.resolve("pool", None, (), lambda _named, _held: moved)
    assert await store.get("eu-central-1:a") == identity("a", disabled=True)
    assert await store.holders("pool", (A, B)) == [identity("b", A)]
    await store.delete(["eu-central-1:b"])
    assert await store.holders("pool", (A,)) == []
    assert await store.get("eu-central-1:b") is None


async def test_the_memory_starts_over_when_it_is_full(
    store: SqlIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyfob.store.identities.MAX_CACHED", 1)
    made = keep(identity("a", A), identity("b", B))
    await store.resolve("pool", None, (), lambda _named, _held: made)
    assert await store.holders("pool", (A, B)) == list(made.changed)
    assert await store.holders("pool", (A,)) == [identity("a", A)]
