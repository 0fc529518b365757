"""Identity pools in SQL, those in use held in memory."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from keyfob.core.ids import AccountId, Region
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.identity_pools import IdentityPoolRecord
from keyfob.store.tables.identities import identities
from keyfob.store.tables.identity_pools import identity_pools

MAX_CACHED_POOLS = 10_000
"""Pools held in memory; AWS allows 1,000 an account. Beyond, all are read afresh."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(IdentityPoolRecord).decode


class IdentityChanges(Protocol):
    """Hears of identities that changed: the store of identities, which tells everyone else."""

    async def identity_changed(self, identity_id: str) -> None:
        """An identity is not any more what it was."""
        ...


class SqlIdentityPoolStore:
    """An `IdentityPoolStore`."""

    def __init__(self, database: Database, changes: IdentityChanges) -> None:
        """Tell `changes` of the identities that go with a deleted pool."""
        self._database = database
        self._changes = changes
        self._cached: dict[str, IdentityPoolRecord] = {}
        self._generation = 0

    async def get(self, pool_id: str) -> IdentityPoolRecord | None:
        """Return a pool, or None."""
        cached = self._cached.get(pool_id)
        if cached is not None:
            return cached
        generation = self._generation
        pool = await self._database.read(lambda connection: _read(connection, pool_id))
        # a write that came between would otherwise leave the old record in memory
        if pool is not None and generation == self._generation:
            if len(self._cached) >= MAX_CACHED_POOLS:
                self._cached.clear()
            self._cached[pool_id] = pool
        return pool

    async def add(self, pool: IdentityPoolRecord) -> None:
        """Keep a new pool."""

        def work(connection: Connection) -> None:
            connection.execute(
                insert(identity_pools).values(
                    pool_id=pool.pool_id,
                    account=pool.account,
                    region=pool.region,
                    document=_encode(pool),
                )
            )

        await self._database.write(work)

    async def update(
        self, pool_id: str, change: Callable[[IdentityPoolRecord], IdentityPoolRecord]
    ) -> IdentityPoolRecord | None:
        """Replace a pool by `change` of it, atomically; return None when there is none."""

        def work(connection: Connection) -> IdentityPoolRecord | None:
            pool = _read(connection, pool_id)
            if pool is None:
                return None
            changed = change(pool)
            connection.execute(
                update(identity_pools)
                .where(identity_pools.c.pool_id == pool_id)
                .values(document=_encode(changed))
            )
            return changed

        async def tell(_pool: IdentityPoolRecord | None) -> None:
            self._forget(pool_id)

        return await write_and_tell(self._database, work, tell)

    async def delete(self, pool_id: str) -> bool:
        """Delete a pool and all its identities at once; return whether there was one."""

        def work(connection: Connection) -> tuple[bool, list[str]]:
            gone = connection.execute(
                delete(identity_pools).where(identity_pools.c.pool_id == pool_id)
            )
            rows = connection.execute(
                delete(identities)
                .where(identities.c.pool_id == pool_id)
                .returning(identities.c.identity_id)
            )
            return gone.rowcount > 0, [row.identity_id for row in rows]

        async def tell(gone: tuple[bool, list[str]]) -> None:
            self._forget(pool_id)
            for identity_id in gone[1]:
                await self._changes.identity_changed(identity_id)

        return (await write_and_tell(self._database, work, tell))[0]

    async def page(
        self, account: AccountId, region: Region, *, after: str, limit: int
    ) -> Sequence[IdentityPoolRecord]:
        """Return up to `limit` pools in the order of their ids, those after the id `after`."""
        query = (
            select(identity_pools.c.document)
            .where(
                identity_pools.c.account == account,
                identity_pools.c.region == region,
                identity_pools.c.pool_id > after,
            )
            .order_by(identity_pools.c.pool_id)
            .limit(limit)
        )
        return await self._database.read(
            lambda connection: [_decode(row.document) for row in connection.execute(query)]
        )

    def _forget(self, pool_id: str) -> None:
        self._generation += 1
        self._cached.pop(pool_id, None)


def _read(connection: Connection, pool_id: str) -> IdentityPoolRecord | None:
    document = connection.execute(
        select(identity_pools.c.document).where(identity_pools.c.pool_id == pool_id)
    ).scalar_one_or_none()
    return None if document is None else _decode(document)
