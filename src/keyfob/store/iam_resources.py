"""Named resources of IAM in SQL: what the stores of roles, users, groups and the rest share."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from keyfob.core.ids import AccountId
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.iam_resources import (
    IamResource,
    ResourceExistsError,
    UnknownResourceError,
)
from keyfob.store.ports.page import Page

RecordT = TypeVar("RecordT", bound=IamResource)

MAX_CACHED = 10_000
"""Resources of one kind remembered; beyond it the memory starts over."""


class SqlResourceStore(Generic[RecordT]):
    """One table of resources, those in use held in memory.

    Subclasses say which table, and keep further indexes in step. Documents are written here only.
    """

    def __init__(self, database: Database, *, table: Table, record_type: type[RecordT]) -> None:
        """Keep resources of one kind.

        Args:
            database: where.
            table: a resource table.
            record_type: what its documents decode to.
        """
        self._database = database
        self._table = table
        self._decoder = msgspec.json.Decoder(record_type)
        self._cached: dict[tuple[AccountId, str], RecordT] = {}
        self._generation = 0
        self._by_name = select(table.c.document).where(
            table.c.account == bindparam("account"), table.c.name_key == bindparam("name_key")
        )

    async def get(self, account: AccountId, name: str) -> RecordT | None:
        """Return the resource of that name, in any case."""
        key = (account, name.lower())
        known = self._cached.get(key)
        if known is not None:
            return known
        generation = self._generation
        record = await self._database.read(lambda connection: self._load(connection, account, name))
        # a commit that came between would otherwise leave the old record in memory
        if record is not None and generation == self._generation:
            if len(self._cached) >= MAX_CACHED:
                self._cached.clear()
            self._cached[key] = record
        return record

    async def add(self, record: RecordT) -> None:
        """Keep a new resource; see the port for what it raises."""

        def work(connection: Connection) -> None:
            self._insert(connection, record)
            self._index(connection, None, record)

        await write_and_tell(self._database, work, lambda _: self._committed(record.arn))

    async def update(
        self, account: AccountId, name: str, change: Callable[[RecordT], RecordT]
    ) -> RecordT:
        """Replace a resource by `change(resource)`; see the port for what it raises."""

        def work(connection: Connection) -> tuple[RecordT, RecordT]:
            before = self._require(connection, account, name)
            after = change(before)
            self._replace(connection, before, after)
            self._index(connection, before, after)
            return before, after

        async def tell(change: tuple[RecordT, RecordT]) -> None:
            self._forget(change[0])
            for arn in dict.fromkeys(record.arn for record in change):
                await self._committed(arn)

        _, after = await write_and_tell(self._database, work, tell)
        return after

    async def delete(
        self, account: AccountId, name: str, require: Callable[[RecordT], None]
    ) -> None:
        """Delete a resource unless `require(resource)` raises."""

        def work(connection: Connection) -> RecordT:
            record = self._require(connection, account, name)
            require(record)
            connection.execute(delete(self._table).where(*self._key(account, name)))
            self._index(connection, record, None)
            return record

        async def tell(gone: RecordT) -> None:
            self._forget(gone)
            await self._committed(gone.arn)

        await write_and_tell(self._database, work, tell)

    async def page(
        self, account: AccountId, *, after: str | None, limit: int, path_prefix: str = "/"
    ) -> Page[RecordT]:
        """Return resources in the order of their lower-case names, which are the page keys."""
        columns = self._table.c
        query = (
            select(columns.name_key, columns.document)
            .where(columns.account == account, columns.name_key > (after or ""))
            .where(func.substr(columns.path, 1, len(path_prefix)) == path_prefix)
            .order_by(columns.name_key)
            .limit(limit + 1)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        items = tuple(self._decoder.decode(row.document) for row in rows[:limit])
        return Page(items, rows[limit - 1].name_key if len(rows) > limit else None)

    async def count(self, account: AccountId) -> int:
        """Return how many there are."""
        query = (
            select(func.count()).select_from(self._table).where(self._table.c.account == account)
        )
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    def _forget(self, record: RecordT) -> None:
        self._generation += 1
        self._cached.pop((record.account, record.name.lower()), None)

    async def _committed(self, arn: str) -> None:
        """Tell whoever must know that a change of the resource of this ARN is committed."""

    def _index(self, connection: Connection, before: RecordT | None, after: RecordT | None) -> None:
        """Bring what refers to the resource in step with its record, in the same transaction."""

    def _values(self, record: RecordT) -> dict[str, object]:
        """Return the row of a record, without its account."""
        return {
            "name_key": record.name.lower(),
            "path": record.path,
            "document": msgspec.json.encode(record),
        }

    def _insert(self, connection: Connection, record: RecordT) -> None:
        values = {"account": record.account, **self._values(record)}
        try:
            connection.execute(insert(self._table), values)
        except IntegrityError:
            raise ResourceExistsError(record.name) from None

    def _replace(self, connection: Connection, before: RecordT, after: RecordT) -> None:
        where = self._key(before.account, before.name)
        try:
            connection.execute(update(self._table).where(*where).values(self._values(after)))
        except IntegrityError:
            raise ResourceExistsError(after.name) from None

    def _load(self, connection: Connection, account: AccountId, name: str) -> RecordT | None:
        key = {"account": account, "name_key": name.lower()}
        document = connection.execute(self._by_name, key).scalar_one_or_none()
        return None if document is None else self._decoder.decode(document)

    def _require(self, connection: Connection, account: AccountId, name: str) -> RecordT:
        record = self._load(connection, account, name)
        if record is None:
            raise UnknownResourceError(name)
        return record

    def _key(self, account: AccountId, name: str) -> tuple[ColumnElement[bool], ...]:
        return (self._table.c.account == account, self._table.c.name_key == name.lower())
