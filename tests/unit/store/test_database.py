"""The database: grouped durable writes, each undone alone, and what a failing commit does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from keyfob.store.database import Database, MemoryDatabase, SqliteDatabase, Work


@pytest.fixture(params=["file", "memory"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened: MemoryDatabase | SqliteDatabase = (
        MemoryDatabase() if request.param == "memory" else SqliteDatabase(tmp_path / "test.db")
    )
    await opened.write(lambda c: c.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)")))
    yield opened
    await opened.close()


def insert(number: int) -> Work[int]:
    def work(connection: Connection) -> int:
        connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})
        return number

    return work


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


async def test_a_write_is_seen_by_the_next_read(database: Database) -> None:
    assert await database.write(insert(1)) == 1
    assert await database.read(count) == 1


async def test_a_write_that_raises_undoes_only_itself(database: Database) -> None:
    def broken(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (99)"))
        raise LookupError("no")

    results = await asyncio.gather(
        *(database.write(insert(n)) for n in range(5)),
        database.write(broken),
        *(database.write(insert(n)) for n in range(5, 10)),
        return_exceptions=True,
    )
    assert [r for r in results if isinstance(r, int)] == list(range(10))
    assert [str(r) for r in results if isinstance(r, LookupError)] == ["no"]
    assert await database.read(count) == 10


async def test_read_modify_write_is_atomic(database: Database) -> None:
    await database.write(insert(0))

    def increment(connection: Connection) -> None:
        number = connection.execute(text("SELECT n FROM t")).scalar_one()
        connection.execute(text("UPDATE t SET n = :n"), {"n": number + 1})

    await asyncio.gather(*(database.write(increment) for _ in range(50)))
    number = await database.read(lambda c: c.execute(text("SELECT n FROM t")).scalar_one())
    assert number == 50


async def test_a_failing_commit_fails_the_whole_group_and_the_writer_goes_on(
    tmp_path: Path,
) -> None:
    database = SqliteDatabase(tmp_path / "small.db")
    await database.write(lambda c: c.execute(text("CREATE TABLE t (n BLOB)")))
    await database.write(lambda c: c.execute(text("PRAGMA max_page_count = 20")))
    big = text("INSERT INTO t VALUES (zeroblob(1000000))")
    with pytest.raises(OSError, match="could not commit"):
        await database.write(lambda c: c.execute(big))
    await database.write(lambda c: c.execute(text("INSERT INTO t VALUES (zeroblob(10))")))
    assert await database.read(count) == 1
    await database.close()


async def test_close_commits_what_waits(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "close.db")
    await database.write(lambda c: c.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)")))
    writes = [asyncio.ensure_future(database.write(insert(n))) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*writes) == list(range(20))
    reopened = SqliteDatabase(tmp_path / "close.db")
    assert await reopened.read(count) == 20
    await reopened.close()
