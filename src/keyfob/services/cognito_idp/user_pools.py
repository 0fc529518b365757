"""The service's state and what its operations share: finding things, and handing out tokens."""

import hmac
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.authz.principal import SignedInUser
from keyfob.core.ids import Randomness, new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.attempts import AttemptLanes
from keyfob.services.cognito_idp.domain.claims import API_SCOPE
from keyfob.services.cognito_idp.domain.clients import check_secret_hash
from keyfob.services.cognito_idp.domain.lockout import PhantomLockouts
from keyfob.services.cognito_idp.domain.names import candidate_names
from keyfob.services.cognito_idp.domain.sessions import SessionSealer, UsedChallenges
from keyfob.services.cognito_idp.mailbox import Mailbox
from keyfob.services.cognito_idp.ports import FunctionInvoker, NoFunctions
from keyfob.services.cognito_idp.signing import KeyCabinet
from keyfob.services.cognito_idp.vault import PasswordVault
from keyfob.store.ports.devices import DeviceStore
from keyfob.store.ports.domains import DomainStore
from keyfob.store.ports.groups import GroupStore
from keyfob.store.ports.identity_providers import IdentityProviderRecord
from keyfob.store.ports.mail import MailStore
from keyfob.store.ports.pool_items import PoolItemStore
from keyfob.store.ports.resource_servers import ResourceServerRecord
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord, UserPoolStore
from keyfob.store.ports.users import UserRecord, UserStore
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
    groups: GroupStore
    devices: DeviceStore
    resource_servers: PoolItemStore[ResourceServerRecord]
    identity_providers: PoolItemStore[IdentityProviderRecord]
    domains: DomainStore
    functions: FunctionInvoker
    """Runs Lambda triggers."""
    phantoms: PhantomLockouts = field(default_factory=PhantomLockouts)
    lanes: AttemptLanes = field(default_factory=AttemptLanes)

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

    def client_secrets(self, client: ClientRecord) -> tuple[str, ...]:
        """Return a client's secrets, the older first; none for a public client."""
        return tuple(
            self.sealer.decrypt(_CLIENT_SECRET, each.encrypted, client.client_id).decode()
            for each in client.secrets
        )

    def check_client_secret(self, client: ClientRecord, given: str | None) -> bool:
        """Return whether a client has proven itself by a secret; a public one always has."""
        secrets = self.client_secrets(client)
        matches = [hmac.compare_digest((given or "").encode(), each.encode()) for each in secrets]
        return any(matches) or not secrets

    def check_hash(self, client: ClientRecord, given: str | None, *usernames: str) -> None:
        """Check a SECRET_HASH over any of the usernames.

        Raises:
            AwsError: the client has a secret, and the hash is missing or wrong.
        """
        check_secret_hash(client.client_id, self.client_secrets(client), given, usernames)

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
    groups: GroupStore,
    devices: DeviceStore,
    resource_servers: PoolItemStore[ResourceServerRecord],
    identity_providers: PoolItemStore[IdentityProviderRecord],
    domains: DomainStore,
    key_factory: KeyFactory,
    randomness: Randomness,
    functions: FunctionInvoker | None = None,
) -> UserPools:
    """Put the service together.

    Args:
        pools: pools and clients.
        users: users.
        mail: messages.
        keyring: master keys; everything sealed or encrypted here hangs on them.
        crypto: threads for signatures and exponentiations.
        groups: groups and memberships.
        devices: devices of users.
        resource_servers: APIs and their scopes.
        identity_providers: where users may come from.
        domains: where the sign-in pages answer.
        key_factory: where signing keys come from.
        randomness: for ids, salts and codes.
        functions: runs Lambda triggers; None: nothing does, and pools cannot have any.
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
        sessions=SessionSealer(sealer, new_uuid(randomness)),
        used=UsedChallenges(),
        code_key=keyring.derive(oldest, "code digests"),
        groups=groups,
        devices=devices,
        resource_servers=resource_servers,
        identity_providers=identity_providers,
        domains=domains,
        functions=functions or NoFunctions(),
    )
