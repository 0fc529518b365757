"""IAM users and their access keys as they are kept."""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from keyfob.store.ports.iam_entities import EntityStore, IamPrincipal

KeyStatus = Literal["Active", "Inactive"]
"""Whether an access key may sign."""


class AccessKeyRecord(msgspec.Struct, frozen=True):
    """One long-term access key."""

    access_key_id: str
    sealed_secret: bytes
    """The secret access key, encrypted with a key that is not in the database."""
    created_at_s: float
    status: KeyStatus = "Active"


class UserRecord(IamPrincipal, frozen=True, kw_only=True):
    """One user."""

    access_keys: tuple[AccessKeyRecord, ...] = ()

    def access_key(self, access_key_id: str) -> AccessKeyRecord | None:
        """Return one of the user's keys."""
        return next((key for key in self.access_keys if key.access_key_id == access_key_id), None)


class AccessKeyUse(msgspec.Struct, frozen=True):
    """One use of an access key."""

    used_at_s: float
    region: str
    service: str
    """Signing name, for instance `iam`."""


class UserStore(EntityStore[UserRecord], Protocol):
    """The users of every account."""

    async def find_by_access_key(self, access_key_id: str) -> UserRecord | None:
        """Return the user an access key belongs to; answered from memory once asked."""
        ...

    async def key_use(self, access_key_id: str) -> AccessKeyUse | None:
        """Return the latest use of a key that was kept."""
        ...

    async def keep_key_uses(self, uses: Mapping[str, AccessKeyUse]) -> None:
        """Keep the latest uses of keys, by key id; those of keys that are gone are dropped."""
        ...
