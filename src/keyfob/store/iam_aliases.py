"""Account aliases in SQL."""

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from keyfob.core.ids import AccountId
from keyfob.store.database import Database
from keyfob.store.ports.iam_aliases import AliasTakenError
from keyfob.store.tables.iam_entities import iam_account_aliases

_COLUMNS = iam_account_aliases.c


class SqlAccountAliasStore:
    """The alias of every account."""

    def __init__(self, database: Database) -> None:
        """Keep aliases in `database`."""
        self._database = database

    async def get(self, account: AccountId) -> str | None:
        """Return an account's alias."""
        query = select(_COLUMNS.alias).where(_COLUMNS.account == account)
        return await self._database.read(
            lambda connection: connection.execute(query).scalar_one_or_none()
        )

    async def put(self, account: AccountId, alias: str) -> None:
        """Give an account an alias; see the port for what it raises."""

        def work(connection: Connection) -> None:
            connection.execute(delete(iam_account_aliases).where(_COLUMNS.account == account))
            try:
                connection.execute(
                    insert(iam_account_aliases), {"account": account, "alias": alias}
                )
            except IntegrityError:
                raise AliasTakenError(alias) from None

        await self._database.write(work)

    async def delete(self, account: AccountId, alias: str) -> bool:
        """Take an alias from an account; return whether it had it."""
        query = delete(iam_account_aliases).where(
            _COLUMNS.account == account, _COLUMNS.alias == alias
        )
        return await self._database.write(lambda connection: connection.execute(query).rowcount > 0)
