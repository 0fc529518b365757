"""Sealed values: texts that carry their own facts, and records encrypted at rest.

Form: `key id (4) | nonce (12) | ciphertext | tag (16)`, AES-256-GCM under the purpose's key; as a
text it is base64url without padding. The purpose (and for records a context, such as whose record
it is) is associated data, so a value cannot be moved to another place and still open.

Limits. The nonce is random, so one key should seal fewer than 2^32 values (NIST SP 800-38D, 8.3);
at 1,000 a second that is seven weeks of sealing for one purpose without pause, and changing the
master key starts afresh.
"""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyfob.core.ids import Randomness, SystemRandomness
from keyfob.tokens.errors import SealError
from keyfob.tokens.keyring import KEY_ID_BYTES, Keyring

_NONCE_BYTES = 12
_TAG_BYTES = 16
_PREFIX_BYTES = KEY_ID_BYTES + _NONCE_BYTES
_REFUSAL = "a sealed value cannot be opened"


class Sealer:
    """Seals and opens values under the keys of a keyring. Purposes are constants of the caller."""

    def __init__(self, keyring: Keyring, randomness: Randomness | None = None) -> None:
        """Use `keyring`; nonces come from `randomness`, the operating system's by default."""
        self._keyring = keyring
        self._randomness = randomness or SystemRandomness()
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}

    def seal(self, purpose: str, data: bytes) -> str:
        """Return `data` sealed as a text of the URL-safe base64 alphabet."""
        return base64.urlsafe_b64encode(self.encrypt(purpose, data)).rstrip(b"=").decode()

    def open(self, purpose: str, text: str) -> bytes:
        """Return what `seal` was given for the same purpose.

        Raises:
            SealError: the text was not sealed here for this purpose, or was altered.
        """
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            blob = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise SealError(_REFUSAL) from None
        if base64.urlsafe_b64encode(blob).rstrip(b"=") != text.encode("ascii"):
            raise SealError(_REFUSAL)  # unused bits were set: one value has one text
        return self.decrypt(purpose, blob)

    def encrypt(self, purpose: str, data: bytes, context: str = "") -> bytes:
        """Return `data` encrypted for storage.

        Args:
            purpose: what the data is.
            data: clear bytes.
            context: where it belongs, for instance a user's key; `decrypt` must be told the same.
        """
        key_id = self._keyring.newest_id
        nonce = self._randomness.token_bytes(_NONCE_BYTES)
        cipher = self._cipher(key_id, purpose)
        return key_id + nonce + cipher.encrypt(nonce, data, _associated(purpose, context))

    def decrypt(self, purpose: str, blob: bytes, context: str = "") -> bytes:
        """Return what `encrypt` was given for the same purpose and context.

        Raises:
            SealError: unknown key, another purpose or context, or altered bytes.
        """
        key_id = blob[:KEY_ID_BYTES]
        if len(blob) < _PREFIX_BYTES + _TAG_BYTES or key_id not in self._keyring.key_ids:
            raise SealError(_REFUSAL)
        nonce, ciphertext = blob[KEY_ID_BYTES:_PREFIX_BYTES], blob[_PREFIX_BYTES:]
        try:
            cipher = self._cipher(key_id, purpose)
            return cipher.decrypt(nonce, ciphertext, _associated(purpose, context))
        except InvalidTag:
            raise SealError(_REFUSAL) from None

    def _cipher(self, key_id: bytes, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((key_id, purpose))
        if cipher is None:
            cipher = AESGCM(self._keyring.derive(key_id, purpose))
            self._ciphers[key_id, purpose] = cipher
        return cipher


def _associated(purpose: str, context: str) -> bytes:
    """Join purpose and context so that no two pairs give the same bytes."""
    head = purpose.encode()
    return len(head).to_bytes(2, "big") + head + context.encode()
