"""IAM roles in SQL."""

from keyfob.authz.ports import PolicyChanges
from keyfob.store.database import Database
from keyfob.store.iam_entities import SqlEntityStore
from keyfob.store.ports.iam_roles import RoleRecord
from keyfob.store.tables.iam_entities import iam_roles


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
