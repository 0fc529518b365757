"""Passwords: turned into SRP verifiers, kept encrypted, and checked.

A password that is sent in clear is checked by computing g^x mod N and comparing it with the
verifier, so both flows use the one thing that is stored. Where there is no such user, values that
are derived from the name stand in, and the same work is done.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from keyfob.core.ids import Randomness
from keyfob.services.cognito_idp.domain import srp
from keyfob.store.ports.users import StoredPassword
from keyfob.tokens.sealed import Sealer

_PURPOSE = "srp verifier"

T = TypeVar("T")


class PasswordVault:
    """Makes and checks stored passwords."""

    def __init__(
        self, sealer: Sealer, crypto: Executor, randomness: Randomness, phantom_key: bytes
    ) -> None:
        """Encrypt with `sealer`, compute on `crypto`; `phantom_key` makes stand-ins (32 bytes)."""
        self._sealer = sealer
        self._crypto = crypto
        self._randomness = randomness
        self._phantom_key = phantom_key

    def store(
        self,
        password: str,
        *,
        pool_id: str,
        sub: str,
        username: str,
        now_s: float,
        is_temporary: bool,
    ) -> StoredPassword:
        """Return a password as it is kept; bound to the user, so records cannot be swapped."""
        salt = srp.make_salt(self._randomness.token_bytes(srp.SALT_BYTES))
        x = srp.derive_x(_pool_name(pool_id), username, password, salt)
        value = srp.compute_verifier(x)
        blob = salt.to_bytes(srp.SALT_BYTES, "big") + value.to_bytes(384, "big")
        encrypted = self._sealer.encrypt(_PURPOSE, blob, _context(pool_id, sub))
        return StoredPassword(encrypted, now_s, is_temporary)

    def open(self, stored: StoredPassword, *, pool_id: str, sub: str) -> srp.Verifier:
        """Return the verifier of a stored password.

        Raises:
            SealError: the record was tampered with, or its key is gone.
        """
        blob = self._sealer.decrypt(_PURPOSE, stored.verifier_encrypted, _context(pool_id, sub))
        salt, value = blob[: srp.SALT_BYTES], blob[srp.SALT_BYTES :]
        return srp.Verifier(int.from_bytes(salt, "big"), int.from_bytes(value, "big"))

    def phantom(self, pool_id: str, name: str) -> srp.Verifier:
        """Return the stand-in of a user who does not exist: always the same for a name.

        Source: RFC 5054, section 2.5.1.3, which Cognito's documentation refers to.
        """
        seed = hmac.new(self._phantom_key, f"{pool_id}\0{name}".encode(), hashlib.sha256).digest()
        stream = hashlib.shake_256(seed).digest(srp.SALT_BYTES + 384)
        value = int.from_bytes(stream[srp.SALT_BYTES :], "big") % srp.N
        return srp.Verifier(srp.make_salt(stream[: srp.SALT_BYTES]), value)

    def matches(
        self, password: str, verifier: srp.Verifier, *, pool_id: str, username: str
    ) -> bool:
        """Return whether a password is the one a verifier stands for; about 0.2 ms."""
        x = srp.derive_x(_pool_name(pool_id), username, password, verifier.salt)
        value = srp.compute_verifier(x)
        return hmac.compare_digest(value.to_bytes(384, "big"), verifier.value.to_bytes(384, "big"))

    async def run(self, work: Callable[[], T]) -> T:
        """Run arithmetic on the crypto threads."""
        return await asyncio.get_running_loop().run_in_executor(self._crypto, work)


def _pool_name(pool_id: str) -> str:
    return pool_id.partition("_")[2]


def _context(pool_id: str, sub: str) -> str:
    return f"{pool_id}/{sub}"
