"""IAM roles in SQL."""

from sqlalchemy import Connection, select

from keyfob.authz.ports import PolicyChanges
from keyfob.store.database import Database
from keyfob.store.iam_entities import SqlEntityStore
from keyfob.store.ports.iam_resources import ResourceInUseError
from keyfob.store.ports.iam_roles import RoleRecord
from keyfob.store.tables.iam_entities import iam_instance_profiles, iam_roles


class SqlRoleStore(SqlEntityStore[RoleRecord]):
    """The roles of every account."""

    def __init__(self, database: Database, changes: PolicyChanges) -> None:
        """Keep roles in `database` and tell `changes` after every commit."""
        super().__init__(
            database,
            table=iam_roles,
            record_type=RoleRecord,
            kind="role",
            notify=changes.role_changed,
        )

    def _index(
        self, connection: Connection, before: RoleRecord | None, after: RoleRecord | None
    ) -> None:
        super()._index(connection, before, after)
        if before is None or after is not None:
            return
        profiles = iam_instance_profiles.c
        query = select(profiles.name_key).where(
            profiles.account == before.account, profiles.role_key == before.name.lower()
        )
        if connection.execute(query.limit(1)).first() is not None:
            raise ResourceInUseError(before.name)
