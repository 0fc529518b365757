"""IAM groups and who is in them, as they are kept."""

from typing import Protocol

from keyfob.core.ids import AccountId
from keyfob.store.ports.iam_entities import EntityStore, IamEntity
from keyfob.store.ports.iam_users import UserRecord
from keyfob.store.ports.page import Page


class GroupRecord(IamEntity, frozen=True, kw_only=True):
    """One group; its members are kept beside it."""


class TooManyGroupsError(Exception):
    """The user is in as many groups as allowed."""


class GroupStore(EntityStore[GroupRecord], Protocol):
    """The groups of every account.

    `PolicyChanges.user_changed` is told for every user whose policies a change alters.
    """

    async def add_member(self, account: AccountId, group: str, user: str, *, limit: int) -> None:
        """Put a user into a group; nothing happens when it is there.

        Args:
            account: whose group and user.
            group: the group's name.
            user: the user's name.
            limit: how many groups a user may be in.

        Raises:
            UnknownGroupError: there is no such group.
            UnknownResourceError: there is no such user.
            TooManyGroupsError: the user is in `limit` groups already.
        """
        ...

    async def remove_member(self, account: AccountId, group: str, user: str) -> bool:
        """Take a user out of a group and return whether it was there.

        Raises:
            UnknownGroupError: there is no such group.
            UnknownResourceError: there is no such user.
        """
        ...

    async def members(
        self, account: AccountId, group: str, *, after: str | None, limit: int
    ) -> Page[UserRecord]:
        """Return a group's users in the order of their lower-case names."""
        ...

    async def groups_of(self, account: AccountId, user: str) -> tuple[GroupRecord, ...]:
        """Return the groups a user is in, by name."""
        ...


class UnknownGroupError(Exception):
    """There is no such group."""
