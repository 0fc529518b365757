"""IAM, IoT and the data plane with the real policy directory: what is attached decides at once."""

import json

import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S, REGION, Caller
from tests.unit.services.iam.building import build_iam
from tests.unit.services.iam.documents import cognito_trust

from keyfob.app.joints import ChangeRelay
from keyfob.authz.audit import DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.directory import PolicyDirectory
from keyfob.authz.enforce import enforce
from keyfob.authz.principal import RoleSession, WebIdentity
from keyfob.core.clock import ManualClock
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region, SystemRandomness
from keyfob.services.iam import service as iam_service
from keyfob.services.iam.policy_source import IamPolicies
from keyfob.services.iot import service as iot_service
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.policy_source import IotPolicies
from keyfob.services.iot.ports import EndpointAddress
from keyfob.services.iot_data import service as iot_data_service
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.ports import (
    ClientConnection,
    Delivery,
    OutgoingMessage,
    RetainedMessage,
)
from keyfob.store.database import MemoryDatabase
from keyfob.store.iot_policies import SqlIotPolicyStore
from keyfob.store.ports.page import Page
from keyfob.store.tables.metadata import metadata

IDENTITY = f"{REGION}:00000000-1111-4222-8333-444444444444"
ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:"


def document(action: object, resource: object) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Everything:
    """Broker, targets and identities that take all there is."""

    async def publish(self, account: AccountId, region: Region, message: OutgoingMessage) -> None:
        raise AssertionError("nothing is handled here")

    def refusal(self, topic: str) -> str | None:
        return None

    async def get(self, account: AccountId, region: Region, topic: str) -> RetainedMessage | None:
        return None

    async def page(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[RetainedMessage]:
        return Page(())

    async def exists(self, account: AccountId, region: Region, target: str) -> bool:
        return True

    async def is_active(self, identity_id: str) -> bool:
        return True


class NoConnections:
    """Nobody is connected; nothing here asks."""

    async def disconnect(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        *,
        clean_session: bool,
        prevent_will: bool,
    ) -> bool:
        return False

    async def connection(
        self, account: AccountId, region: Region, client_id: str
    ) -> ClientConnection | None:
        return None

    async def subscriptions(
        self, account: AccountId, region: Region, client_id: str
    ) -> tuple[tuple[str, int], ...] | None:
        return None

    async def send(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        message: OutgoingMessage,
        *,
        confirm_within_s: float | None,
    ) -> Delivery:
        raise AssertionError("nothing is handled here")


class World:
    """The three services on one database, and the directory they tell of changes."""

    def __init__(self) -> None:
        database, everything = MemoryDatabase(), Everything()
        metadata.create_all(database.engine)
        changes = ChangeRelay()
        iam = build_iam(database, changes)
        policies = SqlIotPolicyStore(database, changes)
        directory = PolicyDirectory(
            IamPolicies(iam.roles, iam.users, iam.groups, iam.policies),
            IotPolicies(policies),
            everything,
        )
        changes.target = directory
        randomness = SystemRandomness()
        self.iam = Caller(
            "iam",
            iam,
            iam_service.OPERATIONS,
        )
        self.iot = Caller(
            "iot",
            IotService(policies, everything, EndpointAddress("h", 1), randomness),
            iot_service.OPERATIONS,
        )
        self.data = Caller(
            "iot-data",
            IotDataService(everything, everything, everything, NoConnections()),
            iot_data_service.OPERATIONS,
        )
        self.authorizer = Authorizer(directory, DenialLog(), ManualClock(at=NOW_S))
        self.user = RoleSession(
            account=ACCOUNT,
            role_name="Player",
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/Player",
            role_id="AROAX",
            session_name="CognitoIdentityCredentials",
            access_key_id="ASIAX",
            issued_at_s=NOW_S,
            expires_at_s=NOW_S + 3600,
            tags={"building_id": "1"},
            web_identity=WebIdentity(
                "cognito-identity.amazonaws.com", "pool", IDENTITY, ("authenticated",)
            ),
        )

    async def make_role(self, *documents: str) -> None:
        trust = cognito_trust({"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}})
        await self.iam("CreateRole", RoleName="Player", AssumeRolePolicyDocument=trust)
        for number, text in enumerate(documents):
            await self.iam(
                "PutRolePolicy",
                RoleName="Player",
                PolicyName=f"p{number}",
                PolicyDocument=text,
            )

    async def may(self, caller: Caller, name: str, **params: object) -> bool:  # type: ignore[type-arg]
        caller.principal, before = self.user, caller.principal
        call = caller.make_call(name, params)
        caller.principal = before
        try:
            await enforce(self.authorizer, caller.rows[name], caller.service, call)
        except AwsError:
            return False
        return True


@pytest.fixture
def world() -> World:
    return World()


async def attach(world: World, text: str) -> None:
    await world.iot("CreatePolicy", policyName="play", policyDocument=text)
    await world.iot("AttachPolicy", policyName="play", target=IDENTITY)


async def test_ones_own_building_by_principal_tag(world: World) -> None:
    own = ARN + "topic/building/${aws:PrincipalTag/building_id}"
    await world.make_role(document("iot:Publish", own))
    await attach(world, document("iot:*", "*"))
    assert await world.may(world.data, "Publish", topic="building/1")
    assert not await world.may(world.data, "Publish", topic="building/2")


async def test_the_attached_policy_limits_a_role_that_allows_all(world: World) -> None:
    await world.make_role(document("*", "*"))
    assert not await world.may(world.data, "Publish", topic="a")
    await attach(world, document("iot:Publish", ARN + "topic/a"))
    assert await world.may(world.data, "Publish", topic="a")
    assert not await world.may(world.data, "Publish", topic="b")
    await world.iot("DetachPolicy", policyName="play", target=IDENTITY)
    assert not await world.may(world.data, "Publish", topic="a")


async def test_a_new_default_version_decides_at_once(world: World) -> None:
    await world.make_role(document("*", "*"))
    await attach(world, document("iot:Publish", ARN + "topic/a"))
    assert await world.may(world.data, "Publish", topic="a")
    narrower = document("iot:Publish", ARN + "topic/b")
    await world.iot("CreatePolicyVersion", policyName="play", policyDocument=narrower)
    assert await world.may(world.data, "Publish", topic="a")
    await world.iot("SetDefaultPolicyVersion", policyName="play", policyVersionId="2")
    assert not await world.may(world.data, "Publish", topic="a")
    assert await world.may(world.data, "Publish", topic="b")


async def test_retaining_needs_its_own_permission(world: World) -> None:
    await world.make_role(document("iot:Publish", "*"))
    await attach(world, document("iot:Publish", "*"))
    assert await world.may(world.data, "Publish", topic="a", retain=False)
    assert not await world.may(world.data, "Publish", topic="a", retain=True)
    await world.iam(
        "PutRolePolicy",
        RoleName="Player",
        PolicyName="retain",
        PolicyDocument=document("iot:RetainPublish", "*"),
    )
    assert await world.may(world.data, "Publish", topic="a", retain=True)


async def test_attaching_to_identities_needs_all_resources(world: World) -> None:
    await world.make_role(document("iot:AttachPolicy", ARN + "policy/play"))
    params = {"policyName": "play", "target": IDENTITY}
    assert not await world.may(world.iot, "AttachPolicy", **params)
    await world.iam(
        "PutRolePolicy",
        RoleName="Player",
        PolicyName="attach",
        PolicyDocument=document("iot:AttachPolicy", "*"),
    )
    assert await world.may(world.iot, "AttachPolicy", **params)


async def test_a_managed_policy_and_a_boundary_decide_at_once(world: World) -> None:
    await world.make_role()
    await attach(world, document("iot:*", "*"))
    made = await world.iam(
        "CreatePolicy", PolicyName="Publish", PolicyDocument=document("iot:Publish", "*")
    )
    arn = made["Policy"]["Arn"]
    assert not await world.may(world.data, "Publish", topic="a")
    await world.iam("AttachRolePolicy", RoleName="Player", PolicyArn=arn)
    assert await world.may(world.data, "Publish", topic="a")
    lambda_logs = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    await world.iam(
        "PutRolePermissionsBoundary", RoleName="Player", PermissionsBoundary=lambda_logs
    )
    assert not await world.may(world.data, "Publish", topic="a")
    await world.iam("DeleteRolePermissionsBoundary", RoleName="Player")
    await world.iam(
        "CreatePolicyVersion",
        PolicyArn=arn,
        PolicyDocument=document("iot:Connect", "*"),
        SetAsDefault=True,
    )
    assert not await world.may(world.data, "Publish", topic="a")
