"""What IAM roles, users and groups have in common: they hold policies.

IAM's own word for them is entity (`ListEntitiesForPolicy`). Roles and users are principals
besides: they can have a permissions boundary, and requests are made in their name.
"""

from typing import Protocol, TypeVar

import msgspec

from keyfob.core.ids import AccountId
from keyfob.store.ports.iam_resources import IamResource, ResourceStore


class IamEntity(IamResource, frozen=True, kw_only=True):
    """A role, user or group with its policies."""

    unique_id: str
    """`AROA...`, `AIDA...` or `AGPA...`."""
    inline: dict[str, str] = msgspec.field(default_factory=dict)
    """Inline policy documents by name."""
    attached: tuple[str, ...] = ()
    """ARNs of the attached managed policies, in the order they were attached."""


class IamPrincipal(IamEntity, frozen=True, kw_only=True):
    """A role or user."""

    boundary_arn: str | None = None
    """ARN of the managed policy that is the permissions boundary."""


EntityT = TypeVar("EntityT", bound=IamEntity)


class UnknownManagedPolicyError(Exception):
    """A record would refer to a managed policy that does not exist; `args[0]` is its ARN."""


class EntityStore(ResourceStore[EntityT], Protocol[EntityT]):
    """Roles, users or groups of every account.

    `PolicyChanges` is told after each commit, before the method returns; for groups, of every
    member.
    """

    async def holders(self, account: AccountId, policy_arn: str) -> tuple[EntityT, ...]:
        """Return those that have a managed policy attached or as their boundary, by name."""
        ...
