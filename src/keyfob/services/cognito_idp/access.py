"""Checking access tokens, for `authz`."""

from keyfob.authz.operation import AuthorizedRequest
from keyfob.authz.principal import SignedInUser
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.claims import API_SCOPE, is_of_epoch
from keyfob.services.cognito_idp.domain.pools import issuer
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import ExpiredTokenError, TokenError
from keyfob.tokens.verify import Expectation, UnverifiedToken, decode_token, verify_decoded


class PoolAccessTokens:
    """Verifies access tokens of every pool; the `AccessTokenVerifier` of `authz`."""

    def __init__(self, service: UserPools) -> None:
        """Look pools, keys and users up in `service`."""
        self._service = service

    async def verify(self, access_token: str, now_s: float) -> SignedInUser:
        """Return the user an access token was issued to.

        Raises:
            AwsError: it is forged, expired or revoked; its user is gone or disabled.
        """
        try:
            decoded = decode_token(access_token)
            pool_id = (decoded.issuer or "").rpartition("/")[2]
            claims = await self._verify_signature(pool_id, decoded, now_s)
            principal = await self._build(pool_id, claims)
        except ExpiredTokenError:
            raise errors.expired_access_token() from None
        except TokenError:
            raise errors.invalid_access_token() from None
        if await is_revoked(self._service, pool_id, claims):
            raise errors.revoked_access_token()
        return principal

    async def _verify_signature(
        self, pool_id: str, decoded: UnverifiedToken, now_s: float
    ) -> Claims:
        pool = await self._service.pools.get(pool_id)
        if pool is None:
            raise errors.invalid_access_token()
        # only the access key: an ID token is no access token, whatever it says
        keys = self._service.keys.open(pool).access_public
        expected = Expectation(issuer(pool_id), token_use="access")  # noqa: S106 - a claim
        return verify_decoded(decoded, keys, expected, now_s)

    async def _build(self, pool_id: str, claims: Claims) -> SignedInUser:
        pool, client = await self._service.require_client(claims.text("client_id"), pool_id)
        user = await self._service.users.get(pool_id, claims.text("sub"))
        if user is None:
            raise errors.user_not_found()
        if not user.is_enabled:
            raise errors.user_disabled()
        return SignedInUser(
            account=pool.account,
            pool_id=pool_id,
            username=user.username,
            sub=user.sub,
            client_id=client.client_id,
            scopes=frozenset(claims.text("scope").split()),
            origin_jti=claims.optional_text("origin_jti"),
            claims=claims.values,
        )


async def read_optional_token(
    service: UserPools, request: AuthorizedRequest
) -> tuple[UserPoolRecord, UserRecord]:
    """Return pool and user of a call whose access token the model lets one leave out.

    Raises:
        AwsError: there is no token, it is not good, or lacks the scope; or its user is gone.
    """
    token = request.params.get("AccessToken", "")
    principal = await PoolAccessTokens(service).verify(token, request.now_s)
    if API_SCOPE not in principal.scopes:
        raise errors.scope_missing()
    pool = await service.require_pool(principal.pool_id)
    user = await service.users.get(pool.pool_id, principal.sub)
    if user is None:
        raise errors.user_not_found()
    return pool, user


async def is_revoked(service: UserPools, pool_id: str, claims: Claims) -> bool:
    """Return whether a genuine token was revoked, or its user signed out everywhere or is gone."""
    user = await service.users.get(pool_id, claims.text("sub"))
    if user is None or not is_of_epoch(claims.text("event_id"), user.epoch):
        return True
    origin_jti = claims.optional_text("origin_jti")
    return origin_jti is not None and await service.users.is_origin_revoked(pool_id, origin_jti)
