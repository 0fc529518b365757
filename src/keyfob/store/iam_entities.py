"""Roles and users in SQL: what their two stores share."""

from collections.abc import Awaitable, Callable
from typing import Generic, Literal, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from keyfob.core.ids import AccountId
from keyfob.store.database import Database
from keyfob.store.ports.iam_entities import (
    EntityExistsError,
    IamEntity,
    UnknownEntityError,
    UnknownManagedPolicyError,
)
from keyfob.store.ports.page import Page
from keyfob.store.tables.iam_entities import iam_policy_uses
from keyfob.store.tables.iam_policies import iam_policies

RecordT = TypeVar("RecordT", bound=IamEntity)

Kind = Literal["role", "user"]

AWS_POLICY_PREFIX = "arn:aws:iam::aws:policy/"
"""AWS's own managed policies have no rows; the service knows which of them exist."""


class SqlEntityStore(Generic[RecordT]):
    """One table of entities; subclasses say which, and keep further indexes in step."""

    def __init__(
        self,
        database: Database,
        *,
        table: Table,
        record_type: type[RecordT],
        kind: Kind,
        notify: Callable[[str], Awaitable[None]],
    ) -> None:
        """Keep entities of one kind.

        Args:
            database: where.
            table: an entity table.
            record_type: what its documents decode to.
            kind: how `iam_policy_uses` names them.
            notify: told the ARN after every commit.
        """
        self._database = database
        self._table = table
        self._kind = kind
        self._notify = notify
        self._decoder = msgspec.json.Decoder(record_type)

    async def get(self, account: AccountId, name: str) -> RecordT | None:
        """Return the entity of that name, in any case."""
        return await self._database.read(lambda connection: self._load(connection, account, name))

    async def add(self, record: RecordT) -> None:
        """Keep a new entity; see the port for what it raises."""

        def work(connection: Connection) -> None:
            self._insert(connection, record)
            self._index(connection, None, record)

        await self._database.write(work)
        await self._committed(record.arn)

    async def update(
        self, account: AccountId, name: str, change: Callable[[RecordT], RecordT]
    ) -> RecordT:
        """Replace an entity by `change(entity)`; see the port for what it raises."""

        def work(connection: Connection) -> tuple[RecordT, RecordT]:
            before = self._require(connection, account, name)
            after = change(before)
            self._replace(connection, before, after)
            self._index(connection, before, after)
            return before, after

        before, after = await self._database.write(work)
        await self._committed(before.arn)
        if after.arn != before.arn:
            await self._committed(after.arn)
        return after

    async def delete(
        self, account: AccountId, name: str, require: Callable[[RecordT], None]
    ) -> None:
        """Delete an entity unless `require(entity)` raises."""

        def work(connection: Connection) -> RecordT:
            record = self._require(connection, account, name)
            require(record)
            connection.execute(delete(self._table).where(*self._key(account, name)))
            self._index(connection, record, None)
            return record

        record = await self._database.write(work)
        await self._committed(record.arn)

    async def page(
        self, account: AccountId, *, after: str | None, limit: int, path_prefix: str = "/"
    ) -> Page[RecordT]:
        """Return entities in the order of their lower-case names, which are the page keys."""
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

    async def holders(self, account: AccountId, policy_arn: str) -> tuple[RecordT, ...]:
        """Return those that have a managed policy attached or as their boundary, by name."""
        columns, uses = self._table.c, iam_policy_uses.c
        names = select(uses.name_key).where(
            uses.account == account, uses.kind == self._kind, uses.policy_arn == policy_arn
        )
        query = (
            select(columns.document)
            .where(columns.account == account, columns.name_key.in_(names))
            .order_by(columns.name_key)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(self._decoder.decode(row.document) for row in rows)

    async def _committed(self, arn: str) -> None:
        await self._notify(arn)

    def _index(self, connection: Connection, before: RecordT | None, after: RecordT | None) -> None:
        """Bring what refers to the entity in step with its record."""
        if before is not None:
            key = _use_key(before, self._kind)
            uses = iam_policy_uses.c
            connection.execute(
                delete(iam_policy_uses).where(
                    uses.account == key["account"],
                    uses.kind == key["kind"],
                    uses.name_key == key["name_key"],
                )
            )
        if after is not None:
            rows = _use_rows(after, self._kind)
            for row in rows:
                _require_policy(connection, row["policy_arn"])
            if rows:
                connection.execute(insert(iam_policy_uses), rows)

    def _insert(self, connection: Connection, record: RecordT) -> None:
        values = {
            "account": record.account,
            "name_key": record.name.lower(),
            "path": record.path,
            "document": msgspec.json.encode(record),
        }
        try:
            connection.execute(insert(self._table), values)
        except IntegrityError:
            raise EntityExistsError(record.name) from None

    def _replace(self, connection: Connection, before: RecordT, after: RecordT) -> None:
        values = {
            "name_key": after.name.lower(),
            "path": after.path,
            "document": msgspec.json.encode(after),
        }
        where = self._key(before.account, before.name)
        try:
            connection.execute(update(self._table).where(*where).values(values))
        except IntegrityError:
            raise EntityExistsError(after.name) from None

    def _load(self, connection: Connection, account: AccountId, name: str) -> RecordT | None:
        query = select(self._table.c.document).where(*self._key(account, name))
        document = connection.execute(query).scalar_one_or_none()
        return None if document is None else self._decoder.decode(document)

    def _require(self, connection: Connection, account: AccountId, name: str) -> RecordT:
        record = self._load(connection, account, name)
        if record is None:
            raise UnknownEntityError(name)
        return record

    def _key(self, account: AccountId, name: str) -> tuple[ColumnElement[bool], ...]:
        return (self._table.c.account == account, self._table.c.name_key == name.lower())


def _use_key(record: IamEntity, kind: Kind) -> dict[str, str]:
    return {"account": record.account, "kind": kind, "name_key": record.name.lower()}


def _use_rows(record: IamEntity, kind: Kind) -> list[dict[str, str]]:
    """Return the rows that say which managed policies an entity has."""
    key = _use_key(record, kind)
    rows = [{**key, "policy_arn": arn, "usage": "attached"} for arn in record.attached]
    if record.boundary_arn is not None:
        rows.append({**key, "policy_arn": record.boundary_arn, "usage": "boundary"})
    return rows


def _require_policy(connection: Connection, arn: str) -> None:
    """Check that a customer managed policy exists, in the transaction that refers to it."""
    if arn.startswith(AWS_POLICY_PREFIX):
        return
    query = select(iam_policies.c.arn).where(iam_policies.c.arn == arn)
    if connection.execute(query).first() is None:
        raise UnknownManagedPolicyError(arn)
