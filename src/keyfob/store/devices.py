"""Devices of user pool users in SQL."""

from collections.abc import Callable

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from keyfob.store.database import Database
from keyfob.store.ports.devices import DeviceRecord
from keyfob.store.ports.page import Page
from keyfob.store.tables.devices import pool_devices

_decoder = msgspec.json.Decoder(DeviceRecord)


class SqlDeviceStore:
    """Devices of every user."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def get(self, pool_id: str, sub: str, device_key: str) -> DeviceRecord | None:
        """Return one of a user's devices."""
        same = _is(pool_id, sub, device_key)
        return await self._database.read(lambda connection: _read(connection, same))

    async def add(self, record: DeviceRecord) -> bool:
        """Keep a new one; False when the user has it already."""
        same = _is(record.pool_id, record.sub, record.device_key)

        def work(connection: Connection) -> bool:
            if _read(connection, same) is not None:
                return False
            row = {
                "pool_id": record.pool_id,
                "sub": record.sub,
                "device_key": record.device_key,
                "document": msgspec.json.encode(record),
            }
            connection.execute(insert(pool_devices).values(row))
            return True

        return await self._database.write(work)

    async def update(
        self,
        pool_id: str,
        sub: str,
        device_key: str,
        change: Callable[[DeviceRecord], DeviceRecord],
    ) -> DeviceRecord | None:
        """Replace one by what `change` makes of it; None when there is none."""
        same = _is(pool_id, sub, device_key)

        def work(connection: Connection) -> DeviceRecord | None:
            record = _read(connection, same)
            if record is None:
                return None
            changed = change(record)
            statement = update(pool_devices).where(same)
            connection.execute(statement.values(document=msgspec.json.encode(changed)))
            return changed

        return await self._database.write(work)

    async def delete(self, pool_id: str, sub: str, device_key: str) -> bool:
        """Delete one; False when there was none."""
        statement = delete(pool_devices).where(_is(pool_id, sub, device_key))
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount > 0
        )

    async def list_devices(
        self, pool_id: str, sub: str, *, after: str | None, limit: int
    ) -> Page[DeviceRecord]:
        """Return a user's devices in the order of their keys."""
        columns = pool_devices.c
        query = (
            select(columns.document)
            .where(columns.pool_id == pool_id, columns.sub == sub)
            .where(columns.device_key > (after or ""))
            .order_by(columns.device_key)
            .limit(limit + 1)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        records = [_decoder.decode(document) for document in documents]
        next_after = records[limit - 1].device_key if len(records) > limit else None
        return Page(tuple(records[:limit]), next_after)


def _is(pool_id: str, sub: str, device_key: str) -> ColumnElement[bool]:
    columns = pool_devices.c
    return (columns.pool_id == pool_id) & (columns.sub == sub) & (columns.device_key == device_key)


def _read(connection: Connection, same: ColumnElement[bool]) -> DeviceRecord | None:
    document = connection.execute(select(pool_devices.c.document).where(same)).scalar_one_or_none()
    return None if document is None else _decoder.decode(document)
