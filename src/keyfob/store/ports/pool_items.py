"""Things a user pool has many of, each under a name of its own: groups, resource servers, ..."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from keyfob.core.errors import KeyfobError
from keyfob.store.ports.page import Page


class TooManyItemsError(KeyfobError):
    """The pool has as many as it may have."""


class PoolItem(Protocol):
    """What every such record says."""

    @property
    def pool_id(self) -> str:
        """The pool it belongs to."""
        ...

    @property
    def name(self) -> str:
        """Its name, unique in the pool."""
        ...


ItemT = TypeVar("ItemT", bound=PoolItem)


class PoolItemStore(Protocol[ItemT]):
    """Keeps records of one kind."""

    async def get(self, pool_id: str, name: str) -> ItemT | None:
        """Return one."""
        ...

    async def add(self, record: ItemT, *, at_most: int) -> bool:
        """Keep a new one; False when the name is taken.

        Raises:
            TooManyItemsError: the pool has `at_most` already.
        """
        ...

    async def update(
        self, pool_id: str, name: str, change: Callable[[ItemT], ItemT]
    ) -> ItemT | None:
        """Replace one by what `change` makes of it; None when there is none."""
        ...

    async def delete(self, pool_id: str, name: str) -> bool:
        """Delete one; False when there was none."""
        ...

    async def list_items(self, pool_id: str, *, after: str | None, limit: int) -> Page[ItemT]:
        """Return those of one pool in the order of their names."""
        ...
