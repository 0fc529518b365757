"""IAM users and their access keys in SQL."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select, update

from keyfob.authz.ports import PolicyChanges
from keyfob.store.database import Database
from keyfob.store.iam_entities import SqlEntityStore
from keyfob.store.ports.iam_resources import ResourceInUseError
from keyfob.store.ports.iam_users import AccessKeyUse, UserRecord
from keyfob.store.tables.iam_entities import (
    iam_access_key_uses,
    iam_access_keys,
    iam_group_members,
    iam_users,
)

MAX_CACHED_KEYS = 10_000
"""Access keys remembered with their users; beyond it the memory starts over."""


class SqlUserStore(SqlEntityStore[UserRecord]):
    """The users of every account; whom an access key belongs to is answered from memory."""

    def __init__(self, database: Database, changes: PolicyChanges) -> None:
        """Keep users in `database` and tell `changes` after every commit."""
        super().__init__(
            database,
            table=iam_users,
            record_type=UserRecord,
            kind="user",
            notify=changes.user_changed,
        )
        self._by_access_key: dict[str, UserRecord] = {}
        self._generation = 0

    async def find_by_access_key(self, access_key_id: str) -> UserRecord | None:
        """Return the user an access key belongs to."""
        known = self._by_access_key.get(access_key_id)
        if known is not None:
            return known
        generation = self._generation
        users, keys = iam_users.c, iam_access_keys.c
        query = (
            select(users.document)
            .join(
                iam_access_keys,
                (keys.account == users.account) & (keys.name_key == users.name_key),
            )
            .where(keys.access_key_id == access_key_id)
        )
        document = await self._database.read(
            lambda connection: connection.execute(query).scalar_one_or_none()
        )
        if document is None:
            return None
        record = self._decoder.decode(document)
        # A write that committed while this read ran must not be forgotten again.
        if generation == self._generation:
            if len(self._by_access_key) >= MAX_CACHED_KEYS:
                self._by_access_key.clear()
            self._by_access_key[access_key_id] = record
        return record

    async def _committed(self, arn: str) -> None:
        self._generation += 1
        self._by_access_key = {
            key: user for key, user in self._by_access_key.items() if user.arn != arn
        }
        await super()._committed(arn)

    async def key_use(self, access_key_id: str) -> AccessKeyUse | None:
        """Return the latest use of a key that was kept."""
        uses = iam_access_key_uses.c
        query = select(uses.used_at_s, uses.region, uses.service).where(
            uses.access_key_id == access_key_id
        )
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else AccessKeyUse(*row)

    async def keep_key_uses(self, uses: Mapping[str, AccessKeyUse]) -> None:
        """Keep the latest uses of keys; those of keys that are gone are dropped."""

        def work(connection: Connection) -> None:
            column, table = iam_access_keys.c.access_key_id, iam_access_key_uses
            known = select(column).where(column.in_(list(uses)))
            rows = [
                {
                    "access_key_id": key,
                    "used_at_s": uses[key].used_at_s,
                    "region": uses[key].region,
                    "service": uses[key].service,
                }
                for key in connection.execute(known).scalars()
            ]
            connection.execute(delete(table).where(table.c.access_key_id.in_(list(uses))))
            if rows:
                connection.execute(insert(table), rows)

        await self._database.write(work)

    def _index(
        self, connection: Connection, before: UserRecord | None, after: UserRecord | None
    ) -> None:
        super()._index(connection, before, after)
        _index_memberships(connection, before, after)
        _index_access_keys(connection, before, after)


def _index_memberships(
    connection: Connection, before: UserRecord | None, after: UserRecord | None
) -> None:
    """Let a renamed user's memberships follow; refuse to delete a user who has any."""
    if before is None:
        return
    members = iam_group_members.c
    own = (members.account == before.account, members.user_key == before.name.lower())
    if after is None:
        if connection.execute(select(members.group_key).where(*own).limit(1)).first() is not None:
            raise ResourceInUseError(before.name)
    elif after.name.lower() != before.name.lower():
        connection.execute(
            update(iam_group_members).where(*own).values(user_key=after.name.lower())
        )


def _index_access_keys(
    connection: Connection, before: UserRecord | None, after: UserRecord | None
) -> None:
    old = set() if before is None else {key.access_key_id for key in before.access_keys}
    new = set() if after is None else {key.access_key_id for key in after.access_keys}
    if old:
        keys, uses = iam_access_keys, iam_access_key_uses
        connection.execute(delete(keys).where(keys.c.access_key_id.in_(old)))
        connection.execute(delete(uses).where(uses.c.access_key_id.in_(old - new)))
    if after is not None and new:
        rows = [
            {"access_key_id": key, "account": after.account, "name_key": after.name.lower()}
            for key in new
        ]
        connection.execute(insert(iam_access_keys), rows)
