"""Identities of identity pools, and the logins that lead to them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec


class Login(msgspec.Struct, frozen=True):
    """A person at a provider; it belongs to at most one identity of a pool."""

    provider: str
    """Key of the `Logins` map, for instance `cognito-idp.<region>.amazonaws.com/<pool id>`."""
    subject: str
    """The provider's id of the person: the `sub` claim."""


class IdentityRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """An identity."""

    identity_id: str
    pool_id: str
    created_at_s: float
    last_modified_at_s: float
    logins: tuple[Login, ...] = ()
    is_disabled: bool = False
    """Merged into another identity; nothing can be had for it any more."""


class IdentityResolution(msgspec.Struct, frozen=True):
    """What a decision about identities comes to."""

    identity: IdentityRecord
    """The identity that answers from now on."""
    changed: tuple[IdentityRecord, ...] = ()
    """Records to keep: new ones and changed ones, `identity` among them where it changed."""


Resolve = Callable[[IdentityRecord | None, Sequence[IdentityRecord]], IdentityResolution]
"""Decides from the named identity (if one was named and exists) and the holders of the logins."""


class IdentityStore(Protocol):
    """Keeps identities; a change is committed, and told to `authz`, before a call returns."""

    async def get(self, identity_id: str) -> IdentityRecord | None:
        """Return an identity, or None."""
        ...

    async def holders(self, pool_id: str, logins: Sequence[Login]) -> Sequence[IdentityRecord]:
        """Return the identities of a pool that any of the logins belongs to, each once."""
        ...

    async def resolve(
        self, pool_id: str, identity_id: str | None, logins: Sequence[Login], decide: Resolve
    ) -> IdentityRecord:
        """Read, decide and keep in one transaction, so that concurrent callers agree."""
        ...

    async def delete(self, identity_ids: Sequence[str]) -> Sequence[str]:
        """Delete identities and their logins at once; return the ids that there were."""
        ...

    async def page(
        self, pool_id: str, *, after: str, limit: int, has_disabled: bool
    ) -> Sequence[IdentityRecord]:
        """Return up to `limit` identities in the order of their ids, those after `after`."""
        ...

    async def find_by_subject(self, subject: str) -> Sequence[IdentityRecord]:
        """Return the identities of all pools that a person with this `sub` has."""
        ...
