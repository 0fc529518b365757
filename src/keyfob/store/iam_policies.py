"""IAM managed policies in SQL."""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from keyfob.authz.ports import PolicyChanges
from keyfob.core.ids import AccountId
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.iam_policies import (
    ManagedPolicyExistsError,
    ManagedPolicyInUseError,
    ManagedPolicyNotFoundError,
    ManagedPolicyRecord,
    ManagedPolicyUse,
)
from keyfob.store.ports.page import Page
from keyfob.store.tables.iam_entities import iam_policy_uses
from keyfob.store.tables.iam_policies import iam_policies

_DECODER = msgspec.json.Decoder(ManagedPolicyRecord)


class SqlManagedPolicyStore:
    """The customer managed policies of every account."""

    def __init__(self, database: Database, changes: PolicyChanges) -> None:
        """Keep policies in `database` and tell `changes` after every commit."""
        self._database = database
        self._changes = changes

    async def get(self, arn: str) -> ManagedPolicyRecord | None:
        """Return one policy."""
        return await self._database.read(lambda connection: _load(connection, arn))

    async def add(self, record: ManagedPolicyRecord) -> None:
        """Keep a new policy; see the port for what it raises."""
        values = {
            "arn": record.arn,
            "account": record.account,
            "name_key": record.name.lower(),
            "path": record.path,
            "document": msgspec.json.encode(record),
        }

        def work(connection: Connection) -> None:
            try:
                connection.execute(insert(iam_policies), values)
            except IntegrityError:
                raise ManagedPolicyExistsError(record.name) from None

        await write_and_tell(self._database, work, lambda _: self._committed(record.arn))

    async def update(
        self, arn: str, change: Callable[[ManagedPolicyRecord], ManagedPolicyRecord]
    ) -> ManagedPolicyRecord:
        """Replace a policy by `change(policy)`; see the port for what it raises."""

        def work(connection: Connection) -> ManagedPolicyRecord:
            after = change(_require(connection, arn))
            document = msgspec.json.encode(after)
            connection.execute(
                update(iam_policies).where(iam_policies.c.arn == arn).values(document=document)
            )
            return after

        return await write_and_tell(self._database, work, lambda _: self._committed(arn))

    async def delete(self, arn: str, require: Callable[[ManagedPolicyRecord], None]) -> None:
        """Delete a policy that nobody refers to; see the port for what it raises."""

        def work(connection: Connection) -> None:
            record = _require(connection, arn)
            used = select(iam_policy_uses.c.kind).where(iam_policy_uses.c.policy_arn == arn)
            if connection.execute(used.limit(1)).first() is not None:
                raise ManagedPolicyInUseError(arn)
            require(record)
            connection.execute(delete(iam_policies).where(iam_policies.c.arn == arn))

        await write_and_tell(self._database, work, lambda _: self._committed(arn))

    async def page(
        self, account: AccountId, *, after: str | None, limit: int, path_prefix: str = "/"
    ) -> Page[ManagedPolicyRecord]:
        """Return policies in the order of their lower-case names, which are the page keys."""
        columns = iam_policies.c
        query = (
            select(columns.name_key, columns.document)
            .where(columns.account == account, columns.name_key > (after or ""))
            .where(func.substr(columns.path, 1, len(path_prefix)) == path_prefix)
            .order_by(columns.name_key)
            .limit(limit + 1)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        items = tuple(_DECODER.decode(row.document) for row in rows[:limit])
        return Page(items, rows[limit - 1].name_key if len(rows) > limit else None)

    async def use(self, account: AccountId, arn: str) -> ManagedPolicyUse:
        """Count the account's roles and users that refer to a policy."""
        columns = iam_policy_uses.c
        query = (
            select(columns.usage, func.count())
            .where(columns.account == account, columns.policy_arn == arn)
            .group_by(columns.usage)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        counts = {row[0]: row[1] for row in rows}
        return ManagedPolicyUse(counts.get("attached", 0), counts.get("boundary", 0))

    async def _committed(self, arn: str) -> None:
        await self._changes.managed_policy_changed(arn)


def _load(connection: Connection, arn: str) -> ManagedPolicyRecord | None:
    query = select(iam_policies.c.document).where(iam_policies.c.arn == arn)
    document = connection.execute(query).scalar_one_or_none()
    return None if document is None else _DECODER.decode(document)


def _require(connection: Connection, arn: str) -> ManagedPolicyRecord:
    record = _load(connection, arn)
    if record is None:
        raise ManagedPolicyNotFoundError(arn)
    return record
