"""Domains of user pools in SQL."""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from keyfob.store.database import Database
from keyfob.store.ports.domains import DomainRecord
from keyfob.store.tables.federation import user_pool_domains

_decoder = msgspec.json.Decoder(DomainRecord)


class SqlDomainStore:
    """Domains of every pool."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def get(self, domain: str) -> DomainRecord | None:
        """Return one."""
        return await self._database.read(lambda connection: _read(connection, domain))

    async def add(self, record: DomainRecord) -> bool:
        """Keep a new one; False when any pool has it."""

        def work(connection: Connection) -> bool:
            if _read(connection, record.domain) is not None:
                return False
            row = {
                "domain": record.domain,
                "pool_id": record.pool_id,
                "document": msgspec.json.encode(record),
            }
            connection.execute(insert(user_pool_domains).values(row))
            return True

        return await self._database.write(work)

    async def update(
        self, domain: str, change: Callable[[DomainRecord], DomainRecord]
    ) -> DomainRecord | None:
        """Replace one by what `change` makes of it; None when there is none."""

        def work(connection: Connection) -> DomainRecord | None:
            record = _read(connection, domain)
            if record is None:
                return None
            changed = change(record)
            statement = update(user_pool_domains).where(user_pool_domains.c.domain == domain)
            connection.execute(statement.values(document=msgspec.json.encode(changed)))
            return changed

        return await self._database.write(work)

    async def delete(self, domain: str) -> bool:
        """Delete one; False when there was none."""
        statement = delete(user_pool_domains).where(user_pool_domains.c.domain == domain)
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount > 0
        )

    async def list_domains(self, pool_id: str) -> tuple[DomainRecord, ...]:
        """Return the domains of a pool: at most two."""
        columns = user_pool_domains.c
        query = select(columns.document).where(columns.pool_id == pool_id).order_by(columns.domain)
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        return tuple(_decoder.decode(document) for document in documents)


def _read(connection: Connection, domain: str) -> DomainRecord | None:
    columns = user_pool_domains.c
    query = select(columns.document).where(columns.domain == domain)
    document = connection.execute(query).scalar_one_or_none()
    return None if document is None else _decoder.decode(document)
