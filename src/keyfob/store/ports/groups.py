"""Groups of users, and who is in them."""

from typing import Protocol

from msgspec import Struct

from keyfob.store.ports.page import Page
from keyfob.store.ports.pool_items import PoolItemStore


class GroupRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A group."""

    pool_id: str
    name: str
    description: str | None = None
    role_arn: str | None = None
    """The IAM role that its members may take through an identity pool."""
    precedence: int | None = None
    """0 is best; None is worse than any number."""
    created_at_s: float
    modified_at_s: float


class GroupStore(PoolItemStore[GroupRecord], Protocol):
    """Keeps groups and memberships; a deleted group or user takes its memberships along."""

    async def join(self, pool_id: str, name: str, sub: str, *, at_most: int) -> None:
        """Put a user into a group; nothing happens to one who is in it.

        Raises:
            TooManyItemsError: the user is in `at_most` groups already.
            LookupError: the group or the user is gone.
        """
        ...

    async def leave(self, pool_id: str, name: str, sub: str) -> None:
        """Take a user out of a group; nothing happens to one who is not in it."""
        ...

    async def groups_of(self, pool_id: str, sub: str) -> tuple[GroupRecord, ...]:
        """Return the groups a user is in, in the order of their names."""
        ...

    async def list_members(
        self, pool_id: str, name: str, *, after: str | None, limit: int
    ) -> Page[str]:
        """Return the `sub` of a group's members, in their order."""
        ...
