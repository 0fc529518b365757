"""What everything in IAM that has a name within an account has in common, as it is kept.

Names are unique within an account and kind regardless of case, and keep the case they were made
with.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from keyfob.core.ids import AccountId
from keyfob.store.ports.page import Page


class IamResource(msgspec.Struct, frozen=True, kw_only=True):
    """A role, user, group, instance profile or identity provider."""

    account: AccountId
    name: str
    path: str = "/"
    """`/`, or a text that begins and ends with a slash."""
    arn: str
    created_at_s: float
    tags: dict[str, str] = {}
    """Always empty for groups, which have none in AWS either."""


RecordT = TypeVar("RecordT", bound=IamResource)


class UnknownResourceError(Exception):
    """Nothing of that name; `args[0]` is the name."""


class ResourceExistsError(Exception):
    """The name is taken; `args[0]` is the name."""


class ResourceInUseError(Exception):
    """Something else refers to what is to be deleted."""


class ResourceStore(Protocol[RecordT]):
    """Resources of one kind, of every account."""

    async def get(self, account: AccountId, name: str) -> RecordT | None:
        """Return the resource of that name, in any case."""
        ...

    async def add(self, record: RecordT) -> None:
        """Keep a new resource.

        Raises:
            ResourceExistsError: its name is taken.
            UnknownManagedPolicyError: it refers to a managed policy that does not exist.
        """
        ...

    async def update(
        self, account: AccountId, name: str, change: Callable[[RecordT], RecordT]
    ) -> RecordT:
        """Replace a resource by `change(resource)` in one transaction, and return it.

        What `change` raises reaches the caller, and nothing is written.

        Raises:
            UnknownResourceError: there is none of that name, or it would refer to one that
                does not exist.
            ResourceExistsError: the change renames it to a name that is taken.
            UnknownManagedPolicyError: it would refer to a managed policy that does not exist.
        """
        ...

    async def delete(
        self, account: AccountId, name: str, require: Callable[[RecordT], None]
    ) -> None:
        """Delete a resource unless `require(resource)` raises.

        Raises:
            UnknownResourceError: there is none of that name.
            ResourceInUseError: something else refers to it.
        """
        ...

    async def page(
        self, account: AccountId, *, after: str | None, limit: int, path_prefix: str = "/"
    ) -> Page[RecordT]:
        """Return resources in the order of their lower-case names, which are the page keys."""
        ...

    async def count(self, account: AccountId) -> int:
        """Return how many there are."""
        ...
