"""What tokens say that OAuth 2.0 handed out, beyond those of the API.

Source: Cognito Developer Guide, "Authorize endpoint" and "The user attributes endpoint"
(documented): the scopes decide which attributes there are; with `openid` alone all that the client
may read.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

OPEN_ID = "openid"

_ATTRIBUTES_OF = {
    "email": frozenset({"email", "email_verified"}),
    "phone": frozenset({"phone_number", "phone_number_verified"}),
    "profile": frozenset(
        {
            "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
            "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale",
            "updated_at",
        }
    ),
}  # fmt: skip
_ALL_OF_THEM = frozenset().union(*_ATTRIBUTES_OF.values(), {"address"})

_TOKEN_VERSION = 2
"""The `version` of access tokens that OAuth 2.0 handed out (documented)."""


def shows_attribute(name: str, scope: str) -> bool:
    """Return whether scopes let an attribute be seen; custom ones belong to `profile`.

    Args:
        name: full name, for instance `email` or `custom:building`.
        scope: granted scopes, separated by blanks.
    """
    named = _ATTRIBUTES_OF.keys() & scope.split()
    if not named or name == "sub":
        return True
    is_custom = name.startswith(("custom:", "dev:"))
    return any(name in _ATTRIBUTES_OF[each] for each in named) or (
        "profile" in named and (is_custom or name == "address")
    )


def oauth_id_claims(claims: Mapping[str, Any], scope: str, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token cut to the granted scopes, with the client's nonce."""
    kept = {
        name: value
        for name, value in claims.items()
        if not _is_attribute(name) or shows_attribute(name, scope)
    }
    return {**kept, "nonce": nonce} if nonce else kept


def oauth_access_claims(claims: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """Return the claims of an access token for the granted scopes."""
    return {**claims, "scope": scope, "version": _TOKEN_VERSION}


def at_hash(access_token: str) -> str:
    """Return the left half of a token's SHA-256. Source: OpenID Connect Core, 3.1.3.6."""
    digest = hashlib.sha256(access_token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _is_attribute(claim: str) -> bool:
    return claim in _ALL_OF_THEM or claim.startswith(("custom:", "dev:"))
