"""Without a policy nothing has any effect: every signed operation, and every MQTT packet."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.conformance.device import NOT_AUTHORIZED, device
from tests.conformance.flow import (
    Resident,
    identity_pool_with_role,
    resident,
    sign_in,
)
from tests.security.inputs import build_input
from tests.security.raw import REGION

from keyfob.authz.operation import Auth, Operation
from keyfob.services.cognito_identity.service import OPERATIONS as COGNITO_IDENTITY
from keyfob.services.cognito_idp.service import OPERATIONS as COGNITO_IDP
from keyfob.services.iam.service import OPERATIONS as IAM
from keyfob.services.iot.service import OPERATIONS as IOT
from keyfob.services.iot_data.service import OPERATIONS as IOT_DATA
from keyfob.services.sts.service import OPERATIONS as STS
from keyfob.testing import ServerProcess
from keyfob.testing.article import (
    IAM_POLICY_NAME,
    IOT_POLICY_NAME,
    ROLE_NAME,
    Article,
    Clients,
    add_user,
    build_article,
    building_policy,
)

PASSWORD = "Correct-Horse-1"

TABLES: dict[str, tuple[Operation[Any], ...]] = {
    "cognito-idp": COGNITO_IDP,
    "cognito-identity": COGNITO_IDENTITY,
    "sts": STS,
    "iam": IAM,
    "iot": IOT,
    "iot-data": IOT_DATA,
}
SIGNED = [
    (service, row.name)
    for service, table in TABLES.items()
    for row in table
    if row.auth is Auth.SIGV4 or (service, row.name) == ("sts", "AssumeRole")
]
DENIED = {
    "cognito-idp": ("AccessDeniedException", 400),
    "cognito-identity": ("AccessDeniedException", 400),
    "sts": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "iot": ("AccessDeniedException", 403),
    "iot-data": ("ForbiddenException", 403),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Things that exist, and two callers that no policy allows anything."""

    article: Article
    things: dict[str, Any]
    """Input members by name."""
    callers: dict[str, dict[str, str]]
    """boto3 credentials of an IAM user, and of a Cognito identity whose role has no policy."""
    resident: Resident

    def input_of(self, client: Any, service: str, operation: str) -> dict[str, Any]:
        """Return the least input of an operation, naming things that exist."""
        article = self.article
        prefix = f"arn:aws:{service}:{REGION}:{article.account}"
        arns = {
            "cognito-idp": f"{prefix}:userpool/{article.user_pool_id}",
            "cognito-identity": f"{prefix}:identitypool/{article.identity_pool_id}",
            "iot": f"{prefix}:policy/{IOT_POLICY_NAME}",
        }
        arn = arns.get(service, article.role_arn)
        shape = client.meta.service_model.operation_model(operation).input_shape
        return build_input(shape, {**self.things, "ResourceArn": arn, "resourceArn": arn})


@pytest.fixture(scope="module")
def scene(clients: Clients, server: ServerProcess) -> Scene:
    account = server.endpoints.account_id
    policy = building_policy(REGION, account)
    article = build_article(clients, account, policy, policy)
    add_user(clients, article, "alice", PASSWORD, "1")
    pool_id = identity_pool_with_role(clients, article, "nothing", None)
    token = sign_in(clients, article, "alice", PASSWORD)["IdToken"]
    one = resident(clients, article, pool_id, token)
    clients.client("iot").attach_policy(policyName=IOT_POLICY_NAME, target=one.identity_id)
    iam = clients.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    things = {
        "UserPoolId": article.user_pool_id,
        "ClientId": article.client_id,
        "Username": "alice",
        "UserAttributes": [{"Name": "custom:buildingId", "Value": "2"}],
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "IdentityPoolId": article.identity_pool_id,
        "IdentityProviderName": article.provider_name,
        "IdentityId": one.identity_id,
        "IdentityIdsToDelete": [one.identity_id],
        "Roles": {"authenticated": article.role_arn},
        "RoleArn": article.role_arn,
        "RoleName": ROLE_NAME,
        "UserName": "nobody",
        "AccessKeyId": key["AccessKeyId"],
        "PolicyArn": article.iam_policy_arn,
        "PermissionsBoundary": article.iam_policy_arn,
        "PolicyName": IAM_POLICY_NAME,
        "VersionId": "v1",
        "policyName": IOT_POLICY_NAME,
        "policyVersionId": "1",
        "target": one.identity_id,
        "principal": one.identity_id,
    }
    theirs = one.credentials
    callers = {
        "user": {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        },
        "identity": {
            "aws_access_key_id": theirs.access_key_id,
            "aws_secret_access_key": theirs.secret_key,
            "aws_session_token": theirs.session_token,
        },
    }
    return Scene(article, things, callers, one)


