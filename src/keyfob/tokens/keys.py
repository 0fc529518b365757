"""RSA-2048 signing keys, named by their RFC 7638 thumbprint."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc.jwk import RSAKey

_KEY_BITS = 2048
"""What Cognito's keys have (observed in its published key sets)."""


@dataclass(frozen=True)
class SigningKey:
    """A private key that signs tokens."""

    private_key: rsa.RSAPrivateKey = field(repr=False)
    kid: str
    """RFC 7638 thumbprint (SHA-256, base64url) of the public key."""

    @cached_property
    def jose(self) -> RSAKey:
        """The key as joserfc takes it."""
        return RSAKey.import_key(self.private_key, {"kid": self.kid})

    @cached_property
    def public(self) -> RSAKey:
        """The public half as joserfc takes it."""
        return RSAKey.import_key(self.private_key.public_key(), {"kid": self.kid})

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS#8 PEM; the caller encrypts it at rest."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class KeyFactory(Protocol):
    """Where new signing keys come from."""

    async def new_signing_key(self) -> SigningKey:
        """Return a key that nobody else was given."""
        ...


class ExecutorKeyFactory:
    """Makes each key when asked, on a thread."""

    def __init__(self, executor: Executor) -> None:
        """Run the searches for primes on `executor`."""
        self._executor = executor

    async def new_signing_key(self) -> SigningKey:
        """Return a fresh key; finding it takes some 100 ms of one core."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, generate_signing_key
        )


def generate_signing_key() -> SigningKey:
    """Return a fresh RSA-2048 key with exponent 65537."""
    return _name_key(rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS))


def load_signing_key(pem: bytes) -> SigningKey:
    """Return the key that `SigningKey.to_pem` wrote.

    Raises:
        ValueError: the bytes are no RSA private key in PEM.
    """
    private_key = load_pem_private_key(pem, password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise ValueError("the pem holds no rsa key")
    return _name_key(private_key)


def _name_key(private_key: rsa.RSAPrivateKey) -> SigningKey:
    return SigningKey(private_key, RSAKey.import_key(private_key.public_key()).thumbprint())
