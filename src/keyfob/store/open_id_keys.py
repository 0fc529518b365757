"""The keys of the issuer `https://cognito-identity.amazonaws.com`, in SQL, encrypted."""

import asyncio

from sqlalchemy import Connection, insert, select

from keyfob.core.clock import Clock
from keyfob.store.database import Database
from keyfob.store.tables.open_id_keys import open_id_keys
from keyfob.tokens.jwks import KeySet, public_key_set
from keyfob.tokens.keys import KeyFactory, SigningKey, load_signing_key
from keyfob.tokens.sealed import Sealer

_PURPOSE = "open id signing key"


class SqlOpenIdKeys:
    """An `OpenIdKeys`; the first key is made when it is first needed."""

    def __init__(
        self, database: Database, sealer: Sealer, factory: KeyFactory, clock: Clock
    ) -> None:
        """Keep keys in `database`, encrypted by `sealer`; new ones come from `factory`."""
        self._database = database
        self._sealer = sealer
        self._factory = factory
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._loading = asyncio.Lock()

    async def signing_key(self) -> SigningKey:
        """Return the newest key."""
        return (await self._load())[0]

    async def public_keys(self) -> KeySet:
        """Return the public halves of all keys."""
        return public_key_set(await self._load())

    async def _load(self) -> tuple[SigningKey, ...]:
        """Return the keys, newest first; there is always one."""
        async with self._loading:
            if not self._keys:
                self._keys = await self._database.read(self._read) or await self._make()
            return self._keys

    async def _make(self) -> tuple[SigningKey, ...]:
        key = await self._factory.new_signing_key()
        row = {
            "kid": key.kid,
            "created_at_s": self._clock.now(),
            "private_key": self._sealer.encrypt(_PURPOSE, key.to_pem(), key.kid),
        }

        def work(connection: Connection) -> tuple[SigningKey, ...]:
            found = self._read(connection)
            if found:  # another process was first
                return found
            connection.execute(insert(open_id_keys).values(row))
            return (key,)

        return await self._database.write(work)

    def _read(self, connection: Connection) -> tuple[SigningKey, ...]:
        rows = connection.execute(
            select(open_id_keys).order_by(open_id_keys.c.created_at_s.desc(), open_id_keys.c.kid)
        )
        return tuple(
            load_signing_key(self._sealer.decrypt(_PURPOSE, row.private_key, row.kid))
            for row in rows
        )
