"""Roles, users and groups in SQL: what their three stores share besides names."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select

from keyfob.core.ids import AccountId
from keyfob.store.database import Database
from keyfob.store.iam_resources import SqlResourceStore
from keyfob.store.ports.iam_entities import (
    IamEntity,
    IamPrincipal,
    UnknownManagedPolicyError,
)
from keyfob.store.tables.iam_entities import iam_policy_uses
from keyfob.store.tables.iam_policies import iam_policies

EntityT = TypeVar("EntityT", bound=IamEntity)

Kind = Literal["role", "user", "group"]

AWS_POLICY_PREFIX = "arn:aws:iam::aws:policy/"
"""AWS's own managed policies have no rows; the service knows which of them exist."""


class SqlEntityStore(SqlResourceStore[EntityT]):
    """One table of entities, and which managed policies they have."""

    def __init__(
        self,
        database: Database,
        *,
        table: Table,
        record_type: type[EntityT],
        kind: Kind,
        notify: Callable[[str], Awaitable[None]],
    ) -> None:
        """Keep entities of one kind.

        Args:
            database: where.
            table: a resource table.
            record_type: what its documents decode to.
            kind: how `iam_policy_uses` names them.
            notify: told the ARN after every commit.
        """
        super().__init__(database, table=table, record_type=record_type)
        self._kind = kind
        self._notify = notify

    async def holders(self, account: AccountId, policy_arn: str) -> tuple[EntityT, ...]:
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

    def _index(self, connection: Connection, before: EntityT | None, after: EntityT | None) -> None:
        super()._index(connection, before, after)
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


def _use_key(record: IamEntity, kind: Kind) -> dict[str, str]:
    return {"account": record.account, "kind": kind, "name_key": record.name.lower()}


def _use_rows(record: IamEntity, kind: Kind) -> list[dict[str, str]]:
    """Return the rows that say which managed policies an entity has."""
    key = _use_key(record, kind)
    rows = [{**key, "policy_arn": arn, "usage": "attached"} for arn in record.attached]
    if isinstance(record, IamPrincipal) and record.boundary_arn is not None:
        rows.append({**key, "policy_arn": record.boundary_arn, "usage": "boundary"})
    return rows


def _require_policy(connection: Connection, arn: str) -> None:
    """Check that a customer managed policy exists, in the transaction that refers to it."""
    if arn.startswith(AWS_POLICY_PREFIX):
        return
    query = select(iam_policies.c.arn).where(iam_policies.c.arn == arn)
    if connection.execute(query).first() is None:
        raise UnknownManagedPolicyError(arn)
