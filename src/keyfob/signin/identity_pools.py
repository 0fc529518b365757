"""The published keys and the discovery document of the issuer that identity pools sign as.

Source: Cognito Developer Guide, `authentication-flow` (documented: issuer and the two addresses);
the discovery document's field list is observed.
"""

from typing import Protocol

import msgspec

from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.tokens.jwks import KeySet, render_jwks

HOST = "cognito-identity"
ISSUER = f"https://{HOST}.amazonaws.com"
KEYS_PATH = "/.well-known/jwks_uri"
CONFIGURATION_PATH = "/.well-known/openid-configuration"

MAX_AGE_S = 2_592_000
"""Thirty days, as AWS answers (documented)."""


class OpenIdKeys(Protocol):
    """Where the issuer's public keys are found (`cognito_identity`)."""

    async def public_keys(self) -> KeySet:
        """Return the keys that tokens may be signed with."""
        ...


class IdentityPoolDiscovery:
    """Answers `GET /.well-known/...` of the host `cognito-identity...`.

    Who cannot reach the server under that name finds the same below `/cognito-identity`.
    """

    def __init__(self, keys: OpenIdKeys) -> None:
        """Publish `keys`."""
        self._keys = keys

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Return the document a request asks for; None for any other path or host.

        Another method than GET or HEAD answers 405.
        """
        path = _own_path(request)
        if path not in (KEYS_PATH, CONFIGURATION_PATH):
            return None
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(405, b"", {"allow": "GET, HEAD"})
        document: object = _CONFIGURATION
        if path == KEYS_PATH:
            document = render_jwks(await self._keys.public_keys())
        headers = {
            "content-type": "application/json",
            "access-control-allow-origin": "*",
            "cache-control": f"public, max-age={MAX_AGE_S}",
        }
        return HttpResponse(200, msgspec.json.encode(document), headers)


def _own_path(request: HttpRequest) -> str | None:
    if request.path.startswith(f"/{HOST}/"):
        return request.path.removeprefix(f"/{HOST}")
    host = (request.header("host") or "").partition(".")[0]
    return request.path if host.lower() == HOST else None


_CONFIGURATION = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}{KEYS_PATH}",
    "authorization_endpoint": ISSUER,
    "subject_types_supported": ["public"],
    "response_types_supported": ["id_token"],
    "id_token_signing_alg_values_supported": ["RS256"],
}
