"""IAM groups and who is in them, in SQL."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, delete, insert, select, update

from keyfob.authz.ports import PolicyChanges
from keyfob.core.ids import AccountId
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.iam_entities import SqlEntityStore
from keyfob.store.ports.iam_groups import GroupRecord, TooManyGroupsError, UnknownGroupError
from keyfob.store.ports.iam_resources import ResourceInUseError, UnknownResourceError
from keyfob.store.ports.iam_users import UserRecord
from keyfob.store.ports.page import Page
from keyfob.store.tables.iam_entities import iam_group_members, iam_groups, iam_users

_USER_DECODER = msgspec.json.Decoder(UserRecord)
_MEMBERS = iam_group_members.c


class SqlGroupStore(SqlEntityStore[GroupRecord]):
    """The groups of every account; their members hear of every change."""

    def __init__(self, database: Database, changes: PolicyChanges) -> None:
        """Keep groups in `database` and tell `changes` of every member after every commit."""
        super().__init__(
            database,
            table=iam_groups,
            record_type=GroupRecord,
            kind="group",
            notify=self._tell_members,
        )
        self._changes = changes

    async def add_member(self, account: AccountId, group: str, user: str, *, limit: int) -> None:
        """Put a user into a group; see the port for what it raises."""

        def work(connection: Connection) -> str:
            member = _require_member(connection, account, group, user)
            row = {"account": account, "group_key": group.lower(), "user_key": user.lower()}
            own = (_MEMBERS.account == account, _MEMBERS.user_key == user.lower())
            groups = set(connection.execute(select(_MEMBERS.group_key).where(*own)).scalars())
            if group.lower() in groups:
                return member.arn
            if len(groups) >= limit:
                raise TooManyGroupsError(user)
            connection.execute(insert(iam_group_members), row)
            return member.arn

        await write_and_tell(self._database, work, self._changes.user_changed)

    async def remove_member(self, account: AccountId, group: str, user: str) -> bool:
        """Take a user out of a group and return whether it was there."""

        def work(connection: Connection) -> tuple[str, bool]:
            member = _require_member(connection, account, group, user)
            gone = delete(iam_group_members).where(
                _MEMBERS.account == account,
                _MEMBERS.group_key == group.lower(),
                _MEMBERS.user_key == user.lower(),
            )
            return member.arn, connection.execute(gone).rowcount > 0

        async def tell(outcome: tuple[str, bool]) -> None:
            await self._changes.user_changed(outcome[0])

        return (await write_and_tell(self._database, work, tell))[1]

    async def members(
        self, account: AccountId, group: str, *, after: str | None, limit: int
    ) -> Page[UserRecord]:
        """Return a group's users in the order of their lower-case names."""
        query = (
            _select_members(account, group)
            .where(iam_users.c.name_key > (after or ""))
            .order_by(iam_users.c.name_key)
            .limit(limit + 1)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        items = tuple(_USER_DECODER.decode(row.document) for row in rows[:limit])
        return Page(items, rows[limit - 1].name_key if len(rows) > limit else None)

    async def groups_of(self, account: AccountId, user: str) -> tuple[GroupRecord, ...]:
        """Return the groups a user is in, by name."""
        groups = iam_groups.c
        query = (
            select(groups.document)
            .join(
                iam_group_members,
                (_MEMBERS.account == groups.account) & (_MEMBERS.group_key == groups.name_key),
            )
            .where(_MEMBERS.account == account, _MEMBERS.user_key == user.lower())
            .order_by(groups.name_key)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).scalars())
        return tuple(self._decoder.decode(document) for document in rows)

    async def _tell_members(self, arn: str) -> None:
        """Tell of every user who is in a group once its change is committed.

        Who joins or leaves meanwhile is told of by that change itself.
        """
        account, name = arn.split(":")[4], arn.rpartition("/")[2]
        query = _select_members(account, name)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        for row in rows:
            await self._changes.user_changed(_USER_DECODER.decode(row.document).arn)

    def _index(
        self, connection: Connection, before: GroupRecord | None, after: GroupRecord | None
    ) -> None:
        super()._index(connection, before, after)
        if before is None:
            return
        own = (_MEMBERS.account == before.account, _MEMBERS.group_key == before.name.lower())
        if after is None:
            query = select(_MEMBERS.user_key).where(*own).limit(1)
            if connection.execute(query).first() is not None:
                raise ResourceInUseError(before.name)
        elif after.name.lower() != before.name.lower():
            connection.execute(
                update(iam_group_members).where(*own).values(group_key=after.name.lower())
            )


def _select_members(account: str, group: str) -> Select[Any]:
    """Return the query for the `name_key` and `document` of a group's users."""
    users = iam_users.c
    return (
        select(users.name_key, users.document)
        .join(
            iam_group_members,
            (_MEMBERS.account == users.account) & (_MEMBERS.user_key == users.name_key),
        )
        .where(_MEMBERS.account == account, _MEMBERS.group_key == group.lower())
    )


def _require_member(
    connection: Connection, account: AccountId, group: str, user: str
) -> UserRecord:
    """Return the user, once it is sure that the group exists."""

    def load(table: Table, name: str) -> bytes | None:
        columns = table.c
        query = select(columns.document).where(
            columns.account == account, columns.name_key == name.lower()
        )
        document: bytes | None = connection.execute(query).scalar_one_or_none()
        return document

    if load(iam_groups, group) is None:
        raise UnknownGroupError(group)
    document = load(iam_users, user)
    if document is None:
        raise UnknownResourceError(user)
    return _USER_DECODER.decode(document)
