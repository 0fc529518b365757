"""Domains under which the sign-in pages of pools answer."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct


class DomainRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A domain: a prefix, or a name of one's own."""

    domain: str
    pool_id: str
    settings: dict[str, Any] = {}
    """`ManagedLoginVersion` and `CustomDomainConfig` as the caller gave them."""
    version: str
    """Changes with every update."""


class DomainStore(Protocol):
    """Keeps domains; each belongs to one pool of the whole server."""

    async def get(self, domain: str) -> DomainRecord | None:
        """Return one."""
        ...

    async def add(self, record: DomainRecord) -> bool:
        """Keep a new one; False when any pool has it."""
        ...

    async def update(
        self, domain: str, change: Callable[[DomainRecord], DomainRecord]
    ) -> DomainRecord | None:
        """Replace one by what `change` makes of it; None when there is none."""
        ...

    async def delete(self, domain: str) -> bool:
        """Delete one; False when there was none."""
        ...

    async def list_domains(self, pool_id: str) -> tuple[DomainRecord, ...]:
        """Return the domains of a pool: at most two."""
        ...
