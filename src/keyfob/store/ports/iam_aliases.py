"""Account aliases: readable names of accounts."""

from typing import Protocol

from keyfob.core.ids import AccountId


class AliasTakenError(Exception):
    """Another account has the alias."""


class AccountAliasStore(Protocol):
    """At most one alias per account, no alias twice."""

    async def get(self, account: AccountId) -> str | None:
        """Return an account's alias."""
        ...

    async def put(self, account: AccountId, alias: str) -> None:
        """Give an account an alias, in place of the one it had.

        Raises:
            AliasTakenError: another account has it.
        """
        ...

    async def delete(self, account: AccountId, alias: str) -> bool:
        """Take an alias from an account; return whether it had it."""
        ...
