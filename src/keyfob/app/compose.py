"""The composition: every part made once and joined; nothing here decides anything."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from keyfob.app.brokers import Brokers, TopicRules
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
from keyfob.services.cognito_identity.directory import IdentityPoolDirectory, IdentityPoolIssuer
from keyfob.services.cognito_identity.service import OPERATIONS as COGNITO_IDENTITY_OPERATIONS
from keyfob.services.cognito_identity.service import CognitoIdentityService
from keyfob.services.cognito_idp.access import PoolAccessTokens
from keyfob.services.cognito_idp.directory import UserPoolDirectory
from keyfob.services.cognito_idp.service import OPERATIONS as COGNITO_IDP_OPERATIONS
from keyfob.services.cognito_idp.user_pools import build_user_pools
from keyfob.services.iam.credentials import AccessKeyCredentials
from keyfob.services.iam.policy_source import IamPolicies
from keyfob.services.iam.role_lookup import Roles
from keyfob.services.iam.service import OPERATIONS as IAM_OPERATIONS
from keyfob.services.iam.service import IamService
from keyfob.services.iot.policy_source import IotPolicies
from keyfob.services.iot.ports import EndpointAddress
from keyfob.services.iot.service import OPERATIONS as IOT_OPERATIONS
from keyfob.services.iot.service import IotService
from keyfob.services.iot_data.service import OPERATIONS as IOT_DATA_OPERATIONS
from keyfob.services.iot_data.service import IotDataService
from keyfob.services.sts.caller_policies import AuthorizedCallerPolicies
from keyfob.services.sts.cognito_tokens import CognitoTokenVerifier
from keyfob.services.sts.domain.sessions import SessionCredentials
from keyfob.services.sts.issuer import RoleSessionIssuer
from keyfob.services.sts.service import OPERATIONS as STS_OPERATIONS
from keyfob.services.sts.service import StsService
from keyfob.store.database import Database
from keyfob.store.iam_policies import SqlManagedPolicyStore
from keyfob.store.iam_roles import SqlRoleStore
from keyfob.store.iam_users import SqlUserStore
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.identity_pools import SqlIdentityPoolStore
from keyfob.store.iot_policies import SqlIotPolicyStore
from keyfob.store.mail import SqlMailStore
from keyfob.store.open_id_keys import SqlOpenIdKeys
from keyfob.store.user_pools import SqlUserPoolStore
from keyfob.store.users import SqlPoolUserStore
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.keys import ExecutorKeyFactory
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
        self.iot_policies = SqlIotPolicyStore(database, self.changes)
        self.identity_pools = SqlIdentityPoolStore(database, self.changes)
        self.identities = SqlIdentityStore(database, self.changes)
        self.user_pools = SqlUserPoolStore(database)
        self.pool_users = SqlPoolUserStore(database, clock)
        self.mail = SqlMailStore(database)


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
        self._iam_policies = IamPolicies(stores.roles, stores.users, stores.managed_policies)
        directory = PolicyDirectory(
            self._iam_policies, IotPolicies(stores.iot_policies), self.identity_directory
        )
        stores.changes.target = directory
        self.denials = DenialLog()
        self.authorizer = Authorizer(
            directory, self.denials, base.clock, base.settings.iot_policy_principal_tags
        )
        self._sessions = SessionCredentials(self._sealer, base.randomness)
        self.credentials = Credentials(
            base.settings.account,
            base.root_key,
            AccessKeyCredentials(stores.users, self._sealer),
            self._sessions,
        )
        self.user_pools = build_user_pools(
            pools=stores.user_pools,
            users=stores.pool_users,
            mail=stores.mail,
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
        keys = SqlOpenIdKeys(
            base.database, self._sealer, ExecutorKeyFactory(base.crypto), base.clock
        )
        issuer = RoleSessionIssuer(Roles(stores.roles), self._sessions)
        identity = CognitoIdentityService(
            pools=stores.identity_pools,
            identities=stores.identities,
            logins=self.user_directory,
            issuer=issuer,
            pass_role=PassRole(self.authorizer),
            open_id_keys=keys,
            randomness=base.randomness,
            executor=base.crypto,
        )
        sts = StsService(
            issuer=issuer,
            caller_policies=AuthorizedCallerPolicies(self.authorizer),
            managed_policies=self._iam_policies,
            web_identities=CognitoTokenVerifier(IdentityPoolIssuer(self.identity_directory, keys)),
        )
        iam = IamService(
            stores.roles, stores.users, stores.managed_policies, self._sealer, base.randomness
        )
        iot = IotService(
            stores.iot_policies, PolicyTargets(self.identity_directory), endpoint, base.randomness
        )
        return {
            "cognito-idp": _registered(self.user_pools, COGNITO_IDP_OPERATIONS),
            "cognito-identity": _registered(identity, COGNITO_IDENTITY_OPERATIONS),
            "sts": _registered(sts, STS_OPERATIONS),
            "iam": _registered(iam, IAM_OPERATIONS),
            "iot": _registered(iot, IOT_OPERATIONS),
            "iot-data": _registered(
                IotDataService(brokers, TopicRules(), brokers), IOT_DATA_OPERATIONS
            ),
        }


def _registered(service: object, operations: Iterable[Operation[Any]]) -> RegisteredService:
    return RegisteredService(service, {operation.name: operation for operation in operations})
