"""IAM managed policies as they are kept."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from keyfob.core.ids import AccountId
from keyfob.store.ports.page import Page


class ManagedPolicyVersion(msgspec.Struct, frozen=True):
    """One version of a managed policy."""

    number: int
    """1, 2, ...; `v1`, `v2`, ... on the wire; never reused."""
    document: str
    created_at_s: float

    @property
    def version_id(self) -> str:
        """`v` and the number."""
        return f"v{self.number}"


class ManagedPolicyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One customer managed policy, or one of AWS's own."""

    account: str
    """Account id, or `aws` for AWS's own."""
    name: str
    path: str
    arn: str
    unique_id: str
    """`ANPA...`."""
    created_at_s: float
    updated_at_s: float
    """When the default version was last created or chosen."""
    default_number: int
    last_number: int
    """The highest version number ever given."""
    versions: tuple[ManagedPolicyVersion, ...]
    """Oldest first."""
    description: str | None = None
    tags: dict[str, str] = {}

    @property
    def default_version(self) -> ManagedPolicyVersion:
        """The version in force."""
        return next(v for v in self.versions if v.number == self.default_number)

    def version(self, version_id: str) -> ManagedPolicyVersion | None:
        """Return a version by its id, `v2` for instance."""
        return next((v for v in self.versions if v.version_id == version_id), None)


class ManagedPolicyExistsError(Exception):
    """The account has a managed policy of that name already."""


class ManagedPolicyNotFoundError(Exception):
    """There is no such managed policy."""


class ManagedPolicyInUseError(Exception):
    """The managed policy is attached, or is a boundary."""


class ManagedPolicyUse(msgspec.Struct, frozen=True):
    """How many entities refer to a managed policy."""

    attached: int = 0
    as_boundary: int = 0


class ManagedPolicyStore(Protocol):
    """The customer managed policies of every account.

    `PolicyChanges.managed_policy_changed` is told after each commit, before the method returns.
    """

    async def get(self, arn: str) -> ManagedPolicyRecord | None:
        """Return one policy."""
        ...

    async def add(self, record: ManagedPolicyRecord) -> None:
        """Keep a new policy.

        Raises:
            ManagedPolicyExistsError: the account has one of that name, in any case and path.
        """
        ...

    async def update(
        self, arn: str, change: Callable[[ManagedPolicyRecord], ManagedPolicyRecord]
    ) -> ManagedPolicyRecord:
        """Replace a policy by `change(policy)` in one transaction, and return it.

        Raises:
            ManagedPolicyNotFoundError: there is none.
        """
        ...

    async def delete(self, arn: str, require: Callable[[ManagedPolicyRecord], None]) -> None:
        """Delete a policy that nobody refers to, unless `require(policy)` raises.

        Raises:
            ManagedPolicyNotFoundError: there is none.
            ManagedPolicyInUseError: a role or user refers to it.
        """
        ...

    async def page(
        self, account: AccountId, *, after: str | None, limit: int, path_prefix: str = "/"
    ) -> Page[ManagedPolicyRecord]:
        """Return policies in the order of their lower-case names, which are the page keys."""
        ...

    async def use(self, account: AccountId, arn: str) -> ManagedPolicyUse:
        """Count the account's roles and users that refer to a policy."""
        ...
