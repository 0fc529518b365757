"""IAM users and their access keys as they are kept."""

from typing import Literal, Protocol

import msgspec

from keyfob.store.ports.iam_entities import EntityStore, IamEntity

KeyStatus = Literal["Active", "Inactive"]
"""Whether an access key may sign."""


class AccessKeyRecord(msgspec.Struct, frozen=True):
    """One long-term access key."""

    access_key_id: str
    sealed_secret: bytes
    """The secret access key, encrypted with a key that is not in the database."""
    created_at_s: float
    status: KeyStatus = "Active"


class UserRecord(IamEntity, frozen=True, kw_only=True):
    """One user."""

    access_keys: tuple[AccessKeyRecord, ...] = ()

    def access_key(self, access_key_id: str) -> AccessKeyRecord | None:
        """Return one of the user's keys."""
        return next((key for key in self.access_keys if key.access_key_id == access_key_id), None)


class UserStore(EntityStore[UserRecord], Protocol):
    """The users of every account."""

    async def find_by_access_key(self, access_key_id: str) -> UserRecord | None:
        """Return the user an access key belongs to; answered from memory once asked."""
        ...
