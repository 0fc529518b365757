"""The set-up that the walk-through "How to connect Cognito to IoT Core" makes by hand.

Written against boto3 alone, so the same calls work against AWS. The names are the article's:
a user pool with `custom:buildingId`, an identity pool whose claim map makes it the principal
tag `building_id`, the role `TestIdentityPoolRole`, the IAM policy `TestIamPolicyBuilding` and
the IoT policy `TestIotPolicyBuilding`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from keyfob.store.data_directory import Endpoints

ROLE_NAME = "TestIdentityPoolRole"
IAM_POLICY_NAME = "TestIamPolicyBuilding"
IOT_POLICY_NAME = "TestIotPolicyBuilding"

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Article:
    """What the set-up made."""

    region: str
    account: str
    user_pool_id: str
    client_id: str
    identity_pool_id: str
    role_arn: str
    iam_policy_arn: str

    @property
    def provider_name(self) -> str:
        """The key of the user pool in `Logins`."""
        return f"cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"


class Clients:
    """boto3 clients of one server, signed with the root key or with what is given."""

    def __init__(self, endpoints: Endpoints, region: str, **credentials: str | None) -> None:
        """Point boto3 at a running server.

        Args:
            endpoints: how to reach it.
            region: region the clients work in.
            credentials: `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`;
                the root key when none are given.
        """
        self.region = region
        self._endpoint_url = endpoints.endpoint_url
        self._session = boto3.session.Session(
            region_name=region,
            **(
                credentials
                or {
                    "aws_access_key_id": endpoints.access_key_id,
                    "aws_secret_access_key": endpoints.secret_access_key,
                }
            ),
        )

    def client(self, service: str) -> Any:
        """Return a boto3 client that does not retry, so refusals are seen at once."""
        return self._session.client(
            service,
            endpoint_url=self._endpoint_url,
            config=Config(retries={"max_attempts": 0}, parameter_validation=True),
        )


def printed_second_policy(region: str, account: str) -> Document:
    """Return the article's second policy as it is printed.

    It subscribes under `building/<id>` but publishes and receives on `<id>`: what it subscribes
    to it cannot receive.
    """
    prefix = f"arn:aws:iot:{region}:{account}"
    building = "${aws:PrincipalTag/building_id}"
    return _document(
        ("ConnectClient", ["iot:Connect"], "*"),
        ("SubscribeToTopics", ["iot:Subscribe"], f"{prefix}:topicfilter/building/{building}"),
        ("ReceiveMessages", ["iot:Receive", "iot:Publish"], f"{prefix}:topic/{building}"),
    )


def building_policy(region: str, account: str) -> Document:
    """Return the second policy as it was meant: the topics under one's own building."""
    prefix = f"arn:aws:iot:{region}:{account}"
    own = "building/${aws:PrincipalTag/building_id}/*"
    return _document(
        ("ConnectClient", ["iot:Connect"], "*"),
        ("SubscribeToTopics", ["iot:Subscribe"], f"{prefix}:topicfilter/{own}"),
        ("ReceiveMessages", ["iot:Receive", "iot:Publish"], f"{prefix}:topic/{own}"),
    )


def with_attach_permission(document: Document) -> Document:
    """Return the policy with the article's development-only permission to attach."""
    statement = {
        "Sid": "AttachPolicy",
        "Effect": "Allow",
        "Action": ["iot:AttachPolicy"],
        "Resource": "*",
    }
    return {**document, "Statement": [*document["Statement"], statement]}


def build_article(
    clients: Clients, account: str, iam_policy: Document, iot_policy: Document
) -> Article:
    """Make the pools, the role and the policies."""
    idp = clients.client("cognito-idp")
    pool_id = idp.create_user_pool(
        PoolName="TestUserPool",
        Schema=[{"Name": "buildingId", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]["Id"]
    client_id = idp.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="TestAppClient",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        ReadAttributes=["email", "custom:buildingId"],
        WriteAttributes=["email"],
    )["UserPoolClient"]["ClientId"]
    identity_pool_id = _build_identity_pool(clients, pool_id, client_id)
    role_arn, policy_arn = _build_role(clients, identity_pool_id, iam_policy)
    clients.client("cognito-identity").set_identity_pool_roles(
        IdentityPoolId=identity_pool_id, Roles={"authenticated": role_arn}
    )
    clients.client("iot").create_policy(
        policyName=IOT_POLICY_NAME, policyDocument=json.dumps(iot_policy)
    )
    return Article(
        clients.region, account, pool_id, client_id, identity_pool_id, role_arn, policy_arn
    )


def add_user(clients: Clients, article: Article, name: str, password: str, building: str) -> None:
    """Make a confirmed user who lives in `building`."""
    idp = clients.client("cognito-idp")
    idp.admin_create_user(
        UserPoolId=article.user_pool_id,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": f"{name}@example.com"},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "custom:buildingId", "Value": building},
        ],
    )
    idp.admin_set_user_password(
        UserPoolId=article.user_pool_id, Username=name, Password=password, Permanent=True
    )


def _build_identity_pool(clients: Clients, pool_id: str, client_id: str) -> str:
    identity = clients.client("cognito-identity")
    provider = f"cognito-idp.{clients.region}.amazonaws.com/{pool_id}"
    identity_pool_id: str = identity.create_identity_pool(
        IdentityPoolName="TestIdentityPool",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[
            {"ProviderName": provider, "ClientId": client_id, "ServerSideTokenCheck": True}
        ],
    )["IdentityPoolId"]
    identity.set_principal_tag_attribute_map(
        IdentityPoolId=identity_pool_id,
        IdentityProviderName=provider,
        UseDefaults=False,
        PrincipalTags={"building_id": "custom:buildingId"},
    )
    return identity_pool_id


def _build_role(clients: Clients, identity_pool_id: str, policy: Document) -> tuple[str, str]:
    iam = clients.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": identity_pool_id},
                    "ForAnyValue:StringLike": {
                        "cognito-identity.amazonaws.com:amr": "authenticated"
                    },
                },
            }
        ],
    }
    role_arn: str = iam.create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument=json.dumps(trust))[
        "Role"
    ]["Arn"]
    policy_arn: str = iam.create_policy(
        PolicyName=IAM_POLICY_NAME, PolicyDocument=json.dumps(policy)
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE_NAME, PolicyArn=policy_arn)
    return role_arn, policy_arn


def _document(*statements: tuple[str, list[str], str]) -> Document:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
            for sid, actions, resource in statements
        ],
    }
