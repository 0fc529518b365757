"""The keyring: master keys kept outside the database, and the keys derived from them.

Each purpose gets its own key, derived with HKDF-SHA256 (RFC 5869), so a value sealed for one
purpose is noise to another. The newest master key seals; older ones still open, so the master key
can be changed without ending sessions or rewriting the database.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_KEY_BYTES = 32
"""Length of a master key."""

KEY_ID_BYTES = 4
"""Length of a key's id: enough to tell a handful of keys apart; it is no secret."""


class Keyring:
    """One or more master keys, the newest first."""

    def __init__(self, master_keys: Sequence[bytes]) -> None:
        """Take the master keys.

        Args:
            master_keys: 32 random bytes each, newest first.

        Raises:
            ValueError: none was given, one has another length, or two share an id.
        """
        if not master_keys or any(len(key) != MASTER_KEY_BYTES for key in master_keys):
            raise ValueError(f"a keyring needs master keys of {MASTER_KEY_BYTES} bytes")
        self._masters = {_expand(key, "key id", KEY_ID_BYTES): key for key in master_keys}
        if len(self._masters) != len(master_keys):
            raise ValueError("two master keys of the ring are the same")
        self._newest_id = next(iter(self._masters))

    @property
    def newest_id(self) -> bytes:
        """The id of the key that seals."""
        return self._newest_id

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """The ids of all keys, newest first."""
        return tuple(self._masters)

    def derive(self, key_id: bytes, purpose: str, length: int = 32) -> bytes:
        """Return the key of one purpose.

        Args:
            key_id: one of `key_ids`.
            purpose: what it is for, for instance `refresh token`.
            length: bytes wanted.

        Raises:
            KeyError: no master key has that id.
        """
        return _expand(self._masters[key_id], f"purpose {purpose}", length)


def _expand(master_key: bytes, info: str, length: int) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=length, salt=b"keyfob keyring 1", info=info.encode())
    return hkdf.derive(master_key)
