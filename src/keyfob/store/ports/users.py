"""Users of user pools, and the refresh tokens that were revoked."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from keyfob.core.errors import KeyfobError
from keyfob.store.ports.page import Page


class NameTakenError(KeyfobError):
    """Another user of the pool already goes by the name."""

    def __init__(self, name: str) -> None:
        """Carry the name as it is indexed."""
        super().__init__(f"the name `{name[:200]}` is taken")
        self.name = name


class StoredPassword(Struct, frozen=True, omit_defaults=True):
    """A password at rest."""

    verifier_encrypted: bytes
    """SRP salt and verifier under the keyring."""
    set_at_s: float
    is_temporary: bool = False


class PendingCode(Struct, frozen=True, omit_defaults=True):
    """A code that was sent and waits to be typed in."""

    digest: bytes
    """Keyed digest of the code."""
    expires_at_s: float
    attempts: int = 0
    """Wrong tries so far."""
    attribute: str = ""
    """Attribute that the code proves, for instance `email`."""


class Lockout(Struct, frozen=True, omit_defaults=True):
    """Failed password attempts in a row."""

    failures: int = 0
    until_s: float = 0.0
    """No attempt is looked at before this moment."""


class UserRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user."""

    pool_id: str
    sub: str
    """Unique id; the key of the record."""
    username: str
    attributes: dict[str, str] = {}
    """Values by full attribute name, without `sub`; booleans are `true` or `false`."""
    status: str
    """A `UserStatusType` of the model."""
    is_enabled: bool = True
    created_at_s: float
    modified_at_s: float
    password: StoredPassword | None = None
    codes: dict[str, PendingCode] = {}
    """By purpose."""
    lockout: Lockout = Lockout()
    epoch: int = 0
    """Raised by every global sign-out; tokens of an earlier epoch are dead."""
    names: tuple[str, ...] = ()
    """Index keys by which the user is found; each is unique in the pool."""


class UserStore(Protocol):
    """Keeps users; single users are answered from memory."""

    async def find(self, pool_id: str, names: Sequence[str]) -> UserRecord | None:
        """Return the user with the first of the index names that anyone has."""
        ...

    async def get(self, pool_id: str, sub: str) -> UserRecord | None:
        """Return a user by its key."""
        ...

    async def add(self, record: UserRecord, *, displace: bool = False) -> None:
        """Keep a new user.

        Args:
            record: the user; the first of its names is never displaced.
            displace: take other names from users who have them.

        Raises:
            NameTakenError: another user has one of its names.
        """
        ...

    async def update(
        self,
        pool_id: str,
        sub: str,
        change: Callable[[UserRecord], UserRecord],
        *,
        displace: bool = False,
    ) -> UserRecord | None:
        """Replace a user by what `change` makes of it; None when there is no such user.

        Raises:
            NameTakenError: another user has one of its new names.
        """
        ...

    async def delete(self, pool_id: str, sub: str) -> bool:
        """Delete a user; False when there was none."""
        ...

    async def list_users(self, pool_id: str, *, after: str | None, limit: int) -> Page[UserRecord]:
        """Return users of one pool in the order of their keys."""
        ...

    async def count(self, pool_id: str) -> int:
        """Return how many users a pool has."""
        ...

    async def find_anywhere(self, text: str, limit: int) -> tuple[UserRecord, ...]:
        """Return users of all pools whose username, sub or indexed alias is `text`."""
        ...

    async def revoke_origin(self, pool_id: str, origin_jti: str, until_s: float) -> None:
        """Refuse tokens of one sign-in until they would have expired anyway."""
        ...

    async def is_origin_revoked(self, pool_id: str, origin_jti: str) -> bool:
        """Return whether the tokens of one sign-in were revoked."""
        ...
