"""User pools and their app clients."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from keyfob.core.ids import AccountId, Region
from keyfob.store.ports.page import Page


class SchemaAttribute(Struct, frozen=True, omit_defaults=True):
    """One attribute that users of a pool may have."""

    name: str
    """Full name: `email`, `custom:buildingId`, `dev:custom:flag`."""
    data_type: str = "String"
    """`String`, `Number`, `DateTime` or `Boolean`."""
    is_mutable: bool = True
    is_required: bool = False
    is_developer_only: bool = False
    min_length: int | None = None
    max_length: int | None = None
    min_value: int | None = None
    max_value: int | None = None


class PasswordPolicy(Struct, frozen=True, omit_defaults=True):
    """What passwords of a pool must be like; the defaults are Cognito's."""

    minimum_length: int = 8
    requires_uppercase: bool = True
    requires_lowercase: bool = True
    requires_numbers: bool = True
    requires_symbols: bool = True
    temporary_validity_days: int = 7
    history_size: int = 0
    """How many earlier passwords may not come back."""


class PoolFactors(Struct, frozen=True, omit_defaults=True):
    """Which second factors users of a pool may set up."""

    has_software_token: bool = False
    sms: dict[str, Any] | None = None
    """`SmsMfaConfiguration` as it was given; None: off."""
    email: dict[str, Any] | None = None
    """`EmailMfaConfiguration` as it was given; None: off."""


class ClientSecret(Struct, frozen=True):
    """A secret of an app client."""

    secret_id: str
    encrypted: bytes
    """The secret under the keyring."""
    created_at_s: float


class StoredKey(Struct, frozen=True):
    """A signing key at rest."""

    kid: str
    pem_encrypted: bytes
    """PKCS#8 PEM under the keyring."""


class UserPoolRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user pool."""

    pool_id: str
    account: AccountId
    region: Region
    name: str
    created_at_s: float
    modified_at_s: float
    schema: tuple[SchemaAttribute, ...]
    """Standard attributes first, then custom ones in the order they were added."""
    username_attributes: tuple[str, ...] = ()
    alias_attributes: tuple[str, ...] = ()
    auto_verified_attributes: tuple[str, ...] = ()
    is_case_sensitive: bool = True
    password_policy: PasswordPolicy = PasswordPolicy()
    factors: PoolFactors = PoolFactors()
    settings: dict[str, Any] = {}
    """Further members as the caller gave them, by their model names."""
    id_key: StoredKey
    """Signs ID tokens."""
    access_key: StoredKey
    """Signs access tokens."""


class ClientRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An app client."""

    client_id: str
    pool_id: str
    name: str
    created_at_s: float
    modified_at_s: float
    secrets: tuple[ClientSecret, ...] = ()
    """At most two, the older first; none: a public client."""
    explicit_auth_flows: tuple[str, ...] = ()
    read_attributes: tuple[str, ...] | None = None
    """None: never set."""
    write_attributes: tuple[str, ...] | None = None
    """None: never set."""
    known_attributes: tuple[str, ...] = ()
    """Custom attributes that existed when the client was made."""
    prevents_existence_errors: bool = False
    can_revoke_tokens: bool = True
    auth_session_minutes: int = 3
    access_token_s: int = 3_600
    id_token_s: int = 3_600
    refresh_token_s: int = 2_592_000
    settings: dict[str, Any] = {}
    """Further members as the caller gave them, by their model names."""


class UserPoolStore(Protocol):
    """Keeps pools and clients; single records are answered from memory."""

    async def get(self, pool_id: str) -> UserPoolRecord | None:
        """Return a pool."""
        ...

    async def add(self, record: UserPoolRecord) -> None:
        """Keep a new pool."""
        ...

    async def update(
        self, pool_id: str, change: Callable[[UserPoolRecord], UserPoolRecord]
    ) -> UserPoolRecord | None:
        """Replace a pool by what `change` makes of it; None when there is no such pool."""
        ...

    async def delete(self, pool_id: str) -> bool:
        """Delete a pool with its clients, users and mail; False when there was none."""
        ...

    async def list_pools(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[UserPoolRecord]:
        """Return pools of one account and region in the order of their ids."""
        ...

    async def get_client(self, client_id: str) -> ClientRecord | None:
        """Return a client of any pool."""
        ...

    async def add_client(self, record: ClientRecord) -> None:
        """Keep a new client."""
        ...

    async def update_client(
        self, client_id: str, change: Callable[[ClientRecord], ClientRecord]
    ) -> ClientRecord | None:
        """Replace a client by what `change` makes of it; None when there is no such client."""
        ...

    async def delete_client(self, client_id: str) -> bool:
        """Delete a client; False when there was none."""
        ...

    async def list_clients(
        self, pool_id: str, *, after: str | None, limit: int
    ) -> Page[ClientRecord]:
        """Return clients of one pool in the order of their ids."""
        ...
