"""Messages in SQL."""

import msgspec
from sqlalchemy import Connection, delete, insert, select

from keyfob.store.database import Database
from keyfob.store.ports.mail import MAX_MESSAGES_PER_POOL, MessageRecord
from keyfob.store.tables.mail import messages

_decoder = msgspec.json.Decoder(MessageRecord)


class SqlMailStore:
    """Messages of every pool."""

    def __init__(self, database: Database, max_per_pool: int = MAX_MESSAGES_PER_POOL) -> None:
        """Keep the newest `max_per_pool` messages of each pool in `database`."""
        self._database = database
        self._max_per_pool = max_per_pool

    async def add(self, record: MessageRecord) -> None:
        """Keep a message; beyond the bound the pool's oldest is dropped."""

        def work(connection: Connection) -> None:
            columns = messages.c
            row = {"pool_id": record.pool_id, "document": msgspec.json.encode(record)}
            connection.execute(insert(messages).values(row))
            same_pool = columns.pool_id == record.pool_id
            oldest_kept = (
                select(columns.number)
                .where(same_pool)
                .order_by(columns.number.desc())
                .offset(self._max_per_pool - 1)
                .limit(1)
            )
            first = connection.execute(oldest_kept).scalar_one_or_none()
            if first is not None:
                connection.execute(delete(messages).where(same_pool, columns.number < first))

        await self._database.write(work)

    async def list_messages(self, pool_id: str | None, *, limit: int) -> tuple[MessageRecord, ...]:
        """Return the newest messages of one pool or of all, newest first."""
        query = select(messages.c.document).order_by(messages.c.number.desc()).limit(limit)
        if pool_id is not None:
            query = query.where(messages.c.pool_id == pool_id)
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        return tuple(_decoder.decode(document) for document in documents)
