"""Looking identities up from outside: for `authz`, and for whoever asks who is who."""

from dataclasses import dataclass

from keyfob.core.ids import AccountId
from keyfob.services.cognito_identity.ports import OpenIdKeys
from keyfob.store.ports.identities import IdentityRecord, IdentityStore, Login
from keyfob.store.ports.identity_pools import IdentityPoolStore
from keyfob.tokens.jwks import KeySet


@dataclass(frozen=True, slots=True)
class IdentityPoolDirectory:
    """An `authz.ports.IdentityDirectory`, and the map between people and identities.

    AWS has no call for the second; it goes both ways here.
    """

    pools: IdentityPoolStore
    identities: IdentityStore

    async def is_active(self, identity_id: str) -> bool:
        """Return False once the identity or its pool was deleted, or it was merged away."""
        identity = await self.identities.get(identity_id)
        if identity is None or identity.is_disabled:
            return False
        return await self.pools.get(identity.pool_id) is not None

    async def find_identity(self, identity_id: str) -> IdentityRecord | None:
        """Return an identity with its logins (provider and `sub`), or None."""
        return await self.identities.get(identity_id)

    async def find_by_login(
        self, pool_id: str, provider: str, subject: str
    ) -> IdentityRecord | None:
        """Return the identity that a person has in one pool, or None."""
        holders = await self.identities.holders(pool_id, (Login(provider, subject),))
        return holders[0] if holders else None

    async def find_by_subject(self, subject: str) -> tuple[IdentityRecord, ...]:
        """Return the identities of all pools of the person with a `sub`."""
        return tuple(await self.identities.find_by_subject(subject))


@dataclass(frozen=True, slots=True)
class IdentityPoolIssuer:
    """The issuer of identity pools' own tokens, as STS sees it."""

    directory: IdentityPoolDirectory
    keys: OpenIdKeys

    async def public_keys(self) -> KeySet:
        """Return the keys that tokens are signed with."""
        return await self.keys.public_keys()

    async def account_of(self, pool_id: str, identity_id: str) -> AccountId | None:
        """Return the account of a pool; None unless the identity in it still stands."""
        identity = await self.directory.find_identity(identity_id)
        pool = await self.directory.pools.get(pool_id)
        if identity is None or identity.is_disabled or pool is None:
            return None
        return pool.account if identity.pool_id == pool_id else None