@pytest.fixture(scope="module")
def callers(scene: Scene, server: ServerProcess) -> dict[tuple[str, str], Any]:
    """boto3 clients by caller and service."""
    return {
        (caller, service): boto3.client(
            service,
            region_name=REGION,
            endpoint_url=server.endpoints.endpoint_url,
            config=Config(retries={"max_attempts": 0}, parameter_validation=False),
            **keys,
        )
        for caller, keys in scene.callers.items()
        for service in TABLES
    }


def state(server: ServerProcess) -> list[str]:
    """Return everything the server has kept, but for when access keys were used."""
    connection = sqlite3.connect(f"file:{server.data / 'keyfob.db'}?mode=ro", uri=True)
    try:
        return [line for line in connection.iterdump() if '"iam_access_key_uses"' not in line]
    finally:
        connection.close()


@pytest.fixture
def nothing_changes(scene: Scene, server: ServerProcess) -> Iterator[None]:
    before = state(server)
    assert len(before) > 20
    yield
    assert state(server) == before


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("caller", ["user", "identity"])
@pytest.mark.parametrize(("service", "name"), SIGNED, ids=[f"{s} {n}" for s, n in SIGNED])
def test_no_operation_has_any_effect(
    scene: Scene, callers: dict[tuple[str, str], Any], caller: str, service: str, name: str
) -> None:
    client = callers[caller, service]
    with pytest.raises(ClientError) as caught:
        client._make_api_call(name, scene.input_of(client, service, name))
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert (answer["Error"]["Code"], status) == DENIED[service]
    assert "is not authorized to perform" in answer["Error"]["Message"] or service == "iot-data"


def test_an_identity_whose_role_has_no_policy_does_not_connect(
    scene: Scene, server: ServerProcess
) -> None:
    with device(server.endpoints, scene.resident.credentials) as opened:
        assert opened.connect("nothing") == NOT_AUTHORIZED


def test_an_identity_that_may_only_connect_does_nothing_else(
    scene: Scene, clients: Clients, server: ServerProcess
) -> None:
    connect_only = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
    iot = clients.client("iot")
    iot.create_policy(policyName="everything", policyDocument=json.dumps(
        {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}
    ))  # fmt: skip
    pool_id = identity_pool_with_role(clients, scene.article, "connect-only", connect_only)
    token = sign_in(clients, scene.article, "alice", PASSWORD)["IdToken"]
    one = resident(clients, scene.article, pool_id, token)
    iot.attach_policy(policyName="everything", target=one.identity_id)
    data = clients.client("iot-data")
    before = state(server)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("connect-only") == 0
        for topic in ("building/1/door", "any", f"$aws/things/{one.identity_id}/shadow/get"):
            assert opened.subscribe(topic) == NOT_AUTHORIZED
            assert opened.publish(topic, b"in") == NOT_AUTHORIZED
        assert opened.publish("any", b"kept", retain=True) == NOT_AUTHORIZED
        data.publish(topic="any", qos=1, payload=b"not for you")
        assert opened.received() == []
    assert data.list_retained_messages()["retainedTopics"] == []
    assert state(server) == before


@pytest.mark.parametrize(("service", "name"), SIGNED, ids=[f"{s} {n}" for s, n in SIGNED])
def test_no_signed_operation_is_served_unsigned(
    scene: Scene, server: ServerProcess, service: str, name: str
) -> None:
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=server.endpoints.endpoint_url,
        config=Config(
            signature_version=UNSIGNED, retries={"max_attempts": 0}, parameter_validation=False
        ),
    )
    with pytest.raises(ClientError) as caught:
        client._make_api_call(name, scene.input_of(client, service, name))
    assert caught.value.response["Error"]["Code"] in {
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    }
