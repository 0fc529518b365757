"""Named records of user pools in SQL: one adapter, one table for each kind."""

from collections.abc import Callable
from typing import Generic

import msgspec
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.page import Page
from keyfob.store.ports.pool_items import ItemT, TooManyItemsError


class SqlPoolItemStore(Generic[ItemT]):
    """Records of one kind, in a table with the columns `pool_id`, `name` and `document`."""

    def __init__(self, database: Database, table: Table, kind: type[ItemT]) -> None:
        """Keep records of `kind` in a table of `database`."""
        self._database = database
        self._table = table
        self._decoder = msgspec.json.Decoder(kind)

    async def get(self, pool_id: str, name: str) -> ItemT | None:
        """Return one."""
        return await self._database.read(lambda connection: self._read(connection, pool_id, name))

    async def add(self, record: ItemT, *, at_most: int) -> bool:
        """Keep a new one; False when the name is taken.

        Raises:
            TooManyItemsError: the pool has `at_most` already.
        """

        def work(connection: Connection) -> bool:
            if self._read(connection, record.pool_id, record.name) is not None:
                return False
            columns = self._table.c
            count = select(func.count()).where(columns.pool_id == record.pool_id)
            if connection.execute(count).scalar_one() >= at_most:
                raise TooManyItemsError(f"the pool has {at_most} {self._table.name} already")
            row = {
                "pool_id": record.pool_id,
                "name": record.name,
                "document": msgspec.json.encode(record),
            }
            connection.execute(insert(self._table).values(row))
            return True

        return await self._database.write(work)

    async def update(
        self, pool_id: str, name: str, change: Callable[[ItemT], ItemT]
    ) -> ItemT | None:
        """Replace one by what `change` makes of it; None when there is none."""

        def work(connection: Connection) -> ItemT | None:
            record = self._read(connection, pool_id, name)
            if record is None:
                return None
            changed = change(record)
            columns = self._table.c
            same = (columns.pool_id == pool_id) & (columns.name == name)
            statement = update(self._table).where(same)
            connection.execute(statement.values(document=msgspec.json.encode(changed)))
            return changed

        return await write_and_tell(self._database, work, lambda _: self._committed())

    async def delete(self, pool_id: str, name: str) -> bool:
        """Delete one; False when there was none."""
        columns = self._table.c
        statement = delete(self._table).where(columns.pool_id == pool_id, columns.name == name)
        return await write_and_tell(
            self._database,
            lambda connection: connection.execute(statement).rowcount > 0,
            lambda _: self._committed(),
        )

    async def _committed(self) -> None:
        """Let go of what a change that is committed has made stale."""

    async def list_items(self, pool_id: str, *, after: str | None, limit: int) -> Page[ItemT]:
        """Return those of one pool in the order of their names."""
        columns = self._table.c
        query = (
            select(columns.document)
            .where(columns.pool_id == pool_id, columns.name > (after or ""))
            .order_by(columns.name)
            .limit(limit + 1)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        records = [self._decoder.decode(document) for document in documents]
        next_after = records[limit - 1].name if len(records) > limit else None
        return Page(tuple(records[:limit]), next_after)

    def _read(self, connection: Connection, pool_id: str, name: str) -> ItemT | None:
        columns = self._table.c
        query = select(columns.document).where(columns.pool_id == pool_id, columns.name == name)
        document = connection.execute(query).scalar_one_or_none()
        return None if document is None else self._decoder.decode(document)
