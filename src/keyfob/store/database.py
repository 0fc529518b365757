"""The database: short reads at once, writes grouped into durable transactions.

A write is a function handed to `write`. One writer takes everything that waits, runs each
function in its own savepoint inside a single transaction, commits once, and only then lets the
callers go on: what was answered is durable, and the cost of the commit is shared. A function
that raises undoes only itself.

Adapters in this package are the only users; services see the ports.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

T = TypeVar("T")
Work = Callable[[Connection], T]
"""Runs statements on the connection and returns a value; it never commits or rolls back."""

Durability = Literal["power", "process"]
"""`power`: fsync before the answer. `process`: survives `kill -9`, not a power cut."""

MAX_WAITING_WRITES = 10_000
"""Writes that may wait for the writer; more are refused, so memory stays bounded."""

MAX_GROUP = 1_000
"""Writes in one transaction; it bounds how long the first of them waits."""


class Database(Protocol):
    """Reads and durable writes."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` against the last committed state."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; return when its effects are durable.

        Raises:
            DatabaseBusyError: more writes wait than the bound allows.
            OSError: the transaction could not be committed (a full disk); nothing was kept.
        """
        ...

    async def close(self) -> None:
        """Finish the writes that wait and let go of the files."""
        ...


class DatabaseBusyError(Exception):
    """Too many writes wait already."""


@dataclass(slots=True)
class _Write:
    """One caller's work, and where it waits for the outcome."""

    work: Work[Any]
    done: Future[Any]

    def settle(self, value: object, problem: Exception | None) -> None:
        """Let the caller go on; one that was cancelled meanwhile is not told."""
        if not self.done.set_running_or_notify_cancel():
            return
        if problem is None:
            self.done.set_result(value)
        else:
            self.done.set_exception(problem)


def _set_pragmas(engine: Engine, synchronous: str) -> None:
    """Configure every SQLite connection; transactions are begun by hand so that savepoints work."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # past SQLAlchemy's statement machinery, which costs more than a point look-up does
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")


class MemoryDatabase:
    """SQLite in memory on one connection, for tests and `--memory`."""

    def __init__(self) -> None:
        """Open an empty database."""
        self.engine = sqlalchemy.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        _set_pragmas(self.engine, "OFF")

    async def read(self, work: Work[T]) -> T:
        """Run `work` at once."""
        with self.engine.connect() as connection:
            return work(connection)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own."""
        with self.engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        """Drop everything."""
        self.engine.dispose()


class SqliteDatabase:
    """SQLite in a file, WAL mode, with one writer thread that groups commits."""

    def __init__(self, path: Path, durability: Durability = "power") -> None:
        """Open (or make) the database file; its directory must exist."""
        url = f"sqlite:///{path}"
        synchronous = "FULL" if durability == "power" else "NORMAL"
        self.engine = sqlalchemy.create_engine(
            url, poolclass=NullPool, connect_args={"check_same_thread": False}
        )
        _set_pragmas(self.engine, synchronous)
        self._reader = self.engine.connect()
        self._waiting: queue.Queue[_Write | None] = queue.Queue(MAX_WAITING_WRITES)
        self._writer = threading.Thread(target=self._run_writer, name="keyfob-writer", daemon=True)
        self._writer.start()

    async def read(self, work: Work[T]) -> T:
        """Run `work` on the reading connection, in the calling thread: reads are point look-ups."""
        with self._reader.begin():
            return work(self._reader)

    async def write(self, work: Work[T]) -> T:
        """Queue `work` for the writer and wait until its group is committed."""
        item = _Write(work, Future())
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            raise DatabaseBusyError("too many writes are waiting") from None
        result: T = await asyncio.wrap_future(item.done)
        return result

    async def close(self) -> None:
        """Commit what waits, stop the writer, close the file."""
        self._waiting.put(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.close()
        self.engine.dispose()

    def _run_writer(self) -> None:
        connection = self.engine.connect()
        while (group := self._next_group()) is not None:
            try:
                _commit_group(connection, group)
            except SQLAlchemyError as error:
                failure = OSError(f"the database could not commit: {error}")
                for item in group:
                    item.settle(None, failure)
                connection.close()
                connection = self.engine.connect()
        connection.close()

    def _next_group(self) -> list[_Write] | None:
        """Wait for writes and return all that wait, at most `MAX_GROUP`; None when closing."""
        first = self._waiting.get()
        if first is None:
            return None
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._waiting.put(None)
                break
            group.append(item)
        return group


def _commit_group(connection: Connection, group: list[_Write]) -> None:
    """Run every write of a group in one transaction; settle them after the commit.

    A write that raises undoes only itself. An error of the database itself (a full disk) ends
    the group: SQLite may have rolled the transaction back, so nothing of it may go on.
    """
    outcomes: list[tuple[_Write, Any, Exception | None]] = []
    with connection.begin():
        for item in group:
            try:
                with connection.begin_nested():
                    outcomes.append((item, item.work(connection), None))
            except OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - handed to the caller that is waiting
                outcomes.append((item, None, error))
    for item, value, problem in outcomes:
        item.settle(value, problem)
