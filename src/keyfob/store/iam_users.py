"""IAM users and their access keys in SQL."""

from sqlalchemy import Connection, delete, insert, select

from keyfob.authz.ports import PolicyChanges
from keyfob.store.database import Database
from keyfob.store.iam_entities import SqlEntityStore
from keyfob.store.ports.iam_users import UserRecord
from keyfob.store.tables.iam_entities import iam_access_keys, iam_users

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

    def _index(
        self, connection: Connection, before: UserRecord | None, after: UserRecord | None
    ) -> None:
        super()._index(connection, before, after)
        if before is not None and before.access_keys:
            ids = [key.access_key_id for key in before.access_keys]
            connection.execute(
                delete(iam_access_keys).where(iam_access_keys.c.access_key_id.in_(ids))
            )
        if after is not None and after.access_keys:
            rows = [
                {
                    "access_key_id": key.access_key_id,
                    "account": after.account,
                    "name_key": after.name.lower(),
                }
                for key in after.access_keys
            ]
            connection.execute(insert(iam_access_keys), rows)
