"""The service's state and what its operations share: finding things, and handing out tokens."""

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.authz.principal import SignedInUser
from keyfob.core.ids import Randomness, new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.claims import (
    API_SCOPE,
    SignIn,
    access_claims,
    id_claims,
    stamp_epoch,
)
from keyfob.services.cognito_idp.domain.clients import check_secret_hash
from keyfob.services.cognito_idp.domain.lockout import PhantomLockouts
from keyfob.services.cognito_idp.domain.names import candidate_names
from keyfob.services.cognito_idp.domain.sessions import RefreshToken, SessionSealer, UsedChallenges
from keyfob.services.cognito_idp.mailbox import Mailbox
from keyfob.services.cognito_idp.signing import KeyCabinet
from keyfob.services.cognito_idp.vault import PasswordVault
from keyfob.store.ports.mail import MailStore
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord, UserPoolStore
from keyfob.store.ports.users import UserRecord, UserStore
from keyfob.tokens.issue import sign_jwts
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.keys import KeyFactory
from keyfob.tokens.sealed import Sealer

_CLIENT_SECRET = "client secret"  # noqa: S105 - a purpose


@dataclass(frozen=True, slots=True)
class UserPools:
    """What the user pool operations work with."""

    pools: UserPoolStore
    users: UserStore
    mailbox: Mailbox
    sealer: Sealer
    crypto: Executor
    randomness: Randomness
    keys: KeyCabinet
    vault: PasswordVault
    sessions: SessionSealer
    used: UsedChallenges
    code_key: bytes
    """Keys the digests of codes."""
    phantoms: PhantomLockouts = field(default_factory=PhantomLockouts)

    async def require_pool(self, pool_id: str) -> UserPoolRecord:
        """Return a pool.

        Raises:
            AwsError: there is none.
        """
        pool = await self.pools.get(pool_id)
        if pool is None:
            raise errors.pool_not_found(pool_id)
        return pool

    async def pool_of_call(self, request: AuthorizedRequest) -> UserPoolRecord:
        """Return the pool a signed call names; pools of other accounts do not exist for it.

        Raises:
            AwsError: there is none.
        """
        pool = await self.require_pool(request.params["UserPoolId"])
        if pool.account != request.account or pool.region != request.region:
            raise errors.pool_not_found(pool.pool_id)
        return pool

    async def require_client(
        self, client_id: str, pool_id: str | None = None
    ) -> tuple[UserPoolRecord, ClientRecord]:
        """Return a client and its pool.

        Raises:
            AwsError: there is none, or it belongs to another pool than `pool_id`.
        """
        client = await self.pools.get_client(client_id)
        if client is None or pool_id not in (None, client.pool_id):
            raise errors.client_not_found(client_id)
        return await self.require_pool(client.pool_id), client

    async def find_user(self, pool: UserPoolRecord, name: str) -> UserRecord | None:
        """Return the user who goes by a name, alias or sub."""
        return await self.users.find(pool.pool_id, candidate_names(pool, name))

    async def require_user(self, pool: UserPoolRecord, name: str) -> UserRecord:
        """Return the user who goes by a name, alias or sub.

        Raises:
            AwsError: there is none.
        """
        user = await self.find_user(pool, name)
        if user is None:
            raise errors.user_not_found()
        return user

    async def signed_in(
        self, request: AuthorizedRequest
    ) -> tuple[UserPoolRecord, ClientRecord, UserRecord]:
        """Return pool, client and user of a call with an access token.

        Raises:
            AwsError: the token lacks the scope, or one of the three is gone.
        """
        principal = request.principal
        if not isinstance(principal, SignedInUser):
            raise errors.invalid_access_token()
        if API_SCOPE not in principal.scopes:
            raise errors.scope_missing()
        pool, client = await self.require_client(principal.client_id, principal.pool_id)
        user = await self.users.get(pool.pool_id, principal.sub)
        if user is None:
            raise errors.user_not_found()
        return pool, client, user

    def seal_secret(self, client_id: str, secret: str) -> bytes:
        """Return a client secret encrypted for storage."""
        return self.sealer.encrypt(_CLIENT_SECRET, secret.encode(), client_id)

    def client_secret(self, client: ClientRecord) -> str | None:
        """Return a client's secret, None for a public client."""
        if client.secret_encrypted is None:
            return None
        return self.sealer.decrypt(
            _CLIENT_SECRET, client.secret_encrypted, client.client_id
        ).decode()

    def check_hash(self, client: ClientRecord, given: str | None, *usernames: str) -> None:
        """Check a SECRET_HASH over any of the usernames.

        Raises:
            AwsError: the client has a secret, and the hash is missing or wrong.
        """
        check_secret_hash(client.client_id, self.client_secret(client), given, usernames)

    async def issue_tokens(
        self, client: ClientRecord, user: UserRecord, now_s: float
    ) -> dict[str, Any]:
        """Return the `AuthenticationResult` of a fresh sign-in."""
        auth_time_s = int(now_s)
        origin_jti = new_uuid(self.randomness)
        result = await self.issue_again(client, user, origin_jti, auth_time_s, now_s)
        refresh = RefreshToken(
            client.pool_id,
            client.client_id,
            user.sub,
            origin_jti,
            auth_time_s,
            user.epoch,
            now_s + client.refresh_token_s,
        )
        return {**result, "RefreshToken": self.sessions.seal_refresh(refresh)}

    async def issue_again(
        self,
        client: ClientRecord,
        user: UserRecord,
        origin_jti: str,
        auth_time_s: int,
        now_s: float,
    ) -> dict[str, Any]:
        """Return an `AuthenticationResult` without a refresh token; both tokens signed at once."""
        pool = await self.require_pool(client.pool_id)
        keys = self.keys.open(pool)
        sign_in = SignIn(
            auth_time_s=auth_time_s,
            origin_jti=origin_jti,
            event_id=stamp_epoch(new_uuid(self.randomness), user.epoch),
            id_jti=new_uuid(self.randomness),
            access_jti=new_uuid(self.randomness),
            now_s=int(now_s),
        )
        id_token, access_token = await sign_jwts(
            self.crypto,
            (id_claims(client, user, sign_in), keys.id_token),
            (access_claims(client, user, sign_in), keys.access_token),
        )
        return {
            "AccessToken": access_token,
            "IdToken": id_token,
            "ExpiresIn": client.access_token_s,
            "TokenType": "Bearer",
        }

    async def change_user(self, user: UserRecord, **changes: Any) -> UserRecord:
        """Replace fields of a user's record and return it as it then is.

        Raises:
            AwsError: the user is gone.
        """
        changed = await self.users.update(
            user.pool_id, user.sub, lambda record: msgspec.structs.replace(record, **changes)
        )
        if changed is None:
            raise errors.user_not_found()
        return changed


def build_user_pools(
    *,
    pools: UserPoolStore,
    users: UserStore,
    mail: MailStore,
    keyring: Keyring,
    crypto: Executor,
    key_factory: KeyFactory,
    randomness: Randomness,
) -> UserPools:
    """Put the service together.

    Args:
        pools: pools and clients.
        users: users.
        mail: messages.
        keyring: master keys; everything sealed or encrypted here hangs on them.
        crypto: threads for signatures and exponentiations.
        key_factory: where signing keys come from.
        randomness: for ids, salts and codes.
    """
    sealer = Sealer(keyring, randomness)
    # the oldest key: stand-ins and digests must not change when a newer key is added
    oldest = keyring.key_ids[-1]
    return UserPools(
        pools=pools,
        users=users,
        mailbox=Mailbox(mail, sealer),
        sealer=sealer,
        crypto=crypto,
        randomness=randomness,
        keys=KeyCabinet(sealer, key_factory),
        vault=PasswordVault(
            sealer, crypto, randomness, keyring.derive(oldest, "users who do not exist")
        ),
        sessions=SessionSealer(sealer),
        used=UsedChallenges(),
        code_key=keyring.derive(oldest, "code digests"),
    )
