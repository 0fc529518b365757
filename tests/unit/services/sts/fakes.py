"""STS with fakes for what other services give it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keyfob.authz.operation import _AUTHORIZER, AuthorizedRequest, Call
from keyfob.authz.principal import IamUser, Principal
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region
from keyfob.services.sts import SessionCredentials, StsService, UserSessionCredentials
from keyfob.services.sts.ports import CallerVerdict, RoleFacts, VerifiedWebIdentity

ACCOUNT = AccountId("123456789012")
OTHER_ACCOUNT = AccountId("210987654321")
POOL_ID = "eu-central-1:11111111-2222-4333-8444-555555555555"
IDENTITY_ID = "eu-central-1:aaaaaaaa-2222-4333-8444-555555555555"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/service/Building"
NOW_S = 1_800_000_000.0
COGNITO = "cognito-identity.amazonaws.com"
ALICE = IamUser(ACCOUNT, "alice", f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDAALICE")


def trust(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def let_in(principal: str, *actions: str, **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": list(actions or ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")),
    }
    if condition:
        statement["Condition"] = condition
    return statement


def let_pool_in(*, actions: tuple[str, ...], condition: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Federated": COGNITO},
        "Action": list(actions),
    }
    if condition:
        statement["Condition"] = condition
    return statement


COGNITO_CONDITION = {
    "StringEquals": {f"{COGNITO}:aud": POOL_ID},
    "ForAnyValue:StringLike": {f"{COGNITO}:amr": "authenticated"},
}
BOTH_ACTIONS = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")
COGNITO_TRUST = trust(let_pool_in(actions=BOTH_ACTIONS, condition=COGNITO_CONDITION))


@dataclass(frozen=True)
class FakeRole:
    arn: str
    name: str
    role_id: str
    account: AccountId
    trust_policy: str
    max_session_duration_s: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)


def make_role(trust_policy: str, **changes: Any) -> FakeRole:
    facts: dict[str, Any] = {
        "arn": ROLE_ARN,
        "name": "Building",
        "role_id": "AROABUILDING",
        "account": ACCOUNT,
        "trust_policy": trust_policy,
    }
    return FakeRole(**(facts | changes))


@dataclass
class FakeRoles:
    roles: dict[str, RoleFacts] = field(default_factory=dict)

    def put(self, role: RoleFacts) -> RoleFacts:
        self.roles[role.arn] = role
        return role

    async def find(self, role_arn: str) -> RoleFacts | None:
        return self.roles.get(role_arn)


@dataclass
class FakeManagedPolicies:
    documents: dict[str, str] = field(default_factory=dict)

    async def default_document(self, policy_arn: str) -> str | None:
        return self.documents.get(policy_arn)


@dataclass
class FakeCallerPolicies:
    verdict: CallerVerdict = CallerVerdict.ALLOWED
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def permit(
        self,
        call: Call,
        action: str,
        resource: str,
        context: Mapping[str, tuple[str, ...]],
        tolerated: frozenset[CallerVerdict],
    ) -> bool:
        self.asked.append((action, resource))
        return self.verdict in tolerated


@dataclass
class FakeWebIdentities:
    identity: VerifiedWebIdentity | None = None

    async def verify(self, token: str, account: AccountId, now_s: float) -> VerifiedWebIdentity:
        if self.identity is None:
            raise AwsError("InvalidIdentityToken", "no")
        return self.identity


@dataclass
class FakeUsers:
    """Users, and whose an access key is."""

    users: dict[str, IamUser] = field(default_factory=dict)

    async def find(self, user_arn: str) -> IamUser | None:
        return self.users.get(user_arn)

    async def account_of(self, access_key_id: str) -> AccountId | None:
        return ACCOUNT if access_key_id == "AKIAALICEALICEALICE" else None


@dataclass
class Sts:
    """The service and its fakes."""

    roles: FakeRoles
    managed: FakeManagedPolicies
    callers: FakeCallerPolicies
    web: FakeWebIdentities
    sessions: SessionCredentials
    users: FakeUsers
    user_sessions: UserSessionCredentials
    service: StsService

    async def call(
        self,
        handler: Callable[[StsService, AuthorizedRequest], Awaitable[Mapping[str, Any]]],
        principal: Principal,
        **params: Any,
    ) -> Mapping[str, Any]:
        call = Call(
            "sts", "Test", params, principal, ACCOUNT, Region("eu-central-1"), "r-1",
            "192.0.2.7", True, NOW_S,
        )  # fmt: skip
        return await handler(self.service, AuthorizedRequest(call, _AUTHORIZER))
