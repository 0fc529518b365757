"""The steps of the main job as boto3 calls, and what a refused one said."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from keyfob.cli.demo.person import Credentials
from keyfob.store.data_directory import Endpoints
from keyfob.testing.article import Article, Clients

REGION = "eu-central-1"
PASSWORD = "Correct-Horse-1"
BUILDINGS = {"alice": "1", "bob": "2"}
ALLOW_ALL: Mapping[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class Refusal(NamedTuple):
    """What a refused call said."""

    code: str
    status: int
    message: str


def refusal(call: Callable[..., Any], **arguments: Any) -> Refusal:
    """Make a call that must be refused, and return how it was."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return Refusal(answer["Error"]["Code"], status, answer["Error"]["Message"])


def sign_in(clients: Clients, article: Article, name: str, password: str = PASSWORD) -> Any:
    """Sign in with SRP and return the tokens."""
    srp = AWSSRP(
        username=name,
        password=password,
        pool_id=article.user_pool_id,
        client_id=article.client_id,
        client=clients.client("cognito-idp"),
    )
    return srp.authenticate_user()["AuthenticationResult"]


def exchange(clients: Clients, article: Article, id_token: str) -> Credentials:
    """Exchange an ID token for temporary credentials."""
    identity = clients.client("cognito-identity")
    logins = {article.provider_name: id_token}
    identity_id = identity.get_id(IdentityPoolId=article.identity_pool_id, Logins=logins)[
        "IdentityId"
    ]
    return credentials_for(clients, identity_id, logins)


def credentials_for(
    clients: Clients, identity_id: str, logins: Mapping[str, str] | None = None
) -> Credentials:
    """Return an identity's temporary credentials."""
    found = clients.client("cognito-identity").get_credentials_for_identity(
        IdentityId=identity_id, Logins=dict(logins or {})
    )["Credentials"]
    return Credentials(identity_id, found["AccessKeyId"], found["SecretKey"], found["SessionToken"])


def clients_of(endpoints: Endpoints, theirs: Credentials) -> Clients:
    """Return boto3 clients that sign with temporary credentials."""
    return Clients(
        endpoints,
        REGION,
        aws_access_key_id=theirs.access_key_id,
        aws_secret_access_key=theirs.secret_key,
        aws_session_token=theirs.session_token,
    )


def trust_policy(
    identity_pool_id: str | None,
    amr: str = "authenticated",
    actions: tuple[str, ...] = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession"),
) -> str:
    """Return a role's trust policy for an identity pool; None leaves the `aud` condition out."""
    conditions: dict[str, Any] = {
        "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr}
    }
    if identity_pool_id is not None:
        conditions["StringEquals"] = {"cognito-identity.amazonaws.com:aud": identity_pool_id}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": list(actions),
        "Condition": conditions,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True, slots=True)
class Resident:
    """A signed-in user with an identity of a pool, whose role has one policy."""

    credentials: Credentials
    logins: Mapping[str, str]

    @property
    def identity_id(self) -> str:
        """The identity's id."""
        return self.credentials.identity_id


def identity_pool_with_role(
    clients: Clients, article: Article, name: str, role_policy: Mapping[str, Any] | None
) -> str:
    """Make another identity pool over the article's user pool, with a role of its own."""
    identity = clients.client("cognito-identity")
    pool_id: str = identity.create_identity_pool(
        IdentityPoolName=name,
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[
            {"ProviderName": article.provider_name, "ClientId": article.client_id}
        ],
    )["IdentityPoolId"]
    identity.set_principal_tag_attribute_map(
        IdentityPoolId=pool_id,
        IdentityProviderName=article.provider_name,
        UseDefaults=False,
        PrincipalTags={"building_id": "custom:buildingId"},
    )
    iam = clients.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy(pool_id))["Role"]
    if role_policy is not None:
        iam.put_role_policy(
            RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(role_policy)
        )
    identity.set_identity_pool_roles(IdentityPoolId=pool_id, Roles={"authenticated": role["Arn"]})
    return pool_id


def resident(clients: Clients, article: Article, pool_id: str, id_token: str) -> Resident:
    """Exchange an ID token in an identity pool."""
    logins = {article.provider_name: id_token}
    identity_id = clients.client("cognito-identity").get_id(IdentityPoolId=pool_id, Logins=logins)[
        "IdentityId"
    ]
    return Resident(credentials_for(clients, identity_id, logins), logins)
