"""Principals, one maker for each kind."""

import json
from collections.abc import Mapping

from keyfob.authz.principal import (
    Anonymous,
    FederatedUser,
    IamUser,
    ListenerClient,
    RoleSession,
    Root,
    SignedInUser,
    TokenSession,
    WebIdentity,
)
from keyfob.core.ids import AccountId, Region

ACCOUNT = AccountId("123456789012")
REGION = Region("eu-central-1")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/TestIdentityPoolRole"
USER = f"arn:aws:iam::{ACCOUNT}:user/dev"
IDENTITY = "eu-central-1:11111111-2222-4333-8444-555555555555"
POOL = "eu-central-1:99999999-8888-4777-8666-555555555555"
PROVIDER = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example12"

MQTT_ACTIONS = (
    "iot:Connect",
    "iot:Publish",
    "iot:RetainPublish",
    "iot:Subscribe",
    "iot:Receive",
)


def iot(resource: str) -> str:
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{resource}"


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: object = "*", resource: object = "*", **more: object) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "*", resource: object = "*", **more: object) -> Mapping[str, object]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


ALLOW_ALL = policy(allow())
DENY_ALL = policy(deny())


def role_session(
    *,
    name: str = "work",
    tags: Mapping[str, str] | None = None,
    session_policies: tuple[str, ...] = (),
    web_identity: WebIdentity | None = None,
) -> RoleSession:
    return RoleSession(
        account=ACCOUNT,
        role_name="TestIdentityPoolRole",
        role_arn=ROLE,
        role_id="AROAEXAMPLEEXAMPLE00",
        session_name=name,
        access_key_id="ASIAEXAMPLEEXAMPLE00",
        issued_at_s=1_700_000_000.0,
        expires_at_s=1_700_003_600.0,
        tags=tags or {},
        session_policies=session_policies,
        web_identity=web_identity,
    )


def cognito(
    *,
    tags: Mapping[str, str] | None = None,
    identity_id: str = IDENTITY,
    session_policies: tuple[str, ...] = (),
) -> RoleSession:
    amr = ("authenticated", PROVIDER, f"{PROVIDER}:CognitoSignIn:sub-1")
    return role_session(
        name="CognitoIdentityCredentials",
        tags=tags,
        session_policies=session_policies,
        web_identity=WebIdentity("cognito-identity.amazonaws.com", POOL, identity_id, amr),
    )


def guest(*, session_policies: tuple[str, ...] = ()) -> RoleSession:
    return role_session(
        name="CognitoIdentityCredentials",
        session_policies=session_policies,
        web_identity=WebIdentity(
            "cognito-identity.amazonaws.com", POOL, IDENTITY, ("unauthenticated",)
        ),
    )


def iam_user(tags: Mapping[str, str] | None = None) -> IamUser:
    return IamUser(ACCOUNT, "dev", USER, "AIDAEXAMPLEEXAMPLE00", tags or {})


def root() -> Root:
    return Root(ACCOUNT)


SESSION = TokenSession("ASIAEXAMPLEEXAMPLE00", 1_700_000_000.0, 1_700_003_600.0)


def root_in_session() -> Root:
    return Root(ACCOUNT, SESSION)


def user_in_session() -> IamUser:
    return IamUser(ACCOUNT, "dev", USER, "AIDAEXAMPLEEXAMPLE00", session=SESSION)


def federated(parent: Root | IamUser, *session_policies: str) -> FederatedUser:
    return FederatedUser(
        name="guest",
        parent=parent,
        access_key_id="ASIAEXAMPLEEXAMPLE00",
        issued_at_s=1_700_000_000.0,
        expires_at_s=1_700_003_600.0,
        tags={"tenant": "7"},
        session_policies=session_policies,
    )


def listener_client(policy_name: str = "plain") -> ListenerClient:
    return ListenerClient(ACCOUNT, policy_name)


def signed_in_user(*scopes: str) -> SignedInUser:
    return SignedInUser(
        account=ACCOUNT,
        pool_id="eu-central-1_Example12",
        username="ann",
        sub="sub-1",
        client_id="client",
        scopes=frozenset(scopes),
        origin_jti=None,
    )


def anonymous() -> Anonymous:
    return Anonymous(ACCOUNT)
