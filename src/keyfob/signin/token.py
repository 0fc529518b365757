"""`POST /oauth2/token`: codes, refresh tokens and clients' own credentials turned into tokens.

Source: Cognito Developer Guide, "Token endpoint" (documented); RFC 7636, 4.6.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from keyfob.core.errors import AwsError
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.oauth_claims import oauth_access_claims
from keyfob.services.cognito_idp.domain.pools import issuer
from keyfob.services.cognito_idp.refreshing import RefreshRequest, refresh
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.clients import authenticate_client
from keyfob.signin.codes import Authorization, CodeBook, CodeUsedError
from keyfob.signin.errors import OAuthError
from keyfob.signin.granting import redeem, render_tokens
from keyfob.signin.scopes import machine_scopes
from keyfob.signin.visit import Visit
from keyfob.store.ports.user_pools import ClientRecord
from keyfob.tokens.issue import sign_jwt

_LONGEST_ACCESS_S = 86_400
"""No access token lives longer; documented."""

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636, 4.1."""

_MACHINES = "client_credentials"


async def exchange(service: UserPools, codes: CodeBook, visit: Visit) -> Mapping[str, Any]:
    """Return tokens for what a client brings.

    Raises:
        OAuthError: it brings nothing that is good, or is not who it says.
    """
    client, _ = await authenticate_client(service, visit.site, visit.request, visit.form)
    kind = visit.form.get("grant_type")
    if kind is None:
        raise OAuthError("invalid_request", "grant_type is missing")
    try:
        if kind == "authorization_code":
            return await _exchange_code(service, codes, visit, client)
        if kind == "refresh_token":
            return await _refresh(service, visit, client)
    except AwsError as error:
        raise OAuthError("invalid_grant", error.message) from error
    if kind == _MACHINES:
        return await _admit_machine(service, visit, client)
    raise OAuthError("unsupported_grant_type")


async def _exchange_code(
    service: UserPools, codes: CodeBook, visit: Visit, client: ClientRecord
) -> Mapping[str, Any]:
    _require_flow(client, "code")
    code = visit.form.get("code")
    if code is None:
        raise OAuthError("invalid_request", "code is missing")
    try:
        authorization = codes.take(code, client.client_id, visit.now_s)
    except CodeUsedError as error:
        used = error.authorization
        until_s = visit.now_s + max(client.refresh_token_s, _LONGEST_ACCESS_S)
        await service.users.revoke_origin(used.pool_id, used.origin_jti, until_s)
        raise OAuthError("invalid_grant") from error
    if authorization is None or not _fits(authorization, visit):
        raise OAuthError("invalid_grant")
    tokens = await redeem(service, visit.site.pool, client, authorization, visit.now_s)
    if tokens is None:
        raise OAuthError("invalid_grant")
    return tokens


def _fits(authorization: Authorization, visit: Visit) -> bool:
    """Return whether address and PKCE verifier are those the code was made for."""
    if visit.form.text("redirect_uri") != authorization.redirect_uri:
        return False
    verifier = visit.form.get("code_verifier")
    if not authorization.challenge or verifier is None:
        # neither may be missing alone: a code made without PKCE is not the one the client asked
        # for if it now proves something (RFC 9700, 2.1.1)
        return not authorization.challenge and verifier is None
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(challenge, authorization.challenge.encode())


async def _refresh(service: UserPools, visit: Visit, client: ClientRecord) -> Mapping[str, Any]:
    token = visit.form.get("refresh_token")
    if token is None:
        raise OAuthError("invalid_request", "refresh_token is missing")
    found = service.sessions.find_refresh(token)
    if found is None:
        raise OAuthError("invalid_grant")
    # the client has proven itself by its secret, if it has one
    asked = RefreshRequest(token, device_key="", check_client=lambda _names: None)
    result = await refresh(service, Attempt(visit.site.pool, client, visit.now_s), asked)
    # tokens of the API's have an ID token always
    return render_tokens(result, found.scope or "openid")


async def _admit_machine(
    service: UserPools, visit: Visit, client: ClientRecord
) -> Mapping[str, Any]:
    """Return an access token that a client gets for itself; no user stands behind it."""
    _require_flow(client, _MACHINES)
    if not client.secrets:
        raise OAuthError("unauthorized_client")
    scopes = await machine_scopes(service, client, visit.form.get("scope"))
    if scopes is None:
        raise OAuthError("invalid_scope")
    now_s = int(visit.now_s)
    claims = {
        "sub": client.client_id,
        "token_use": "access",
        "auth_time": now_s,
        "iss": issuer(client.pool_id),
        "exp": now_s + client.access_token_s,
        "iat": now_s,
        "jti": new_uuid(service.randomness),
        "client_id": client.client_id,
    }
    key = service.keys.open(visit.site.pool).access_token
    return {
        "access_token": sign_jwt(oauth_access_claims(claims, " ".join(scopes)), key),
        "expires_in": client.access_token_s,
        "token_type": "Bearer",
    }


def _require_flow(client: ClientRecord, flow: str) -> None:
    settings = client.settings
    is_on = settings.get("AllowedOAuthFlowsUserPoolClient")
    if not is_on or flow not in settings.get("AllowedOAuthFlows", ()):
        raise OAuthError("unauthorized_client")
