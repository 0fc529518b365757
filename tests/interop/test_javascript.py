"""The article's JavaScript, unmodified SDKs, against a running keyfob."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.interop.people import BUILDINGS, PASSWORDS

from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent / "javascript"


def run_article(server: ServerProcess, article: Article, user: str, **changes: Any) -> Any:
    endpoints = server.endpoints
    config = {
        "region": article.region,
        "endpointUrl": endpoints.endpoint_url,
        "userPoolId": article.user_pool_id,
        "clientId": article.client_id,
        "identityPoolId": article.identity_pool_id,
        "username": user,
        "password": PASSWORDS[user],
        "flow": "srp",
        "attach": True,
        "mqttHost": endpoints.mqtt_host,
        "mqttPort": endpoints.mqtt_port,
        "caFile": endpoints.ca_file,
        "topics": {"1": "building/1/light", "2": "building/2/light"},
        **changes,
    }
    done = subprocess.run(
        ["node", "article.mjs", json.dumps(config)],
        cwd=HERE,
        env={**os.environ, "AWS_ENDPOINT_URL": endpoints.endpoint_url},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_the_articles_code_is_held_to_its_own_building(
    server: ServerProcess, article: Article, user: str
) -> None:
    seen = run_article(server, article, user)
    own = BUILDINGS[user]
    expected = {building: building == own for building in ("1", "2")}
    assert seen["connect"]
    assert seen["subscribe"] == expected
    assert seen["publish"] == expected
    assert seen["receive"] == expected


def test_password_sign_in_works_where_the_client_allows_it(
    server: ServerProcess, clients: Clients, article: Article
) -> None:
    client_id = clients.client("cognito-idp").create_user_pool_client(
        UserPoolId=article.user_pool_id,
        ClientName="WithPassword",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]["ClientId"]
    identity = clients.client("cognito-identity")
    pool = identity.describe_identity_pool(IdentityPoolId=article.identity_pool_id)
    del pool["ResponseMetadata"]
    pool["CognitoIdentityProviders"].append(
        {"ProviderName": article.provider_name, "ClientId": client_id}
    )
    identity.update_identity_pool(**pool)
    seen = run_article(
        server, article, "alice", flow="password", clientId=client_id, topics={}, attach=True
    )
    assert seen["connect"]


@pytest.mark.parametrize("version", [4, 5])
def test_what_outlives_a_connection_of_the_device_sdk(server: ServerProcess, version: int) -> None:
    endpoints = server.endpoints
    config = {
        "region": endpoints.region,
        "accessKeyId": endpoints.access_key_id,
        "secretAccessKey": endpoints.secret_access_key,
        "mqttHost": endpoints.mqtt_host,
        "mqttPort": endpoints.mqtt_port,
        "caFile": endpoints.ca_file,
        "topic": "device",
        "version": version,
    }
    done = subprocess.run(
        ["node", "device.mjs", json.dumps(config)],
        cwd=HERE, capture_output=True, text=True, timeout=55, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "retained": {"payload": "kept", "retain": True},
        "resumed": "while away",
        "will": "gone",
    }
