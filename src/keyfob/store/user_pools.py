"""User pools and app clients in SQL."""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, update

from keyfob.core.ids import AccountId, Region
from keyfob.store.database import Database
from keyfob.store.ports.page import Page
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.tables.user_pools import user_pool_clients, user_pools

MAX_CACHED = 10_000
"""Pools, and clients, remembered; beyond it the memory starts over."""

_pool_decoder = msgspec.json.Decoder(UserPoolRecord)
_client_decoder = msgspec.json.Decoder(ClientRecord)


class SqlUserPoolStore:
    """Pools and clients of every account, remembered once read."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database
        self._pools: dict[str, UserPoolRecord] = {}
        self._clients: dict[str, ClientRecord] = {}
        self._generation = 0

    async def get(self, pool_id: str) -> UserPoolRecord | None:
        """Return a pool."""
        known = self._pools.get(pool_id)
        if known is not None:
            return known
        generation = self._generation
        record = await self._database.read(lambda connection: _read_pool(connection, pool_id))
        if record is not None and generation == self._generation:
            _remember(self._pools, pool_id, record)
        return record

    async def add(self, record: UserPoolRecord) -> None:
        """Keep a new pool."""
        row = {
            "pool_id": record.pool_id,
            "account": record.account,
            "region": record.region,
            "document": msgspec.json.encode(record),
        }
        await self._database.write(
            lambda connection: connection.execute(insert(user_pools).values(row)) and None
        )

    async def update(
        self, pool_id: str, change: Callable[[UserPoolRecord], UserPoolRecord]
    ) -> UserPoolRecord | None:
        """Replace a pool by what `change` makes of it; None when there is no such pool."""

        def work(connection: Connection) -> UserPoolRecord | None:
            record = _read_pool(connection, pool_id)
            if record is None:
                return None
            changed = change(record)
            _write(connection, user_pools, "pool_id", pool_id, changed)
            return changed

        try:
            return await self._database.write(work)
        finally:
            self._forget(pool_id)

    async def delete(self, pool_id: str) -> bool:
        """Delete a pool with all that is in it; False when there was none."""
        statement = delete(user_pools).where(user_pools.c.pool_id == pool_id)
        try:
            return await self._database.write(
                lambda connection: connection.execute(statement).rowcount > 0
            )
        finally:
            self._forget(pool_id)
            self._clients.clear()

    async def list_pools(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[UserPoolRecord]:
        """Return pools of one account and region in the order of their ids."""
        columns = user_pools.c
        query = (
            select(columns.document)
            .where(columns.account == account, columns.region == region)
            .where(columns.pool_id > (after or ""))
            .order_by(columns.pool_id)
            .limit(limit + 1)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        records = [_pool_decoder.decode(document) for document in documents]
        next_after = records[limit - 1].pool_id if len(records) > limit else None
        return Page(tuple(records[:limit]), next_after)

    async def get_client(self, client_id: str) -> ClientRecord | None:
        """Return a client of any pool."""
        known = self._clients.get(client_id)
        if known is not None:
            return known
        generation = self._generation
        record = await self._database.read(lambda connection: _read_client(connection, client_id))
        if record is not None and generation == self._generation:
            _remember(self._clients, client_id, record)
        return record

    async def add_client(self, record: ClientRecord) -> None:
        """Keep a new client."""
        row = {
            "client_id": record.client_id,
            "pool_id": record.pool_id,
            "document": msgspec.json.encode(record),
        }
        await self._database.write(
            lambda connection: connection.execute(insert(user_pool_clients).values(row)) and None
        )

    async def update_client(
        self, client_id: str, change: Callable[[ClientRecord], ClientRecord]
    ) -> ClientRecord | None:
        """Replace a client by what `change` makes of it; None when there is no such client."""

        def work(connection: Connection) -> ClientRecord | None:
            record = _read_client(connection, client_id)
            if record is None:
                return None
            changed = change(record)
            _write(connection, user_pool_clients, "client_id", client_id, changed)
            return changed

        try:
            return await self._database.write(work)
        finally:
            self._forget(client_id)

    async def delete_client(self, client_id: str) -> bool:
        """Delete a client; False when there was none."""
        statement = delete(user_pool_clients).where(user_pool_clients.c.client_id == client_id)
        try:
            return await self._database.write(
                lambda connection: connection.execute(statement).rowcount > 0
            )
        finally:
            self._forget(client_id)

    async def list_clients(
        self, pool_id: str, *, after: str | None, limit: int
    ) -> Page[ClientRecord]:
        """Return clients of one pool in the order of their ids."""
        columns = user_pool_clients.c
        query = (
            select(columns.document)
            .where(columns.pool_id == pool_id, columns.client_id > (after or ""))
            .order_by(columns.client_id)
            .limit(limit + 1)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        records = [_client_decoder.decode(document) for document in documents]
        next_after = records[limit - 1].client_id if len(records) > limit else None
        return Page(tuple(records[:limit]), next_after)

    def _forget(self, key: str) -> None:
        """Drop what is remembered; a read that began before the commit is not remembered either."""
        self._generation += 1
        self._pools.pop(key, None)
        self._clients.pop(key, None)


def _remember(
    memory: dict[str, UserPoolRecord] | dict[str, ClientRecord], key: str, record: object
) -> None:
    if len(memory) >= MAX_CACHED:
        memory.clear()
    memory[key] = record  # type: ignore[assignment]


def _read_pool(connection: Connection, pool_id: str) -> UserPoolRecord | None:
    query = select(user_pools.c.document).where(user_pools.c.pool_id == pool_id)
    document = connection.execute(query).scalar_one_or_none()
    return None if document is None else _pool_decoder.decode(document)


def _read_client(connection: Connection, client_id: str) -> ClientRecord | None:
    query = select(user_pool_clients.c.document).where(user_pool_clients.c.client_id == client_id)
    document = connection.execute(query).scalar_one_or_none()
    return None if document is None else _client_decoder.decode(document)


def _write(
    connection: Connection,
    table: Table,
    key_column: str,
    key: str,
    record: UserPoolRecord | ClientRecord,
) -> None:
    statement = update(table).where(table.c[key_column] == key)
    connection.execute(statement.values(document=msgspec.json.encode(record)))
