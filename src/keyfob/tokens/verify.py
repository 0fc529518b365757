"""Verifying JWTs: one algorithm, a known key, the expected issuer and use, and time left.

The algorithm is never the token's choice: anything but RS256 is malformed before a key is looked
at, so neither `none` nor an HMAC keyed with the public key is ever tried.

A token that was genuine once need not be decoded and its signature computed again: both depend
on nothing but its text and the key. What was decoded is kept by the text's digest, with the key
that proved it. The key is looked up anew each time and has to be that very key; claims and time
are checked each time; revocation is the caller's.
"""

import hashlib
import re
from dataclasses import dataclass

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import (
    BadSignatureError,
    ExpiredTokenError,
    MalformedTokenError,
    NotYetValidError,
    UnexpectedClaimError,
    UnknownKeyError,
)
from keyfob.tokens.jwks import KeySet

MAX_TOKEN_BYTES = 65_536
"""Longest token looked at; Cognito's own stay within some KB."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Nothing but the URL-safe alphabet: the decoder beneath would skip other characters."""

_REGISTRY = jws.JWSRegistry(algorithms=["RS256"])


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a token must say to be accepted; None leaves a claim to the caller."""

    issuer: str
    audience: str | None = None
    token_use: str | None = None
    """Cognito's `token_use`: `id` or `access`."""


MAX_KEPT = 4_096
"""Genuine tokens kept decoded; beyond it the memory starts over."""

MAX_KEPT_BYTES = 4_096
"""Longest payload of a token kept."""


@dataclass(slots=True)
class UnverifiedToken:
    """A token that was only decoded; nothing it says may be trusted but to find its key."""

    kid: str
    claims: Claims
    compact: jws.CompactSignature
    digest: bytes
    """SHA-256 of the token."""
    proven_by: RSAKey | None = None
    """The key that its signature was found to hold under, if any was tried with success."""

    @property
    def issuer(self) -> str | None:
        """The `iss` claim, if it is a text."""
        value = self.claims.values.get("iss")
        return value if isinstance(value, str) else None


_GENUINE: dict[bytes, UnverifiedToken] = {}
"""By digest, so that no comparison's time tells anything of a token."""


def decode_token(token: str) -> UnverifiedToken:
    """Decode a compact RS256 JWT without verifying it, to find out which key set it asks for.

    Raises:
        MalformedTokenError: it is no such token.
    """
    if len(token) > MAX_TOKEN_BYTES or _COMPACT.fullmatch(token) is None:
        raise MalformedTokenError("the token is not three base64url parts")
    digest = hashlib.sha256(token.encode("ascii")).digest()
    if (known := _GENUINE.get(digest)) is not None:
        return known
    try:
        compact = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        header = compact.headers()
        claims = msgspec.json.decode(compact.payload, type=dict[str, object])
    except (JoseError, ValueError, TypeError, msgspec.DecodeError, RecursionError):
        raise MalformedTokenError("the token is not a compact jws of a json object") from None
    kid = header.get("kid")
    if header.get("alg") != "RS256" or not isinstance(kid, str):
        raise MalformedTokenError("the token is not signed with RS256 by a named key")
    if "crit" in header or "b64" in header:
        raise MalformedTokenError("the token uses a jws extension")
    return UnverifiedToken(kid, Claims(claims), compact, digest)


def verify_token(token: str, keys: KeySet, expected: Expectation, now_s: float) -> Claims:
    """Return the claims of a token that is genuine, current and meant for what is expected.

    Args:
        token: compact JWT.
        keys: the issuer's public keys by `kid`.
        expected: issuer, and where given audience and use.
        now_s: current time in epoch seconds; a token expires the moment `exp` is reached.

    Raises:
        MalformedTokenError: not a compact RS256 JWT, or `exp` is missing.
        UnknownKeyError: the key set lacks the token's key.
        BadSignatureError: the signature does not verify.
        UnexpectedClaimError: `iss`, `aud` or `token_use` differs.
        ExpiredTokenError: `exp` has passed.
        NotYetValidError: `nbf` lies ahead.
    """
    return verify_decoded(decode_token(token), keys, expected, now_s)


def verify_decoded(
    decoded: UnverifiedToken, keys: KeySet, expected: Expectation, now_s: float
) -> Claims:
    """Verify a token that `decode_token` has decoded; see `verify_token`."""
    key = keys.get(decoded.kid)
    if key is None:
        raise UnknownKeyError("no key of the set has the token's key id")
    if decoded.proven_by is not key:
        _prove(decoded, key)
    _check_claims(decoded.claims, expected, now_s)
    return decoded.claims


def _prove(decoded: UnverifiedToken, key: RSAKey) -> None:
    """Verify the signature, and keep a token whose signature holds."""
    try:
        is_genuine = jws.validate_compact(decoded.compact, key, registry=_REGISTRY)
    except JoseError:
        raise MalformedTokenError("the token's header cannot be used") from None
    if not is_genuine:
        raise BadSignatureError("the signature does not verify")
    decoded.proven_by = key
    if len(decoded.compact.payload) <= MAX_KEPT_BYTES:
        if len(_GENUINE) >= MAX_KEPT:
            _GENUINE.clear()
        _GENUINE[decoded.digest] = decoded


def _check_claims(claims: Claims, expected: Expectation, now_s: float) -> None:
    if claims.values.get("iss") != expected.issuer:
        raise UnexpectedClaimError("iss")
    if expected.audience is not None and expected.audience not in claims.texts("aud"):
        raise UnexpectedClaimError("aud")
    if expected.token_use is not None and claims.values.get("token_use") != expected.token_use:
        raise UnexpectedClaimError("token_use")
    if now_s >= claims.time_s("exp"):
        raise ExpiredTokenError("the token has expired")
    if "nbf" in claims.values and now_s < claims.time_s("nbf"):
        raise NotYetValidError("the token is not valid yet")
