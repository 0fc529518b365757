"""Who calls the token and revocation endpoints, and whether it is that client.

Source: RFC 6749, 2.3 (documented): HTTP Basic, or `client_id` and `client_secret` in the form, one
of them; public clients name themselves.
"""

import base64
import binascii
from urllib.parse import unquote

from keyfob.core.http import HttpRequest
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.errors import OAuthError
from keyfob.signin.parameters import Parameters
from keyfob.signin.site import Site
from keyfob.store.ports.user_pools import ClientRecord


async def authenticate_client(
    service: UserPools, site: Site, request: HttpRequest, form: Parameters, *, status: int = 400
) -> tuple[ClientRecord, str | None]:
    """Return the client that calls, and the secret it sent.

    Args:
        service: the user pools.
        site: whose endpoint.
        request: the call.
        form: its form.
        status: HTTP status of a refusal; the endpoints differ (documented).

    Raises:
        OAuthError: no such client here, or it has not proven itself.
    """
    client_id, secret = _read_credentials(request, form)
    if client_id is None:
        raise OAuthError("invalid_request", "client_id is missing")
    client = await service.pools.get_client(client_id)
    if client is None or client.pool_id != site.pool.pool_id:
        raise OAuthError("invalid_client", status=status)
    if bool(client.secrets) != (secret is not None):
        raise OAuthError("invalid_client", status=status)
    if not service.check_client_secret(client, secret):
        raise OAuthError("invalid_client", status=status)
    return client, secret


def _read_credentials(request: HttpRequest, form: Parameters) -> tuple[str | None, str | None]:
    named, secret = form.get("client_id"), form.get("client_secret")
    header = request.header("authorization")
    if header is None:
        return named, secret
    client_id, password = _read_basic(header)
    if secret is not None or named not in (None, client_id):
        raise OAuthError("invalid_request", "the client names itself twice")
    return client_id, password or None


def _read_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise OAuthError("invalid_request", "the authorization field is not HTTP Basic")
    return unquote(client_id), unquote(secret)
