"""IoT policies, and what they are attached to, as they are kept."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from keyfob.core.ids import AccountId, Region
from keyfob.store.ports.page import Page


class IotPolicyVersion(msgspec.Struct, frozen=True):
    """One version of an IoT policy."""

    number: int
    """1, 2, ...; the same digits on the wire; never reused."""
    document: str
    created_at_s: float


class IotPolicyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One IoT policy of an account and region."""

    account: AccountId
    region: Region
    name: str
    created_at_s: float
    modified_at_s: float
    default_number: int
    last_number: int
    """The highest version number ever given."""
    versions: tuple[IotPolicyVersion, ...]
    """Oldest first."""
    generation_id: str
    """Changes with every change of the policy."""
    tags: dict[str, str] = {}

    @property
    def default_version(self) -> IotPolicyVersion:
        """The version in force."""
        return next(v for v in self.versions if v.number == self.default_number)

    def version(self, version_id: str) -> IotPolicyVersion | None:
        """Return a version by its id, `2` for instance."""
        return next((v for v in self.versions if str(v.number) == version_id), None)


class IotPolicyExistsError(Exception):
    """The account and region have a policy of that name already."""


class IotPolicyNotFoundError(Exception):
    """There is no policy of that name."""


class IotPolicyAttachedError(Exception):
    """The policy is attached to something."""


class TooManyIotPoliciesError(Exception):
    """The target has as many policies as it may."""


class IotPolicyStore(Protocol):
    """The IoT policies of every account and region, and their attachments.

    `PolicyChanges` is told after each commit, before the method returns.
    """

    async def get(self, account: AccountId, region: Region, name: str) -> IotPolicyRecord | None:
        """Return one policy; answered from memory once asked."""
        ...

    async def add(self, record: IotPolicyRecord) -> None:
        """Keep a new policy.

        Raises:
            IotPolicyExistsError: the name is taken.
        """
        ...

    async def update(
        self,
        account: AccountId,
        region: Region,
        name: str,
        change: Callable[[IotPolicyRecord], IotPolicyRecord],
    ) -> IotPolicyRecord:
        """Replace a policy by `change(policy)` in one transaction, and return it.

        Raises:
            IotPolicyNotFoundError: there is none of that name.
        """
        ...

    async def delete(
        self,
        account: AccountId,
        region: Region,
        name: str,
        require: Callable[[IotPolicyRecord], None],
    ) -> None:
        """Delete a policy that is attached to nothing, unless `require(policy)` raises.

        Raises:
            IotPolicyNotFoundError: there is none of that name.
            IotPolicyAttachedError: it is attached.
        """
        ...

    async def page(
        self,
        account: AccountId,
        region: Region,
        *,
        after: str | None,
        limit: int,
        is_ascending: bool = True,
    ) -> Page[str]:
        """Return the names of policies in order; names are the page keys."""
        ...

    async def attach(
        self, account: AccountId, region: Region, name: str, target: str, *, limit: int
    ) -> None:
        """Attach a policy to a target; nothing happens when it is attached already.

        Raises:
            IotPolicyNotFoundError: there is none of that name.
            TooManyIotPoliciesError: the target has `limit` others.
        """
        ...

    async def detach(self, account: AccountId, region: Region, name: str, target: str) -> None:
        """Detach a policy from a target; nothing happens when it is not attached."""
        ...

    async def attached(
        self, account: AccountId, region: Region, target: str
    ) -> tuple[IotPolicyRecord, ...]:
        """Return the policies attached to a target, by name; from memory once asked."""
        ...

    async def targets(
        self,
        account: AccountId,
        region: Region,
        name: str,
        *,
        after: str | None,
        limit: int,
        is_ascending: bool = True,
    ) -> Page[str]:
        """Return the targets a policy is attached to, in order; they are the page keys."""
        ...
