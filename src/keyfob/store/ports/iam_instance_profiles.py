"""IAM instance profiles as they are kept."""

from typing import Protocol

from keyfob.core.ids import AccountId
from keyfob.store.ports.iam_resources import IamResource, ResourceStore


class InstanceProfileRecord(IamResource, frozen=True, kw_only=True):
    """One instance profile: a holder of one role."""

    unique_id: str
    """`AIPA...`."""
    role_name: str | None = None


class UnknownRoleError(Exception):
    """A record would refer to a role that does not exist; `args[0]` is its name."""


class InstanceProfileStore(ResourceStore[InstanceProfileRecord], Protocol):
    """The instance profiles of every account; `update` may raise `UnknownRoleError`."""

    async def with_role(self, account: AccountId, role: str) -> tuple[InstanceProfileRecord, ...]:
        """Return the profiles that hold a role, by name."""
        ...
