"""What other services ask of user pools: whether an ID token holds, and who somebody is."""

from keyfob.services.cognito_idp.access import is_revoked
from keyfob.services.cognito_idp.domain import pools
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import UnknownKeyError
from keyfob.tokens.jwks import KeySet
from keyfob.tokens.verify import Expectation, verify_token

MAX_FOUND = 100
"""Most users one look-up by name returns."""


class UserPoolDirectory:
    """Answers for every pool of this server."""

    def __init__(self, service: UserPools) -> None:
        """Look pools, keys and users up in `service`."""
        self._service = service

    async def verify(self, provider_name: str, token: str, now_s: float) -> Claims:
        """Return the claims of an ID token that a pool issued and that is current.

        Args:
            provider_name: `cognito-idp.<region>.amazonaws.com/<user pool id>`.
            token: compact JWT.
            now_s: epoch seconds.

        Raises:
            TokenError: it is not; `UnknownKeyError` also where there is no such pool.
        """
        pool_id = provider_name.rpartition("/")[2]
        pool = await self._service.pools.get(pool_id)
        if pool is None or provider_name != pools.provider_name(pool_id):
            raise UnknownKeyError("there is no such user pool")
        # both keys: an access token is then told apart by its use, as AWS does
        keys = self._service.keys.open(pool).public
        expected = Expectation(pools.issuer(pool_id), token_use="id")  # noqa: S106 - a claim
        return verify_token(token, keys, expected, now_s)

    async def is_current(self, provider_name: str, claims: Claims) -> bool:
        """Return False once the token's user was signed out everywhere, disabled or deleted."""
        pool_id = provider_name.rpartition("/")[2]
        user = await self._service.users.get(pool_id, claims.text("sub"))
        if user is None or not user.is_enabled:
            return False
        return not await is_revoked(self._service, pool_id, claims)

    async def published_keys(self, pool_id: str) -> KeySet | None:
        """Return the public keys of a pool; None when there is no such pool."""
        pool = await self._service.pools.get(pool_id)
        return None if pool is None else self._service.keys.open(pool).public

    async def find_users(self, text: str) -> tuple[UserRecord, ...]:
        """Return the users of all pools whose user name, sub or sign-in alias is `text`."""
        return await self._service.users.find_anywhere(text, MAX_FOUND)
