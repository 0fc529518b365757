"""The composition: every part made once and joined; nothing here decides anything."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from keyfob.app.advice import PolicyAdvice
from keyfob.app.brokers import Brokers, TopicRules
from keyfob.app.explanation import LiveExplainer, PersonSessions
from keyfob.app.federation import IamUsers, IssuerKeySets, OidcProviders
from keyfob.app.fetch import fetch
from keyfob.app.joints import ChangeRelay, Credentials, PassRole, PolicyTargets
from keyfob.app.people import Mail, People
from keyfob.authz.audit import DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.directory import PolicyDirectory
from keyfob.authz.operation import Operation
from keyfob.config import RootKey, Settings
from keyfob.core.clock import Clock
from keyfob.core.ids import Randomness
from keyfob.server.pipeline import RegisteredService
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.directory import IdentityPoolDirectory, IdentityPoolIssuer
from keyfob.services.cognito_identity.service import OPERATIONS as COGNITO_IDENTITY_OPERATIONS
from keyfob.services.cognito_idp.access import PoolAccessTokens
from keyfob.services.cognito_idp.directory import UserPoolDirectory
from keyfob.services.cognito_idp.service import OPERATIONS as COGNITO_IDP_OPERATIONS
from keyfob.services.cognito_idp.user_pools import build_user_pools
from keyfob.services.iam.credential_reports import CredentialReports
from keyfob.services.iam.credentials import AccessKeyCredentials
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.key_uses import KeyUses
from keyfob.services.iam.policy_source import IamPolicies
from keyfob.services.iam.role_lookup import Roles
from keyfob.services.iam.service import OPERATIONS as IAM_OPERATIONS
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.policy_source import IotPolicies
from keyfob.services.iot.ports import EndpointAddress
from keyfob.services.iot.service import OPERATIONS as IOT_OPERATIONS
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.service import OPERATIONS as IOT_DATA_OPERATIONS
from keyfob.services.sts.caller_policies import AuthorizedCallerPolicies
from keyfob.services.sts.cognito_tokens import CognitoTokenVerifier
from keyfob.services.sts.credentials import TemporaryCredentials
from keyfob.services.sts.dependencies import StsService
from keyfob.services.sts.domain.sessions import SessionCredentials
from keyfob.services.sts.domain.user_sessions import UserSessionCredentials
from keyfob.services.sts.issuer import RoleSessionIssuer
from keyfob.services.sts.oidc_tokens import WebIdentities
from keyfob.services.sts.service import OPERATIONS as STS_OPERATIONS
from keyfob.store.database import Database
from keyfob.store.devices import SqlDeviceStore
from keyfob.store.domains import SqlDomainStore
from keyfob.store.groups import SqlPoolGroupStore
from keyfob.store.iam_aliases import SqlAccountAliasStore
from keyfob.store.iam_groups import SqlGroupStore
from keyfob.store.iam_instance_profiles import SqlInstanceProfileStore
from keyfob.store.iam_policies import SqlManagedPolicyStore
from keyfob.store.iam_providers import SqlOpenIdProviderStore, SqlSamlProviderStore
from keyfob.store.iam_roles import SqlRoleStore
from keyfob.store.iam_users import SqlUserStore
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.identity_pools import SqlIdentityPoolStore
from keyfob.store.iot_policies import SqlIotPolicyStore
from keyfob.store.mail import SqlMailStore
from keyfob.store.open_id_keys import SqlOpenIdKeys
from keyfob.store.pool_items import SqlPoolItemStore
from keyfob.store.ports.identity_providers import IdentityProviderRecord
from keyfob.store.ports.resource_servers import ResourceServerRecord
from keyfob.store.tables.federation import identity_providers, resource_servers
from keyfob.store.user_pools import SqlUserPoolStore
from keyfob.store.users import SqlPoolUserStore
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.keys import ExecutorKeyFactory
from keyfob.tokens.published import PublishedKeys
from keyfob.tokens.sealed import Sealer


@dataclass(frozen=True, slots=True)
class Foundation:
    """What everything stands on."""

    settings: Settings
    root_key: RootKey
    database: Database
    keyring: Keyring
    crypto: Executor
    clock: Clock
    randomness: Randomness


class Stores:
    """Every store, over one database; those that hold policies report changes to `changes`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Make them."""
        self.changes = ChangeRelay()
        self.roles = SqlRoleStore(database, self.changes)
        self.users = SqlUserStore(database, self.changes)
        self.managed_policies = SqlManagedPolicyStore(database, self.changes)
        self.groups = SqlGroupStore(database, self.changes)
        self.instance_profiles = SqlInstanceProfileStore(database)
        self.open_id_providers = SqlOpenIdProviderStore(database)
        self.saml_providers = SqlSamlProviderStore(database)
        self.account_aliases = SqlAccountAliasStore(database)
        self.iot_policies = SqlIotPolicyStore(database, self.changes)
        self.identities = SqlIdentityStore(database, self.changes)
        self.identity_pools = SqlIdentityPoolStore(database, self.identities)
        self.user_pools = SqlUserPoolStore(database)
        self.pool_users = SqlPoolUserStore(database, clock)
        self.mail = SqlMailStore(database)
        self.pool_groups = SqlPoolGroupStore(database)
        self.devices = SqlDeviceStore(database)
        self.resource_servers = SqlPoolItemStore(database, resource_servers, ResourceServerRecord)
        self.identity_providers = SqlPoolItemStore(
            database, identity_providers, IdentityProviderRecord
        )
        self.domains = SqlDomainStore(database)


class Composition:
    """The services and what the server asks of them."""

    def __init__(self, base: Foundation, brokers: Brokers, endpoint: EndpointAddress) -> None:
        """Join everything.

        Args:
            base: what everything stands on.
            brokers: where published messages go.
            endpoint: what `DescribeEndpoint` answers.
        """
        self._base = base
        self._sealer = Sealer(base.keyring, base.randomness)
        self._stores = stores = Stores(base.database, base.clock)
        self.identity_directory = IdentityPoolDirectory(stores.identity_pools, stores.identities)
        self._iam_policies = IamPolicies(
            stores.roles, stores.users, stores.groups, stores.managed_policies
        )
        self._key_uses = KeyUses(stores.users)
        directory = PolicyDirectory(
            self._iam_policies, IotPolicies(stores.iot_policies), self.identity_directory
        )
        stores.changes.target = directory
        self.denials = DenialLog()
        self.authorizer = Authorizer(
            directory, self.denials, base.clock, base.settings.iot_policy_principal_tags
        )
        self._sessions = SessionCredentials(self._sealer, base.randomness)
        self._iam_users = IamUsers(stores.users, base.root_key, base.settings.account)
        self._user_sessions = UserSessionCredentials(self._sealer, base.randomness, self._iam_users)
        self.credentials = Credentials(
            base.settings.account,
            base.root_key,
            AccessKeyCredentials(stores.users, self._sealer, self._key_uses),
            TemporaryCredentials(self._sessions, self._user_sessions),
        )
        self.user_pools = build_user_pools(
            pools=stores.user_pools,
            users=stores.pool_users,
            mail=stores.mail,
            groups=stores.pool_groups,
            devices=stores.devices,
            resource_servers=stores.resource_servers,
            identity_providers=stores.identity_providers,
            domains=stores.domains,
            keyring=base.keyring,
            crypto=base.crypto,
            key_factory=ExecutorKeyFactory(base.crypto),
            randomness=base.randomness,
        )
        self.user_directory = UserPoolDirectory(self.user_pools)
        self.access_tokens = PoolAccessTokens(self.user_pools)
        self.people = People(self.user_directory, self.identity_directory)
        self.mail = Mail(self.user_pools.mailbox)
        self.services = self._register(brokers, endpoint)

    def _register(
        self, brokers: Brokers, endpoint: EndpointAddress
    ) -> dict[str, RegisteredService]:
        stores, base = self._stores, self._base
        self.open_id_keys = keys = SqlOpenIdKeys(
            base.database, self._sealer, ExecutorKeyFactory(base.crypto), base.clock
        )
        oidc_providers = OidcProviders(stores.open_id_providers)
        issuer_keys = IssuerKeySets(self.user_directory, PublishedKeys(fetch, base.clock))
        issuer = RoleSessionIssuer(Roles(stores.roles), self._sessions, self.denials)
        identity = CognitoIdentityService(
            pools=stores.identity_pools,
            identities=stores.identities,
            logins=self.user_directory,
            issuer=issuer,
            pass_role=PassRole(self.authorizer),
            open_id_keys=keys,
            randomness=base.randomness,
            oidc_providers=oidc_providers,
            issuer_keys=issuer_keys,
        )
        sts = StsService(
            issuer=issuer,
            caller_policies=AuthorizedCallerPolicies(self.authorizer),
            managed_policies=self._iam_policies,
            web_identities=WebIdentities(
                CognitoTokenVerifier(IdentityPoolIssuer(self.identity_directory, keys)),
                oidc_providers,
                issuer_keys,
            ),
            user_sessions=self._user_sessions,
            access_keys=self._iam_users,
        )
        iot = IotService(
            stores.iot_policies, PolicyTargets(self.identity_directory), endpoint, base.randomness
        )
        self.explainer = self._build_explainer(brokers, issuer, identity)
        advice = PolicyAdvice(base.crypto)
        return {
            "cognito-idp": _registered(self.user_pools, COGNITO_IDP_OPERATIONS),
            "cognito-identity": _registered(identity, COGNITO_IDENTITY_OPERATIONS),
            "sts": _registered(sts, STS_OPERATIONS),
            "iam": _registered(self._build_iam(), advice.advise_on("iam", IAM_OPERATIONS)),
            "iot": _registered(iot, advice.advise_on("iot", IOT_OPERATIONS)),
            "iot-data": _registered(
                IotDataService(brokers, TopicRules(), brokers, brokers), IOT_DATA_OPERATIONS
            ),
        }

    def _build_iam(self) -> IamService:
        stores = self._stores
        return IamService(
            roles=stores.roles,
            users=stores.users,
            groups=stores.groups,
            policies=stores.managed_policies,
            instance_profiles=stores.instance_profiles,
            open_id_providers=stores.open_id_providers,
            saml_providers=stores.saml_providers,
            aliases=stores.account_aliases,
            key_uses=self._key_uses,
            reports=CredentialReports(),
            pass_role=PassRole(self.authorizer),
            sealer=self._sealer,
            randomness=self._base.randomness,
        )

    async def close(self) -> None:
        """Write what is only in memory; call it once nothing is served any more."""
        await self._key_uses.close()

    def _build_explainer(
        self, brokers: Brokers, issuer: RoleSessionIssuer, identity: CognitoIdentityService
    ) -> LiveExplainer:
        stores, settings = self._stores, self._base.settings
        people = PersonSessions(
            authorizer=self.authorizer,
            user_pools=self.user_pools,
            identity=identity,
            identities=stores.identities,
            pools=stores.identity_pools,
            issuer=issuer,
            sessions=self._sessions,
        )
        return LiveExplainer(
            authorizer=self.authorizer,
            people=people,
            roles=Roles(stores.roles),
            iam_users=stores.users,
            brokers=brokers,
            account=settings.account,
            region=settings.region,
        )


def _registered(service: object, operations: Iterable[Operation[Any]]) -> RegisteredService:
    return RegisteredService(service, {operation.name: operation for operation in operations})
