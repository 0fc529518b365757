"""Public key sets: what verifies a pool's tokens, and the JSON it is published as (RFC 7517)."""

from collections.abc import Iterable, Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from keyfob.tokens.errors import MalformedTokenError
from keyfob.tokens.keys import SigningKey

KeySet = Mapping[str, RSAKey]
"""Public RSA keys by `kid`."""


def public_key_set(keys: Iterable[SigningKey]) -> KeySet:
    """Return the public halves of signing keys."""
    return {key.kid: key.public for key in keys}


def render_jwks(keys: KeySet) -> dict[str, Any]:
    """Return the key set document: `{"keys": [{alg, e, kid, kty, n, use}, ...]}`.

    Source: Cognito Developer Guide, "Verifying JSON web tokens" (documented).
    """
    return {"keys": [_render_key(kid, key) for kid, key in keys.items()]}


def parse_jwks(document: Mapping[str, Any]) -> KeySet:
    """Return the RSA signing keys of a published key set; keys for other uses are left out.

    Raises:
        MalformedTokenError: the document is no key set, or an RSA key in it is broken.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MalformedTokenError("a key set has a list `keys` of objects")
    keys: dict[str, RSAKey] = {}
    for entry in entries:
        is_signing = entry.get("use", "sig") == "sig" and entry.get("alg", "RS256") == "RS256"
        if entry.get("kty") != "RSA" or not is_signing or not isinstance(entry.get("kid"), str):
            continue
        try:
            public = {"kty": "RSA", "n": entry["n"], "e": entry["e"], "kid": entry["kid"]}
            keys[entry["kid"]] = RSAKey.import_key(public)
        except (KeyError, JoseError, ValueError, TypeError, AttributeError):
            raise MalformedTokenError("a key of the set is not an rsa public key") from None
    return keys


def _render_key(kid: str, key: RSAKey) -> dict[str, Any]:
    numbers = key.as_dict(private=False)
    return {
        "alg": "RS256",
        "e": numbers["e"],
        "kid": kid,
        "kty": "RSA",
        "n": numbers["n"],
        "use": "sig",
    }
