"""GetTokensFromRefreshToken."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.refreshing import RefreshRequest, refresh
from keyfob.services.cognito_idp.user_pools import UserPools


async def get_tokens_from_refresh_token(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Hand out new tokens, whether the client rotates refresh tokens or not."""
    params = request.params
    pool, client = await service.require_client(params["ClientId"])

    def check_client(_names: tuple[str, ...]) -> None:
        if not service.check_client_secret(client, params.get("ClientSecret")):
            raise errors.wrong_client_secret()

    asked = RefreshRequest(params["RefreshToken"], params.get("DeviceKey", ""), check_client)
    attempt = Attempt(pool, client, request.now_s, params.get("ClientMetadata", {}))
    return {"AuthenticationResult": await refresh(service, attempt, asked)}
