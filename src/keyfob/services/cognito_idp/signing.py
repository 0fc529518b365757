"""The signing keys of pools: made with the pool, encrypted at rest, kept open in memory."""

import asyncio
from dataclasses import dataclass

from keyfob.store.ports.user_pools import StoredKey, UserPoolRecord
from keyfob.tokens.jwks import KeySet, public_key_set
from keyfob.tokens.keys import KeyFactory, SigningKey, load_signing_key
from keyfob.tokens.sealed import Sealer

_PURPOSE = "user pool signing key"

MAX_OPEN = 1_000
"""Pools whose keys are kept open; beyond it the memory starts over."""


@dataclass(frozen=True, slots=True)
class PoolKeys:
    """A pool's two keys. Source: Developer Guide, "Verifying JSON web tokens" (documented)."""

    id_token: SigningKey
    access_token: SigningKey

    @property
    def id_public(self) -> KeySet:
        """What verifies ID tokens, and nothing else."""
        return public_key_set([self.id_token])

    @property
    def access_public(self) -> KeySet:
        """What verifies access tokens, and nothing else."""
        return public_key_set([self.access_token])

    @property
    def public(self) -> KeySet:
        """Both, as the pool publishes them."""
        return public_key_set([self.id_token, self.access_token])


class KeyCabinet:
    """Makes, encrypts and opens signing keys."""

    def __init__(self, sealer: Sealer, factory: KeyFactory) -> None:
        """Encrypt with `sealer`; new keys come from `factory`."""
        self._sealer = sealer
        self._factory = factory
        self._open: dict[str, PoolKeys] = {}

    async def make_pair(self, pool_id: str) -> tuple[StoredKey, StoredKey]:
        """Return two new keys of a pool at rest: for ID tokens and for access tokens."""
        id_key, access_key = await asyncio.gather(
            self._factory.new_signing_key(), self._factory.new_signing_key()
        )
        return self._store(pool_id, id_key), self._store(pool_id, access_key)

    def open(self, pool: UserPoolRecord) -> PoolKeys:
        """Return a pool's keys.

        Raises:
            SealError: the stored keys were tampered with, or the master key is gone.
        """
        keys = self._open.get(pool.pool_id)
        if keys is None:
            keys = PoolKeys(self._load(pool, pool.id_key), self._load(pool, pool.access_key))
            if len(self._open) >= MAX_OPEN:
                self._open.clear()
            self._open[pool.pool_id] = keys
        return keys

    def _store(self, pool_id: str, key: SigningKey) -> StoredKey:
        return StoredKey(key.kid, self._sealer.encrypt(_PURPOSE, key.to_pem(), pool_id))

    def _load(self, pool: UserPoolRecord, stored: StoredKey) -> SigningKey:
        pem = self._sealer.decrypt(_PURPOSE, stored.pem_encrypted, pool.pool_id)
        return load_signing_key(pem)
