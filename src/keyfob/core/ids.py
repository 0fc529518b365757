"""Identifiers and randomness.

Every id keyfob hands out is unguessable and comes from an injected `Randomness`, so a
test can make them repeat and production never does.
"""

import secrets
import string
import uuid
from typing import NewType, Protocol

AccountId = NewType("AccountId", str)
"""Twelve decimal digits."""

Region = NewType("Region", str)
"""An AWS region's name, for instance `eu-central-1`; keyfob accepts any."""

_BASE32 = string.ascii_uppercase + "234567"
_ALPHANUMERIC = string.ascii_letters + string.digits
_LOWER_ALPHANUMERIC = string.ascii_lowercase + string.digits
_SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"


class Randomness(Protocol):
    """A source of random bytes fit for keys."""

    def token_bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        ...


class SystemRandomness:
    """The operating system's generator."""

    def token_bytes(self, count: int) -> bytes:
        """Return bytes from `secrets`."""
        return secrets.token_bytes(count)


def random_text(randomness: Randomness, alphabet: str, length: int) -> str:
    """Return `length` characters drawn evenly from `alphabet` (2 to 256 of them)."""
    limit = 256 - 256 % len(alphabet)
    chosen: list[str] = []
    while len(chosen) < length:
        chosen.extend(
            alphabet[byte % len(alphabet)]
            for byte in randomness.token_bytes(length)
            if byte < limit
        )
    return "".join(chosen[:length])


def new_uuid(randomness: Randomness) -> str:
    """Return a random (version 4) UUID in its usual text form."""
    return str(uuid.UUID(bytes=randomness.token_bytes(16), version=4))


def new_unique_id(randomness: Randomness, prefix: str) -> str:
    """Return an IAM unique id: `AROA`, `AIDA`, `ANPA`, `AKIA` or `ASIA` and 16 characters.

    Source: IAM User Guide, "IAM identifiers"; the length is observed.
    """
    return prefix + random_text(randomness, _BASE32, 16)


def new_secret_access_key(randomness: Randomness) -> str:
    """Return a 40-character secret access key."""
    return random_text(randomness, _SECRET_ALPHABET, 40)


def new_user_pool_id(randomness: Randomness, region: Region) -> str:
    """Return `<region>_<9 alphanumeric characters>`."""
    return f"{region}_{random_text(randomness, _ALPHANUMERIC, 9)}"


def new_client_id(randomness: Randomness) -> str:
    """Return a user pool client id: 26 lower-case alphanumeric characters."""
    return random_text(randomness, _LOWER_ALPHANUMERIC, 26)


def new_regional_uuid(randomness: Randomness, region: Region) -> str:
    """Return `<region>:<uuid>`, the form of identity pool and identity ids."""
    return f"{region}:{new_uuid(randomness)}"


def new_code(randomness: Randomness, digits: int = 6) -> str:
    """Return a confirmation code of decimal digits."""
    return random_text(randomness, string.digits, digits)
