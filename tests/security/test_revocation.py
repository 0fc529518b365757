"""What is taken away is gone with the very next packet, for a thousand clients already connected.

Fifty people in five groups, twenty connections each. Every group loses its permission in another
way; when the API call returns, each of its clients sends one packet and is refused, while the
clients of the groups that still stand go on.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest
from tests.security.crowd import Member, signing_credentials
from tests.security.raw import REGION

from keyfob.mqtt.codec import ReasonCode
from keyfob.sigv4 import SigningCredentials
from keyfob.store.data_directory import Endpoints
from keyfob.testing.article import Clients

GROUPS = ("detached", "iot version", "inline", "managed", "deleted")
PEOPLE = 10
CONNECTIONS = 20
ARRIVING_AT_ONCE = 50
PASSWORD = "Correct-horse-1"


def document(*allowed: str) -> str:
    statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


EVERYTHING = document("iot:*")
NO_PUBLISH = document("iot:Connect", "iot:Subscribe", "iot:Receive")


@dataclass
class Group:
    """People who share an identity pool, a role and an IoT policy."""

    name: str
    slug: str
    identity_ids: list[str]
    credentials: list[SigningCredentials]
    members: list[Member]

    @property
    def topic(self) -> str:
        return f"crowd/{self.slug}"


class Town:
    """The set-up, and the ways to take a permission away."""

    def __init__(self, clients: Clients, account: str) -> None:
        self.idp = clients.client("cognito-idp")
        self.identity = clients.client("cognito-identity")
        self.iam = clients.client("iam")
        self.iot = clients.client("iot")
        self.account = account
        self.pool_id = self.idp.create_user_pool(PoolName="Crowd")["UserPool"]["Id"]
        self.client_id = self.idp.create_user_pool_client(
            UserPoolId=self.pool_id,
            ClientName="Crowd",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        self.provider = f"cognito-idp.{REGION}.amazonaws.com/{self.pool_id}"

    def build(self, name: str) -> Group:
        slug = name.replace(" ", "-")
        identity_pool_id = self.identity.create_identity_pool(
            IdentityPoolName=slug,
            AllowUnauthenticatedIdentities=False,
            CognitoIdentityProviders=[{"ProviderName": self.provider, "ClientId": self.client_id}],
        )["IdentityPoolId"]
        self.identity.set_identity_pool_roles(
            IdentityPoolId=identity_pool_id,
            Roles={"authenticated": self._role(slug, identity_pool_id)},
        )
        self.iot.create_policy(policyName=slug, policyDocument=EVERYTHING)
        group = Group(name, slug, [], [], [])
        for number in range(PEOPLE):
            self._settle(group, identity_pool_id, f"{slug}-{number}")
        return group

    def _role(self, slug: str, identity_pool_id: str) -> str:
        audience = {"cognito-identity.amazonaws.com:aud": identity_pool_id}
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                    "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                    "Condition": {"StringEquals": audience},
                }
            ],
        }
        role = self.iam.create_role(RoleName=slug, AssumeRolePolicyDocument=json.dumps(trust))
        if slug == "managed":
            policy = self.iam.create_policy(PolicyName=slug, PolicyDocument=EVERYTHING)
            self.iam.attach_role_policy(RoleName=slug, PolicyArn=policy["Policy"]["Arn"])
        else:
            self.iam.put_role_policy(RoleName=slug, PolicyName="own", PolicyDocument=EVERYTHING)
        arn: str = role["Role"]["Arn"]
        return arn

    def _settle(self, group: Group, identity_pool_id: str, user: str) -> None:
        self.idp.admin_create_user(UserPoolId=self.pool_id, Username=user, MessageAction="SUPPRESS")
        self.idp.admin_set_user_password(
            UserPoolId=self.pool_id, Username=user, Password=PASSWORD, Permanent=True
        )
        token = self.idp.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]["IdToken"]
        logins = {self.provider: token}
        identity_id = self.identity.get_id(IdentityPoolId=identity_pool_id, Logins=logins)[
            "IdentityId"
        ]
        found = self.identity.get_credentials_for_identity(IdentityId=identity_id, Logins=logins)
        self.iot.attach_policy(policyName=group.slug, target=identity_id)
        group.identity_ids.append(identity_id)
        group.credentials.append(signing_credentials(found["Credentials"]))

    def take_away(self, group: Group) -> None:
        """Take the permission to publish from everybody in a group, in the group's own way."""
        ways: Mapping[str, Callable[[Group], None]] = {
            "detached": self._detach,
            "iot version": self._write_iot_version,
            "inline": self._write_inline,
            "managed": self._write_managed_version,
            "deleted": self._delete,
        }
        ways[group.name](group)

    def _detach(self, group: Group) -> None:
        for identity_id in group.identity_ids:
            self.iot.detach_policy(policyName=group.slug, target=identity_id)

    def _write_iot_version(self, group: Group) -> None:
        self.iot.create_policy_version(
            policyName=group.slug, policyDocument=NO_PUBLISH, setAsDefault=True
        )

    def _write_inline(self, group: Group) -> None:
        self.iam.put_role_policy(RoleName=group.slug, PolicyName="own", PolicyDocument=NO_PUBLISH)

    def _write_managed_version(self, group: Group) -> None:
        self.iam.create_policy_version(
            PolicyArn=f"arn:aws:iam::{self.account}:policy/{group.slug}",
            PolicyDocument=NO_PUBLISH,
            SetAsDefault=True,
        )

    def _delete(self, group: Group) -> None:
        answer = self.identity.delete_identities(IdentityIdsToDelete=group.identity_ids)
        assert answer["UnprocessedIdentityIds"] == []


@pytest.fixture(scope="module")
def town(clients: Clients, endpoints: Endpoints) -> tuple[Town, list[Group]]:
    built = Town(clients, endpoints.account_id)
    return built, [built.build(name) for name in GROUPS]


@pytest.fixture
async def groups(
    town: tuple[Town, list[Group]], endpoints: Endpoints
) -> AsyncIterator[list[Group]]:
    """Connect everybody."""
    door = asyncio.Semaphore(ARRIVING_AT_ONCE)

    async def arrive(group: Group, credentials: SigningCredentials, client_id: str) -> None:
        async with door:
            member, answer = await Member.arrive(endpoints, REGION, credentials, client_id)
        assert answer.code == ReasonCode.SUCCESS
        group.members.append(member)

    everybody = town[1]
    async with asyncio.TaskGroup() as arriving:
        for group in everybody:
            for number, credentials in enumerate(group.credentials):
                for copy in range(CONNECTIONS):
                    client_id = f"{group.slug}-{number}-{copy}"
                    arriving.create_task(arrive(group, credentials, client_id))
    yield everybody
    for group in everybody:
        for member in group.members:
            await member.leave()


async def publish_all(group: Group) -> set[int]:
    """Let every client of a group send one packet; return the reason codes."""
    answers = await asyncio.gather(*(member.publish(group.topic) for member in group.members))
    return {answer.code for answer in answers}


async def test_every_way_of_revoking_holds_for_the_next_packet(
    town: tuple[Town, list[Group]], groups: list[Group]
) -> None:
    assert sum(len(group.members) for group in groups) == 1_000
    standing = list(groups)
    for group in groups:
        for other in standing:
            assert max(await publish_all(other)) < ReasonCode.UNSPECIFIED_ERROR, other.name
        await asyncio.to_thread(town[0].take_away, group)
        assert await publish_all(group) == {ReasonCode.NOT_AUTHORIZED}, group.name
        standing.remove(group)
    assert standing == []
