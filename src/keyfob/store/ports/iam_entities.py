"""What IAM roles and users have in common: they hold policies.

IAM's own word for a role or user is entity (`ListEntitiesForPolicy`). Names are unique
within an account regardless of case, and keep the case they were made with.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from keyfob.core.ids import AccountId
from keyfob.store.ports.page import Page


class IamEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A role or user with its policies."""

    account: AccountId
    name: str
    path: str
    """`/`, or a text that begins and ends with a slash."""
    arn: str
    unique_id: str
    """`AROA...` or `AIDA...`."""
    created_at_s: float
    boundary_arn: str | None = None
    """ARN of the managed policy that is the permissions boundary."""
    tags: dict[str, str] = {}
    inline: dict[str, str] = {}
    """Inline policy documents by name."""
    attached: tuple[str, ...] = ()
    """ARNs of the attached managed policies, in the order they were attached."""


EntityT = TypeVar("EntityT", bound=IamEntity)


class UnknownEntityError(Exception):
    """No role or user of that name."""


class EntityExistsError(Exception):
    """The name is taken."""


class UnknownManagedPolicyError(Exception):
    """A record would refer to a managed policy that does not exist; `args[0]` is its ARN."""


class EntityStore(Protocol[EntityT]):
    """Roles, or users, of every account.

    `PolicyChanges` is told after each commit, before the method returns.
    """

    async def get(self, account: AccountId, name: str) -> EntityT | None:
        """Return the entity of that name, in any case."""
        ...

    async def add(self, record: EntityT) -> None:
        """Keep a new entity.

        Raises:
            EntityExistsError: its name is taken.
            UnknownManagedPolicyError: it refers to a managed policy that does not exist.
        """
        ...

    async def update(
        self, account: AccountId, name: str, change: Callable[[EntityT], EntityT]
    ) -> EntityT:
        """Replace an entity by `change(entity)` in one transaction, and return it.

        What `change` raises reaches the caller, and nothing is written.

        Raises:
            UnknownEntityError: there is none of that name.
            EntityExistsError: the change renames it to a name that is taken.
            UnknownManagedPolicyError: it would refer to a managed policy that does not exist.
        """
        ...

    async def delete(
        self, account: AccountId, name: str, require: Callable[[EntityT], None]
    ) -> None:
        """Delete an entity unless `require(entity)` raises.

        Raises:
            UnknownEntityError: there is none of that name.
        """
        ...

    async def page(
        self, account: AccountId, *, after: str | None, limit: int, path_prefix: str = "/"
    ) -> Page[EntityT]:
        """Return entities in the order of their lower-case names, which are the page keys."""
        ...

    async def holders(self, account: AccountId, policy_arn: str) -> tuple[EntityT, ...]:
        """Return those that have a managed policy attached or as their boundary, by name."""
        ...
