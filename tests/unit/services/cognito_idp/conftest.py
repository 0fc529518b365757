"""A user pool service over an in-memory database, called as the pipeline would call it."""

import base64
import copy
import hashlib
import hmac
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from keyfob.authz.operation import _AUTHORIZER, Auth, AuthorizedRequest, Call
from keyfob.authz.principal import Anonymous, Principal, Root
from keyfob.core.clock import ManualClock
from keyfob.core.ids import AccountId, Region, SystemRandomness
from keyfob.services.cognito_idp.access import PoolAccessTokens
from keyfob.services.cognito_idp.directory import UserPoolDirectory
from keyfob.services.cognito_idp.service import OPERATIONS
from keyfob.services.cognito_idp.user_pools import UserPools, build_user_pools
from keyfob.store.database import MemoryDatabase
from keyfob.store.devices import SqlDeviceStore
from keyfob.store.domains import SqlDomainStore
from keyfob.store.groups import SqlPoolGroupStore
from keyfob.store.mail import SqlMailStore
from keyfob.store.pool_items import SqlPoolItemStore
from keyfob.store.ports.identity_providers import IdentityProviderRecord
from keyfob.store.ports.resource_servers import ResourceServerRecord
from keyfob.store.tables.federation import identity_providers, resource_servers
from keyfob.store.tables.metadata import metadata
from keyfob.store.user_pools import SqlUserPoolStore
from keyfob.store.users import SqlPoolUserStore
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.keys import SigningKey, generate_signing_key

ACCOUNT = AccountId("123456789012")
REGION = Region("eu-central-1")
PASSWORD = "Correct-Horse-1"
_ROWS = {row.name: row for row in OPERATIONS}
_KEYS = [generate_signing_key() for _ in range(4)]


class StockedKeys:
    """Hands out keys made beforehand, in turn."""

    def __init__(self) -> None:
        self._given = 0

    async def new_signing_key(self) -> SigningKey:
        self._given += 1
        return _KEYS[self._given % len(_KEYS)]


@dataclass
class Functions:
    """Python functions in the place of Lambda functions, by ARN."""

    is_available: bool = True
    by_arn: dict[str, Callable[[dict[str, Any]], object]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    async def invoke(self, function_arn: str, event: Any) -> object:
        self.events.append(copy.deepcopy(dict(event)))
        return self.by_arn[function_arn](copy.deepcopy(dict(event)))


@dataclass
class Api:
    """Calls operations by name."""

    service: UserPools
    clock: ManualClock
    database: MemoryDatabase
    account: AccountId = ACCOUNT
    region: Region = REGION
    tokens: PoolAccessTokens = field(init=False)
    directory: UserPoolDirectory = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = PoolAccessTokens(self.service)
        self.directory = UserPoolDirectory(self.service)

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        row = _ROWS[operation]
        principal: Principal = Anonymous(self.account)
        if row.auth is Auth.SIGV4:
            principal = Root(self.account)
        elif row.auth is Auth.ACCESS_TOKEN:
            principal = await self.tokens.verify(params["AccessToken"], self.clock.now())
        call = Call(
            service="cognito-idp",
            operation=operation,
            params=params,
            principal=principal,
            account=self.account,
            region=self.region,
            request_id="r",
            source_ip="127.0.0.1",
            is_tls=False,
            now_s=self.clock.now(),
        )
        return dict(await row.handler(self.service, AuthorizedRequest(call, _AUTHORIZER)))

    async def make_pool(self, **params: Any) -> str:
        answer = await self.call("CreateUserPool", PoolName="people", **params)
        return str(answer["UserPool"]["Id"])

    async def make_client(self, pool_id: str, **params: Any) -> str:
        flows = [
            "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        ]  # fmt: skip
        answer = await self.call(
            "CreateUserPoolClient",
            UserPoolId=pool_id,
            ClientName="app",
            **{"ExplicitAuthFlows": flows, **params},
        )
        return str(answer["UserPoolClient"]["ClientId"])

    async def make_user(self, pool_id: str, name: str = "alice", **attributes: str) -> None:
        await self.call(
            "AdminCreateUser",
            UserPoolId=pool_id,
            Username=name,
            MessageAction="SUPPRESS",
            UserAttributes=attribute_list(attributes),
        )
        await self.call(
            "AdminSetUserPassword",
            UserPoolId=pool_id,
            Username=name,
            Password=PASSWORD,
            Permanent=True,
        )

    async def initiate(self, client_id: str, name: str, password: str = PASSWORD) -> dict[str, Any]:
        return await self.call(
            "InitiateAuth",
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )

    async def sign_in(self, client_id: str, name: str = "alice") -> dict[str, Any]:
        return dict((await self.initiate(client_id, name))["AuthenticationResult"])

    async def refresh(self, client_id: str, token: str, **extra: str) -> dict[str, Any]:
        answer = await self.call(
            "InitiateAuth",
            ClientId=client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": token, **extra},
        )
        return dict(answer["AuthenticationResult"])

    async def newest_code(self, pool_id: str) -> str:
        messages = await self.service.mailbox.read(pool_id, limit=1)
        return messages[0].content.code


def attribute_list(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"Name": name.replace("custom_", "custom:"), "Value": v} for name, v in attributes.items()
    ]


def secret_hash(secret: str, name: str, client_id: str) -> str:
    mac = hmac.new(secret.encode(), (name + client_id).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def api(functions: Functions) -> Iterator[Api]:
    clock = ManualClock(at=1_700_000_000.25)
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    with ThreadPoolExecutor(2) as crypto:
        service = build_user_pools(
            pools=SqlUserPoolStore(database),
            users=SqlPoolUserStore(database, clock),
            mail=SqlMailStore(database),
            keyring=Keyring([b"\x07" * 32]),
            crypto=crypto,
            groups=SqlPoolGroupStore(database),
            devices=SqlDeviceStore(database),
            resource_servers=SqlPoolItemStore(database, resource_servers, ResourceServerRecord),
            identity_providers=SqlPoolItemStore(
                database, identity_providers, IdentityProviderRecord
            ),
            domains=SqlDomainStore(database),
            functions=functions,
            key_factory=StockedKeys(),
            randomness=SystemRandomness(),
        )
        yield Api(service, clock, database)
    database.engine.dispose()
