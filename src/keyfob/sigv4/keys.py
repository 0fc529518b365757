"""Signing keys, strings to sign and signatures."""

import functools
import hashlib
import hmac

from keyfob.core.secret import Secret
from keyfob.sigv4.claim import ALGORITHM, Scope

_CACHED_KEYS = 1024
"""Derived keys kept: one per access key, day, region and service in use."""


def derive_signing_key(secret: Secret[str], scope: Scope) -> bytes:
    """Return the key of one day, region and service, 32 bytes.

    Source: IAM User Guide, "Create a signed AWS API request", step 4 (documented).
    """
    return _derive(secret.reveal(), scope)


@functools.lru_cache(maxsize=_CACHED_KEYS)
def _derive(secret: str, scope: Scope) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def string_to_sign(date: str, scope: Scope, canonical_request: str) -> str:
    """Return the text under the signature."""
    digest = hashlib.sha256(canonical_request.encode(errors="surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{date}\n{scope}\n{digest}"


def compute_signature(secret: Secret[str], scope: Scope, text: str) -> str:
    """Return the signature of a string to sign, 64 hexadecimal digits."""
    return hmac.digest(derive_signing_key(secret, scope), text.encode(), "sha256").hex()
