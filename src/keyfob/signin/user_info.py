"""`/oauth2/userInfo`: the attributes that an access token's scopes let be seen.

Source: Cognito Developer Guide, "The user attributes endpoint" (documented); that a token without
`openid` is told so is observed, and that flags are texts.
"""

from collections.abc import Mapping
from typing import Any

from keyfob.core.errors import AwsError
from keyfob.services.cognito_idp.access import PoolAccessTokens
from keyfob.services.cognito_idp.domain.oauth_claims import OPEN_ID, shows_attribute
from keyfob.services.cognito_idp.domain.permissions import readable_attributes
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.errors import OAuthError
from keyfob.signin.visit import Visit


async def describe_bearer(service: UserPools, visit: Visit) -> Mapping[str, Any]:
    """Return the attributes of the user whose access token comes along.

    Raises:
        OAuthError: no token, or one that is not good here.
    """
    scheme, _, token = (visit.request.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise OAuthError("invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
    try:
        bearer = await PoolAccessTokens(service).verify(token.strip(), visit.now_s)
    except AwsError:
        raise _dead_token() from None
    if bearer.pool_id != visit.site.pool.pool_id:
        raise _dead_token()
    if OPEN_ID not in bearer.scopes:
        raise OAuthError("invalid_token", "Access token does not contain openid scope", status=401)
    user = await service.users.get(bearer.pool_id, bearer.sub)
    client = await service.pools.get_client(bearer.client_id)
    if user is None or client is None:
        raise _dead_token()
    readable = readable_attributes(client)
    scope = " ".join(bearer.scopes)
    shown = {
        name: value
        for name, value in user.attributes.items()
        if value and name in readable and shows_attribute(name, scope)
    }
    return {"sub": user.sub, **shown, "username": user.username}


def _dead_token() -> OAuthError:
    return OAuthError(
        "invalid_token",
        "Access token is expired, disabled, or deleted, or the user has globally signed out.",
        status=401,
    )
