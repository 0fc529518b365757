"""The joints of federation: IAM's providers and users, and everybody's public keys."""

import hmac
import re
from dataclasses import dataclass

from keyfob.authz.principal import IamUser
from keyfob.config import RootKey
from keyfob.core.arn import ArnError, parse_arn
from keyfob.core.ids import AccountId
from keyfob.services.cognito_idp.directory import UserPoolDirectory
from keyfob.services.iam.policy_source import entity_key
from keyfob.store.ports.iam_providers import OpenIdProviderStore
from keyfob.store.ports.iam_users import UserStore
from keyfob.tokens.errors import KeysUnavailableError
from keyfob.tokens.jwks import KeySet
from keyfob.tokens.published import PublishedKeys

_USER_POOL = re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/(\1_[0-9A-Za-z]{1,55})")
_PROVIDER = "oidc-provider/"


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An OpenID Connect provider as `sts` and identity pools see it."""

    arn: str
    url: str
    client_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OidcProviders:
    """Finds the providers that IAM has."""

    store: OpenIdProviderStore

    async def find(self, provider_arn: str) -> OidcProvider | None:
        """Return the provider of an ARN, or None."""
        try:
            arn = parse_arn(provider_arn)
        except ArnError:
            return None
        if arn.service != "iam" or not arn.resource.startswith(_PROVIDER):
            return None
        url = arn.resource.removeprefix(_PROVIDER)
        record = await self.store.get(AccountId(arn.account), url)
        if record is None or record.arn != provider_arn:
            return None
        return OidcProvider(record.arn, url, record.client_ids)


@dataclass(frozen=True, slots=True)
class IamUsers:
    """Finds users, and whose an access key is."""

    store: UserStore
    root: RootKey
    account: AccountId
    """Root's."""

    async def find(self, user_arn: str) -> IamUser | None:
        """Return the user that stands now under an ARN, or None."""
        record = await self.store.get(*entity_key(user_arn))
        if record is None or record.arn != user_arn:
            return None
        return IamUser(record.account, record.name, record.arn, record.unique_id, record.tags)

    async def account_of(self, access_key_id: str) -> AccountId | None:
        """Return the account of a long-term access key, or None."""
        if hmac.compare_digest(access_key_id.encode(), self.root.access_key_id.encode()):
            return self.account
        record = await self.store.find_by_access_key(access_key_id)
        return None if record is None else record.account


@dataclass(frozen=True, slots=True)
class IssuerKeySets:
    """Public keys of issuers: of user pools from here, of all others by discovery.

    A user pool that this server does not have is nobody's: it is not looked for at AWS.
    """

    user_pools: UserPoolDirectory
    published: PublishedKeys

    async def public_keys(self, issuer: str, kid: str | None) -> KeySet:
        """Return an issuer's keys.

        Raises:
            KeysUnavailableError: there is no such user pool, or discovery failed.
        """
        match = _USER_POOL.fullmatch(issuer)
        if match is None:
            return await self.published.public_keys(issuer, kid)
        keys = await self.user_pools.published_keys(match[2])
        if keys is None:
            raise KeysUnavailableError(issuer, "there is no such user pool")
        return keys
