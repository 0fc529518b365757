"""`POST /oauth2/revoke`: a refresh token and what was made with it ends.

Source: Cognito Developer Guide, "Revoke endpoint" (documented).
"""

from keyfob.core.errors import AwsError
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.clients import authenticate_client
from keyfob.signin.errors import OAuthError
from keyfob.signin.operations import PublicOperations
from keyfob.signin.visit import Visit

_ERRORS = {"UnsupportedTokenTypeException": "unsupported_token_type"}


async def revoke(service: UserPools, operations: PublicOperations, visit: Visit) -> None:
    """Revoke a token; one that is no longer good is no error.

    Raises:
        OAuthError: the client has not proven itself, or this is no token to revoke.
    """
    client, secret = await authenticate_client(
        service, visit.site, visit.request, visit.form, status=401
    )
    token = visit.form.get("token")
    if token is None:
        raise OAuthError("invalid_request", "token is missing")
    params = {"Token": token, "ClientId": client.client_id}
    if secret is not None:
        params["ClientSecret"] = secret
    try:
        await operations.call(visit, "RevokeToken", params)
    except AwsError as error:
        raise OAuthError(_ERRORS.get(error.code, "invalid_request"), error.message) from error
