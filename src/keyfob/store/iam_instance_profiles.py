"""IAM instance profiles in SQL."""

from sqlalchemy import Connection, select

from keyfob.core.ids import AccountId
from keyfob.store.database import Database
from keyfob.store.iam_resources import SqlResourceStore
from keyfob.store.ports.iam_instance_profiles import InstanceProfileRecord, UnknownRoleError
from keyfob.store.tables.iam_entities import iam_instance_profiles, iam_roles


class SqlInstanceProfileStore(SqlResourceStore[InstanceProfileRecord]):
    """The instance profiles of every account."""

    def __init__(self, database: Database) -> None:
        """Keep instance profiles in `database`."""
        super().__init__(database, table=iam_instance_profiles, record_type=InstanceProfileRecord)

    async def with_role(self, account: AccountId, role: str) -> tuple[InstanceProfileRecord, ...]:
        """Return the profiles that hold a role, by name."""
        columns = iam_instance_profiles.c
        query = (
            select(columns.document)
            .where(columns.account == account, columns.role_key == role.lower())
            .order_by(columns.name_key)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).scalars())
        return tuple(self._decoder.decode(document) for document in rows)

    def _values(self, record: InstanceProfileRecord) -> dict[str, object]:
        role = record.role_name
        return {**super()._values(record), "role_key": None if role is None else role.lower()}

    def _index(
        self,
        connection: Connection,
        before: InstanceProfileRecord | None,
        after: InstanceProfileRecord | None,
    ) -> None:
        super()._index(connection, before, after)
        if after is None or after.role_name is None:
            return
        roles = iam_roles.c
        query = select(roles.name_key).where(
            roles.account == after.account, roles.name_key == after.role_name.lower()
        )
        if connection.execute(query).first() is None:
            raise UnknownRoleError(after.role_name)
