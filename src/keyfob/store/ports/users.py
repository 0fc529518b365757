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


class SoftwareToken(Struct, frozen=True, omit_defaults=True):
    """An authenticator application."""

    secret_encrypted: bytes
    """The shared secret under the keyring."""
    is_verified: bool = False
    name: str = ""
    """What the user calls the device it runs on."""
    last_step: int = 0
    """Time step of the last code that was taken; a code is good once."""


class SecondFactors(Struct, frozen=True, omit_defaults=True):
    """What a user proves besides the password."""

    enabled: tuple[str, ...] = ()
    """Of `SMS_MFA`, `SOFTWARE_TOKEN_MFA` and `EMAIL_OTP`."""
    preferred: str | None = None


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
    former_passwords: tuple[bytes, ...] = ()
    """Earlier SRP salts and verifiers under the keyring, the newest first."""
    software_token: SoftwareToken | None = None
    pending_software_token: bytes | None = None
    """Secret of an application that is being set up, under the keyring."""
    second_factors: SecondFactors = SecondFactors()
    factor_lockout: Lockout = Lockout()
    """Failed second factors in a row."""
    epoch: int = 0
    """Raised by every global sign-out; tokens of an earlier epoch are dead."""
    names: tuple[str, ...] = ()
    """Index keys by which the user is found; each is unique in the pool."""


SEARCHABLE = frozenset(
    {
        "username", "email", "phone_number", "name", "given_name", "family_name",
        "preferred_username", "cognito:user_status", "status", "sub",
    }
)  # fmt: skip
"""What users are searched by; documented for `ListUsers`."""


def searchable_values(user: UserRecord) -> dict[str, str]:
    """Return what a user is found by."""
    everything = {
        **user.attributes,
        "username": user.username,
        "sub": user.sub,
        "cognito:user_status": user.status,
        "status": "Enabled" if user.is_enabled else "Disabled",
    }
    return {name: value for name, value in everything.items() if name in SEARCHABLE}


class UserSearch(Struct, frozen=True):
    """One attribute, and the value it has or begins with."""

    attribute: str
    value: str
    is_prefix: bool


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

    async def search(
        self, pool_id: str, wanted: UserSearch, *, after: str | None, limit: int
    ) -> Page[UserRecord]:
        """Return the users of one pool that match, in the order of their keys."""
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

    async def use_refresh_token(
        self, pool_id: str, token_id: str, until_s: float, now_s: float
    ) -> float:
        """Note that a refresh token was exchanged; return when that happened first.

        Args:
            pool_id: the pool.
            token_id: the token.
            until_s: when it would have expired.
            now_s: epoch seconds.
        """
        ...

    async def is_origin_revoked(self, pool_id: str, origin_jti: str) -> bool:
        """Return whether the tokens of one sign-in were revoked."""
        ...
