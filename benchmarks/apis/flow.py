"""The requests to repeat: the same sign-in flow, set up on each server by boto3."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import boto3
from pycognito.aws_srp import AWSSRP

from benchmarks.apis.servers import Server

REGION = "us-east-1"
USERNAME = "alice"
PASSWORD = "Correct-Horse-1"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": "POOL"},
                    "ForAnyValue:StringLike": {
                        "cognito-identity.amazonaws.com:amr": "authenticated"
                    },
                },
            }
        ],
    }
)


class RefusedError(Exception):
    """A request that was to succeed did not."""


class Caller:
    """One keep-alive connection that sends JSON 1.1 requests, without an SDK's own cost."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port)

    def call(self, target: str, members: dict[str, Any]) -> dict[str, Any]:
        """Send one unsigned request and return its answer.

        Raises:
            RefusedError: the answer is not 200.
        """
        service = "cognito-identity" if "IdentityService" in target else "cognito-idp"
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
            "Host": f"{service}.{REGION}.amazonaws.com",
        }
        self._connection.request("POST", "/", json.dumps(members), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RefusedError(body.decode(errors="replace")[:300])
        decoded: dict[str, Any] = json.loads(body) if body else {}
        return decoded


@dataclass(frozen=True)
class Flow:
    """What was set up on a server."""

    user_pool_id: str
    client_id: str
    identity_pool_id: str | None
    """None where the server has no working identity pools."""

    @property
    def provider(self) -> str:
        """Key of the user pool in `Logins`."""
        return f"cognito-idp.{REGION}.amazonaws.com/{self.user_pool_id}"


def set_up(server: Server) -> Flow:
    """Make a pool, a client, a user, and an identity pool with a role."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=server.url,
            aws_access_key_id=server.access_key_id,
            aws_secret_access_key=server.secret_access_key,
        )

    idp = client("cognito-idp")
    pool_id = idp.create_user_pool(PoolName="bench")["UserPool"]["Id"]
    client_id = idp.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="bench",
        ExplicitAuthFlows=[
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ],
    )["UserPoolClient"]["ClientId"]
    idp.admin_create_user(UserPoolId=pool_id, Username=USERNAME, MessageAction="SUPPRESS")
    idp.admin_set_user_password(
        UserPoolId=pool_id, Username=USERNAME, Password=PASSWORD, Permanent=True
    )
    flow = Flow(pool_id, client_id, None)
    identity = client("cognito-identity")
    identity_pool_id = identity.create_identity_pool(
        IdentityPoolName="bench",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[{"ProviderName": flow.provider, "ClientId": client_id}],
    )["IdentityPoolId"]
    role = client("iam").create_role(
        RoleName="bench", AssumeRolePolicyDocument=TRUST.replace("POOL", identity_pool_id)
    )["Role"]["Arn"]
    if server.name != "moto":  # moto answers SetIdentityPoolRoles with 500
        identity.set_identity_pool_roles(
            IdentityPoolId=identity_pool_id, Roles={"authenticated": role}
        )
    return Flow(pool_id, client_id, identity_pool_id)


def sign_in_with_password(caller: Caller, flow: Flow) -> dict[str, Any]:
    """Sign in with USER_PASSWORD_AUTH; return the tokens."""
    answer = caller.call(
        "AWSCognitoIdentityProviderService.InitiateAuth",
        {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": flow.client_id,
            "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD},
        },
    )
    tokens: dict[str, Any] = answer["AuthenticationResult"]
    return tokens


class _SrpClient:
    """Lets pycognito's SRP arithmetic speak through a `Caller`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def initiate_auth(self, **members: Any) -> dict[str, Any]:
        return self._caller.call("AWSCognitoIdentityProviderService.InitiateAuth", members)

    def respond_to_auth_challenge(self, **members: Any) -> dict[str, Any]:
        return self._caller.call(
            "AWSCognitoIdentityProviderService.RespondToAuthChallenge", members
        )


def requests(server: Server, flow: Flow) -> dict[str, Callable[[], object]]:
    """Return the calls to repeat, by their names in the result table."""
    caller = Caller(server)
    tokens = sign_in_with_password(caller, flow)
    logins = {flow.provider: tokens["IdToken"]}
    srp = AWSSRP(USERNAME, PASSWORD, flow.user_pool_id, flow.client_id, client=_SrpClient(caller))
    identity_id = caller.call(
        "AWSCognitoIdentityService.GetId",
        {"IdentityPoolId": flow.identity_pool_id, "Logins": logins},
    )["IdentityId"]
    return {
        "InitiateAuth, password": lambda: sign_in_with_password(caller, flow),
        "InitiateAuth, SRP (two calls)": lambda: srp.authenticate_user(),
        "GetUser": lambda: caller.call(
            "AWSCognitoIdentityProviderService.GetUser", {"AccessToken": tokens["AccessToken"]}
        ),
        "GetId": lambda: caller.call(
            "AWSCognitoIdentityService.GetId",
            {"IdentityPoolId": flow.identity_pool_id, "Logins": logins},
        ),
        "GetCredentialsForIdentity": lambda: caller.call(
            "AWSCognitoIdentityService.GetCredentialsForIdentity",
            {"IdentityId": identity_id, "Logins": logins},
        ),
    }
