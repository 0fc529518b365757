"""Signing JWTs with RS256.

A signature is a quarter of a millisecond in the calling thread. `cryptography` holds the
interpreter lock for it (observed: two threads sign no faster than one), so handing it to another
thread would only add the handing over.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jws

from keyfob.tokens.keys import SigningKey

_REGISTRY = jws.JWSRegistry(algorithms=["RS256"])


def sign_jwt(claims: Mapping[str, Any], key: SigningKey) -> str:
    """Return a compact JWT with header `{"kid", "alg": "RS256"}` and the claims as they are."""
    header = {"kid": key.kid, "alg": "RS256"}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key.jose, registry=_REGISTRY)
