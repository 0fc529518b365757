import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from keyfob.core.clock import ManualClock
from keyfob.store.database import MemoryDatabase
from keyfob.store.open_id_keys import SqlOpenIdKeys
from keyfob.store.tables import metadata
from keyfob.tokens.errors import SealError
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.keys import ExecutorKeyFactory
from keyfob.tokens.sealed import Sealer


async def test_the_first_key_is_made_once_kept_and_never_in_clear() -> None:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    sealer, clock = Sealer(Keyring([b"k" * 32])), ManualClock(at=5.0)
    with ThreadPoolExecutor(2) as executor:
        factory = ExecutorKeyFactory(executor)
        keys = SqlOpenIdKeys(database, sealer, factory, clock)
        made = await asyncio.gather(*(keys.signing_key() for _ in range(3)))
        other = SqlOpenIdKeys(database, sealer, factory, clock)
        again = await other.signing_key()
        stranger = SqlOpenIdKeys(database, Sealer(Keyring([b"x" * 32])), factory, clock)
        with pytest.raises(SealError):
            await stranger.signing_key()
    assert {key.kid for key in made} == {again.kid} == set(await other.public_keys())
    with database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT private_key FROM open_id_keys")
    assert b"PRIVATE KEY" not in row.private_key
    await database.close()
