"""A user pool's published keys and its OpenID discovery document.

Source: Cognito Developer Guide, "OpenID Connect and OAuth 2.0 endpoints" (documented); the
discovery document's field list is observed.
"""

import re
from typing import Any, Protocol

import msgspec

from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.signin.site import PREFIX
from keyfob.tokens.jwks import KeySet, render_jwks

_PATH = re.compile(
    r"/([\w-]{1,55}_[0-9a-zA-Z]{1,55})/\.well-known/(jwks\.json|openid-configuration)", re.ASCII
)

_AUTHORITY = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


class PublishedKeys(Protocol):
    """Where pools' public keys are found (`cognito_idp`)."""

    async def published_keys(self, pool_id: str) -> KeySet | None:
        """Return the public keys of a pool; None when there is no such pool."""
        ...


class Discovery:
    """Answers `GET /<pool>/.well-known/...`."""

    def __init__(self, keys: PublishedKeys) -> None:
        """Publish what `keys` finds."""
        self._keys = keys

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Return the document a request asks for; None for any other path.

        A pool that does not exist answers 404, another method than GET or HEAD 405.
        """
        match = _PATH.fullmatch(request.path)
        if match is None:
            return None
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(405, b"", {"allow": "GET, HEAD"})
        pool_id, document = match.groups()
        keys = await self._keys.published_keys(pool_id)
        if keys is None:
            return _answer(404, {"message": f"User pool {pool_id} does not exist."})
        if document == "jwks.json":
            return _answer(200, render_jwks(keys))
        return _answer(200, {**_render_configuration(pool_id), **_endpoints(pool_id, request)})


def _endpoints(pool_id: str, request: HttpRequest) -> dict[str, str]:
    """Return the addresses of the sign-in pages, at the host by which the server was reached."""
    host = request.header("host") or ""
    if _AUTHORITY.fullmatch(host) is None:
        return {}
    base = f"{'https' if request.is_tls else 'http'}://{host}{PREFIX}{pool_id}"
    return {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "end_session_endpoint": f"{base}/logout",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "token_endpoint": f"{base}/oauth2/token",
        "userinfo_endpoint": f"{base}/oauth2/userInfo",
    }


def _render_configuration(pool_id: str) -> dict[str, Any]:
    issuer = f"https://cognito-idp.{pool_id.partition('_')[0]}.amazonaws.com/{pool_id}"
    return {
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }


def _answer(status: int, document: dict[str, Any]) -> HttpResponse:
    headers = {
        "content-type": "application/json",
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=300" if status == 200 else "no-store",
    }
    return HttpResponse(status, msgspec.json.encode(document), headers)
