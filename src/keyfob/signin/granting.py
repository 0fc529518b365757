"""What an application gets for somebody who has signed in: a code, or tokens."""

from collections.abc import Mapping
from typing import Any

from keyfob.core.errors import AwsError
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp.domain.oauth_claims import OPEN_ID
from keyfob.services.cognito_idp.domain.users import CONFIRMED
from keyfob.services.cognito_idp.issuing import Grant, issue_again, issue_tokens
from keyfob.services.cognito_idp.triggers import Caller
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.authorization import AuthorizationRequest
from keyfob.signin.browser import BrowserSession
from keyfob.signin.codes import Authorization, CodeBook, TooManyCodesError
from keyfob.signin.errors import RedirectError
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord
from keyfob.store.ports.users import UserRecord

SOURCE = "HostedAuth"
"""What the token trigger is told (documented)."""


async def grant(
    service: UserPools,
    codes: CodeBook,
    pool: UserPoolRecord,
    asked: AuthorizationRequest,
    session: BrowserSession,
    user: UserRecord,
    now_s: float,
) -> str:
    """Return the address to send the browser to, with what the application asked for.

    Raises:
        RedirectError: the token trigger refuses, or too much is under way.
    """
    client = asked.client
    origin_jti = new_uuid(service.randomness)
    if asked.response_type == "token":
        sign_in = Grant(
            pool,
            client,
            user,
            origin_jti,
            session.auth_time_s,
            scope=asked.scope,
            nonce=asked.nonce,
        )
        try:
            result = await issue_again(service, sign_in, SOURCE, Caller(client.client_id), now_s)
        except AwsError as error:
            raise RedirectError(asked.target, "server_error", error.message) from error
        answer = render_tokens(result, asked.scope)
        return asked.target.location({name: str(value) for name, value in answer.items()})
    code = new_uuid(service.randomness)
    authorization = Authorization(
        pool_id=pool.pool_id,
        client_id=client.client_id,
        redirect_uri=asked.target.uri,
        scope=asked.scope,
        nonce=asked.nonce,
        challenge=asked.challenge,
        sub=user.sub,
        epoch=user.epoch,
        auth_time_s=session.auth_time_s,
        origin_jti=origin_jti,
    )
    try:
        codes.add(code, authorization, now_s)
    except TooManyCodesError:
        raise RedirectError(asked.target, "temporarily_unavailable") from None
    return asked.target.location({"code": code})


async def redeem(
    service: UserPools,
    pool: UserPoolRecord,
    client: ClientRecord,
    authorization: Authorization,
    now_s: float,
) -> Mapping[str, Any] | None:
    """Return the answer of the token endpoint; None where the user may no longer sign in.

    Raises:
        AwsError: the token trigger refuses.
    """
    user = await service.users.get(pool.pool_id, authorization.sub)
    if user is None or not user.is_enabled or user.status != CONFIRMED:
        return None
    if user.epoch != authorization.epoch:
        return None
    sign_in = Grant(
        pool,
        client,
        user,
        authorization.origin_jti,
        authorization.auth_time_s,
        scope=authorization.scope,
        nonce=authorization.nonce,
    )
    result = await issue_tokens(service, sign_in, SOURCE, Caller(client.client_id), now_s)
    return render_tokens(result, authorization.scope)


def render_tokens(result: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """Return an `AuthenticationResult` as OAuth 2.0 spells it; the ID token with `openid` alone."""
    answer = {"access_token": result["AccessToken"]}
    if OPEN_ID in scope.split():
        answer["id_token"] = result["IdToken"]
    if "RefreshToken" in result:
        answer["refresh_token"] = result["RefreshToken"]
    return {**answer, "token_type": "Bearer", "expires_in": result["ExpiresIn"]}
