"""IoT policies and their attachments in SQL, with what was asked once kept in memory.

The memory holds what the last commit says: a write empties the part it touched before its
caller is answered, and a read that ran beside a write is not remembered.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from keyfob.authz.ports import PolicyChanges
from keyfob.core.ids import AccountId, Region
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.iot_policies import (
    IotPolicyAttachedError,
    IotPolicyExistsError,
    IotPolicyNotFoundError,
    IotPolicyRecord,
    TooManyIotPoliciesError,
)
from keyfob.store.ports.page import Page
from keyfob.store.tables.iot_policies import iot_policies, iot_policy_attachments

MAX_REMEMBERED = 50_000
"""Targets whose policies are remembered; beyond it the memory starts over.

A target costs some 200 bytes: the records themselves are shared.
"""

MAX_REMEMBERED_POLICIES = 5_000
"""Policies remembered, a few KB each; beyond it the memory starts over."""

_DECODER = msgspec.json.Decoder(IotPolicyRecord)

_TargetKey = tuple[AccountId, Region, str]
_PolicyKey = tuple[AccountId, Region, str]


class SqlIotPolicyStore:
    """The IoT policies of every account and region, and their attachments."""

    def __init__(self, database: Database, changes: PolicyChanges) -> None:
        """Keep policies in `database` and tell `changes` after every commit."""
        self._database = database
        self._changes = changes
        self._policies: dict[_PolicyKey, IotPolicyRecord] = {}
        self._names: dict[_TargetKey, tuple[str, ...]] = {}
        self._generation = 0

    async def get(self, account: AccountId, region: Region, name: str) -> IotPolicyRecord | None:
        """Return one policy."""
        key = (account, region, name)
        known = self._policies.get(key)
        if known is not None:
            return known
        generation = self._generation
        record = await self._database.read(lambda connection: _load(connection, key))
        if record is not None and generation == self._generation:
            if len(self._policies) >= MAX_REMEMBERED_POLICIES:
                self._policies.clear()
            self._policies[key] = record
        return record

    async def add(self, record: IotPolicyRecord) -> None:
        """Keep a new policy; see the port for what it raises."""
        key = (record.account, record.region, record.name)
        values = {**_policy_values(key), "document": msgspec.json.encode(record)}

        def work(connection: Connection) -> None:
            try:
                connection.execute(insert(iot_policies), values)
            except IntegrityError:
                raise IotPolicyExistsError(record.name) from None

        await write_and_tell(self._database, work, lambda _: self._policy_committed(key))

    async def update(
        self,
        account: AccountId,
        region: Region,
        name: str,
        change: Callable[[IotPolicyRecord], IotPolicyRecord],
    ) -> IotPolicyRecord:
        """Replace a policy by `change(policy)`; see the port for what it raises."""
        key = (account, region, name)

        def work(connection: Connection) -> IotPolicyRecord:
            after = change(_require(connection, key))
            document = msgspec.json.encode(after)
            where = _policy_where(key)
            connection.execute(update(iot_policies).where(*where).values(document=document))
            return after

        return await write_and_tell(self._database, work, lambda _: self._policy_committed(key))

    async def delete(
        self,
        account: AccountId,
        region: Region,
        name: str,
        require: Callable[[IotPolicyRecord], None],
    ) -> None:
        """Delete a policy that is attached to nothing; see the port for what it raises."""
        key = (account, region, name)

        def work(connection: Connection) -> None:
            record = _require(connection, key)
            used = select(iot_policy_attachments.c.target).where(*_attachment_where(key))
            if connection.execute(used.limit(1)).first() is not None:
                raise IotPolicyAttachedError(name)
            require(record)
            connection.execute(delete(iot_policies).where(*_policy_where(key)))

        await write_and_tell(self._database, work, lambda _: self._policy_committed(key))

    async def page(
        self,
        account: AccountId,
        region: Region,
        *,
        after: str | None,
        limit: int,
        is_ascending: bool = True,
    ) -> Page[str]:
        """Return the names of policies in order; names are the page keys."""
        columns = iot_policies.c
        query = select(columns.name).where(columns.account == account, columns.region == region)
        return await self._page(query, columns.name, after, limit, is_ascending)

    async def attach(
        self, account: AccountId, region: Region, name: str, target: str, *, limit: int
    ) -> None:
        """Attach a policy to a target; see the port for what it raises."""
        key = (account, region, name)
        columns = iot_policy_attachments.c

        def work(connection: Connection) -> None:
            _require(connection, key)
            others = select(func.count()).where(
                columns.account == account,
                columns.region == region,
                columns.target == target,
                columns.name != name,
            )
            if connection.execute(others).scalar_one() >= limit:
                raise TooManyIotPoliciesError(target)
            connection.execute(
                delete(iot_policy_attachments).where(
                    *_attachment_where(key), columns.target == target
                )
            )
            values = {**_policy_values(key), "target": target}
            connection.execute(insert(iot_policy_attachments), values)

        await write_and_tell(
            self._database, work, lambda _: self._attachments_committed((account, region, target))
        )

    async def detach(self, account: AccountId, region: Region, name: str, target: str) -> None:
        """Detach a policy from a target; nothing happens when it is not attached."""
        where = _attachment_where((account, region, name))
        statement = delete(iot_policy_attachments).where(
            *where, iot_policy_attachments.c.target == target
        )
        await write_and_tell(
            self._database,
            lambda connection: connection.execute(statement).rowcount,
            lambda _: self._attachments_committed((account, region, target)),
        )

    async def attached(
        self, account: AccountId, region: Region, target: str
    ) -> tuple[IotPolicyRecord, ...]:
        """Return the policies attached to a target, by name."""
        key = (account, region, target)
        names = self._names.get(key)
        if names is None:
            generation = self._generation
            columns = iot_policy_attachments.c
            query = (
                select(columns.name)
                .where(
                    columns.account == account,
                    columns.region == region,
                    columns.target == target,
                )
                .order_by(columns.name)
            )
            rows = await self._database.read(lambda connection: connection.execute(query).all())
            names = tuple(row.name for row in rows)
            if generation == self._generation:
                if len(self._names) >= MAX_REMEMBERED:
                    self._names.clear()
                self._names[key] = names
        records = [await self.get(account, region, name) for name in names]
        return tuple(record for record in records if record is not None)

    async def targets(
        self,
        account: AccountId,
        region: Region,
        name: str,
        *,
        after: str | None,
        limit: int,
        is_ascending: bool = True,
    ) -> Page[str]:
        """Return the targets a policy is attached to, in order; they are the page keys."""
        column = iot_policy_attachments.c.target
        query = select(column).where(*_attachment_where((account, region, name)))
        return await self._page(query, column, after, limit, is_ascending)

    async def _page(
        self,
        query: Select[Any],
        column: Column[str],
        after: str | None,
        limit: int,
        is_ascending: bool,
    ) -> Page[str]:
        query = query.order_by(column if is_ascending else column.desc()).limit(limit + 1)
        if after is not None:
            query = query.where(column > after if is_ascending else column < after)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        items: tuple[str, ...] = tuple(row[0] for row in rows[:limit])
        return Page(items, items[-1] if len(rows) > limit else None)

    async def _policy_committed(self, key: _PolicyKey) -> None:
        self._generation += 1
        self._policies.pop(key, None)
        await self._changes.iot_policy_changed(*key)

    async def _attachments_committed(self, key: _TargetKey) -> None:
        self._generation += 1
        self._names.pop(key, None)
        await self._changes.attachments_changed(*key)


def _policy_values(key: _PolicyKey) -> dict[str, str]:
    account, region, name = key
    return {"account": account, "region": region, "name": name}


def _policy_where(key: _PolicyKey) -> tuple[ColumnElement[bool], ...]:
    columns = iot_policies.c
    account, region, name = key
    return (columns.account == account, columns.region == region, columns.name == name)


def _attachment_where(key: _PolicyKey) -> tuple[ColumnElement[bool], ...]:
    columns = iot_policy_attachments.c
    account, region, name = key
    return (columns.account == account, columns.region == region, columns.name == name)


def _load(connection: Connection, key: _PolicyKey) -> IotPolicyRecord | None:
    query = select(iot_policies.c.document).where(*_policy_where(key))
    document = connection.execute(query).scalar_one_or_none()
    return None if document is None else _DECODER.decode(document)


def _require(connection: Connection, key: _PolicyKey) -> IotPolicyRecord:
    record = _load(connection, key)
    if record is None:
        raise IotPolicyNotFoundError(key[2])
    return record
