"""Groups of users in SQL."""

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.pool_items import SqlPoolItemStore
from keyfob.store.ports.groups import GroupRecord
from keyfob.store.ports.page import Page
from keyfob.store.ports.pool_items import TooManyItemsError
from keyfob.store.tables.groups import pool_group_members, pool_groups
from keyfob.store.tables.users import pool_users

_OF_USER = (
    select(pool_groups.c.document)
    .join(
        pool_group_members,
        (pool_group_members.c.pool_id == pool_groups.c.pool_id)
        & (pool_group_members.c.name == pool_groups.c.name),
    )
    .where(
        pool_group_members.c.pool_id == bindparam("pool_id"),
        pool_group_members.c.sub == bindparam("sub"),
    )
    .order_by(pool_groups.c.name)
)

MAX_CACHED = 10_000
"""Users whose groups are remembered; beyond it the memory starts over."""


class SqlPoolGroupStore(SqlPoolItemStore[GroupRecord]):
    """Groups and memberships of every pool."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        super().__init__(database, pool_groups, GroupRecord)
        self._of_user: dict[tuple[str, str], tuple[GroupRecord, ...]] = {}
        self._generation = 0

    async def join(self, pool_id: str, name: str, sub: str, *, at_most: int) -> None:
        """Put a user into a group; nothing happens to one who is in it.

        Raises:
            TooManyItemsError: the user is in `at_most` groups already.
            LookupError: the group or the user is gone.
        """
        members, users = pool_group_members.c, pool_users.c
        own = (members.pool_id == pool_id) & (members.sub == sub)

        def work(connection: Connection) -> None:
            user = select(users.sub).where(users.pool_id == pool_id, users.sub == sub)
            is_there = connection.execute(user).first() is not None
            if not is_there or self._read(connection, pool_id, name) is None:
                raise LookupError(name)
            same = select(members.name).where(own, members.name == name)
            if connection.execute(same).first() is not None:
                return
            if connection.execute(select(func.count()).where(own)).scalar_one() >= at_most:
                raise TooManyItemsError(f"the user is in {at_most} groups already")
            row = {"pool_id": pool_id, "name": name, "sub": sub}
            connection.execute(insert(pool_group_members).values(row))

        await write_and_tell(self._database, work, lambda _: self._forget(pool_id, sub))

    async def leave(self, pool_id: str, name: str, sub: str) -> None:
        """Take a user out of a group; nothing happens to one who is not in it."""
        members = pool_group_members.c
        statement = delete(pool_group_members).where(
            members.pool_id == pool_id, members.name == name, members.sub == sub
        )
        await write_and_tell(
            self._database,
            lambda connection: connection.execute(statement).rowcount,
            lambda _: self._forget(pool_id, sub),
        )

    async def groups_of(self, pool_id: str, sub: str) -> tuple[GroupRecord, ...]:
        """Return the groups a user is in, in the order of their names."""
        known = self._of_user.get((pool_id, sub))
        if known is not None:
            return known
        generation = self._generation
        key = {"pool_id": pool_id, "sub": sub}
        documents = await self._database.read(
            lambda connection: connection.execute(_OF_USER, key).scalars().all()
        )
        groups = tuple(self._decoder.decode(document) for document in documents)
        # a commit that came between would otherwise leave the old groups in memory
        if generation == self._generation:
            if len(self._of_user) >= MAX_CACHED:
                self._of_user.clear()
            self._of_user[pool_id, sub] = groups
        return groups

    async def list_members(
        self, pool_id: str, name: str, *, after: str | None, limit: int
    ) -> Page[str]:
        """Return the `sub` of a group's members, in their order."""
        members = pool_group_members.c
        query = (
            select(members.sub)
            .where(members.pool_id == pool_id, members.name == name, members.sub > (after or ""))
            .order_by(members.sub)
            .limit(limit + 1)
        )
        subs = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        return Page(tuple(subs[:limit]), subs[limit - 1] if len(subs) > limit else None)

    async def _forget(self, pool_id: str, sub: str) -> None:
        self._generation += 1
        self._of_user.pop((pool_id, sub), None)

    async def _committed(self) -> None:
        """Forget all: a group that changed or went may be anybody's."""
        self._generation += 1
        self._of_user.clear()
