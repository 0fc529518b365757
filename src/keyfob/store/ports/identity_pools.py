"""Identity pools, with their roles and principal tag maps: one record each."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from keyfob.core.ids import AccountId, Region


class CognitoProvider(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user pool and app client whose ID tokens the pool accepts."""

    provider_name: str
    """`cognito-idp.<region>.amazonaws.com/<user pool id>`."""
    client_id: str
    has_server_side_token_check: bool = False


class MappingRule(msgspec.Struct, frozen=True):
    """One rule of a `Rules` role mapping."""

    claim: str
    match_type: Literal["Equals", "Contains", "StartsWith", "NotEqual"]
    value: str
    role_arn: str


class RoleMapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the role is chosen for one provider."""

    type: Literal["Token", "Rules"]
    ambiguous_role_resolution: Literal["AuthenticatedRole", "Deny"]
    rules: tuple[MappingRule, ...] = ()


class PrincipalTagMap(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which claims of one provider become principal tags."""

    has_defaults: bool = False
    tags: dict[str, str] = {}
    """Tag key to claim name."""


class IdentityPoolRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """An identity pool."""

    pool_id: str
    account: AccountId
    region: Region
    name: str
    allows_unauthenticated: bool
    created_at_s: float
    allows_classic_flow: bool | None = None
    supported_login_providers: dict[str, str] = {}
    """Provider to app id, for the social providers."""
    developer_provider_name: str | None = None
    oidc_provider_arns: tuple[str, ...] = ()
    cognito_providers: tuple[CognitoProvider, ...] = ()
    saml_provider_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    roles: dict[str, str] = {}
    """Role ARN by `authenticated` or `unauthenticated`."""
    role_mappings: dict[str, RoleMapping] = {}
    """By `<provider>:<client id>` for user pools, else by provider."""
    principal_tag_maps: dict[str, PrincipalTagMap] = {}
    """By provider name."""


class IdentityPoolStore(Protocol):
    """Keeps identity pools; `get` answers from memory for pools in use."""

    async def get(self, pool_id: str) -> IdentityPoolRecord | None:
        """Return a pool, or None."""
        ...

    async def add(self, pool: IdentityPoolRecord) -> None:
        """Keep a new pool."""
        ...

    async def update(
        self, pool_id: str, change: Callable[[IdentityPoolRecord], IdentityPoolRecord]
    ) -> IdentityPoolRecord | None:
        """Replace a pool by `change` of it, atomically; return None when there is none."""
        ...

    async def delete(self, pool_id: str) -> bool:
        """Delete a pool and all its identities at once; return whether there was one."""
        ...

    async def page(
        self, account: AccountId, region: Region, *, after: str, limit: int
    ) -> Sequence[IdentityPoolRecord]:
        """Return up to `limit` pools in the order of their ids, those after the id `after`."""
        ...
