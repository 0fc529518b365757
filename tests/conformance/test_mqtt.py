"""MQTT over signed WebSockets: the role and the IoT policy must both allow."""

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conformance.device import NOT_AUTHORIZED, Device, device, presigned_url
from tests.conformance.flow import (
    BUILDINGS,
    PASSWORD,
    Resident,
    identity_pool_with_role,
    resident,
    sign_in,
)
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from keyfob.cli.demo.person import Credentials
from keyfob.cli.operator import Operator
from keyfob.testing import ServerProcess
from keyfob.testing.article import (
    IOT_POLICY_NAME,
    Article,
    Clients,
    add_user,
    building_policy,
)

GRANTED_QOS_1 = 1
NUMBERS = itertools.count(1)
"""For client ids: one client id connects once a second at most (IoT Core quotas)."""


@pytest.fixture
def alice(server: ServerProcess, residents: dict[str, Resident]) -> Iterator[Device]:
    with device(server.endpoints, residents["alice"].credentials) as opened:
        assert opened.connect(f"alice-{next(NUMBERS)}") == 0
        yield opened


@pytest.fixture
def bob(server: ServerProcess, residents: dict[str, Resident]) -> Iterator[Device]:
    with device(server.endpoints, residents["bob"].credentials) as opened:
        assert opened.connect(f"bob-{next(NUMBERS)}") == 0
        yield opened


def refused_upgrade(url: str) -> int:
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(url, subprotocols=[Subprotocol("mqtt")], proxy=None),
    ):
        pass
    return caught.value.response.status_code


def test_an_unsigned_websocket_is_refused(server: ServerProcess) -> None:
    url = server.endpoints.endpoint_url.replace("http", "ws", 1)
    assert refused_upgrade(f"{url}/mqtt") == 403


def test_a_websocket_signed_with_a_wrong_secret_is_refused(
    server: ServerProcess, residents: dict[str, Resident]
) -> None:
    own = residents["alice"].credentials
    wrong = Credentials(own.identity_id, own.access_key_id, own.secret_key[::-1], own.session_token)
    assert refused_upgrade(presigned_url(server.endpoints, wrong)) == 403


def test_own_building_by_principal_tag(alice: Device) -> None:
    assert alice.subscribe("building/1/+") == GRANTED_QOS_1
    assert alice.publish("building/1/door", b"open") == 0
    assert alice.received() == [("building/1/door", b"open")]


@pytest.mark.parametrize(
    "topic_filter", ["building/2/+", "building/2/#", "building/+/door", "building/#", "#", "+/2/+"]
)
def test_no_filter_reaches_another_building(alice: Device, topic_filter: str) -> None:
    assert alice.subscribe(topic_filter) == NOT_AUTHORIZED


@pytest.mark.parametrize("topic", ["building/2/door", "building/1", "other", "building/12/door"])
def test_nothing_is_published_elsewhere(alice: Device, bob: Device, topic: str) -> None:
    assert bob.subscribe("building/2/+") == GRANTED_QOS_1
    assert alice.publish(topic, b"intruder") == NOT_AUTHORIZED
    assert bob.received() == []


def test_buildings_do_not_hear_each_other(alice: Device, bob: Device) -> None:
    assert alice.subscribe("building/1/#") == GRANTED_QOS_1
    assert bob.subscribe("building/2/#") == GRANTED_QOS_1
    assert bob.publish("building/2/door", b"two") == 0
    assert alice.publish("building/1/door", b"one") == 0
    assert alice.received() == [("building/1/door", b"one")]
    assert bob.received() == [("building/2/door", b"two")]


def iot_policy(clients: Clients, name: str, *statements: tuple[Any, Any]) -> str:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in statements
        ],
    }
    clients.client("iot").create_policy(policyName=name, policyDocument=json.dumps(document))
    return name


def test_an_iot_policy_limits_a_role_that_allows_all(
    server: ServerProcess,
    clients: Clients,
    article: Article,
    wide_pool: str,
    id_tokens: dict[str, str],
) -> None:
    prefix = f"arn:aws:iot:{article.region}:{article.account}"
    name = iot_policy(
        clients,
        "lobby-only",
        ("iot:Connect", "*"),
        ("iot:Subscribe", f"{prefix}:topicfilter/*"),
        (["iot:Publish", "iot:Receive"], f"{prefix}:topic/lobby"),
    )
    one = resident(clients, article, wide_pool, id_tokens["alice"])
    clients.client("iot").attach_policy(policyName=name, target=one.identity_id)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("lobby") == 0
        assert opened.subscribe("#") == GRANTED_QOS_1
        assert opened.publish("lobby", b"in") == 0
        assert opened.publish("vault", b"no") == NOT_AUTHORIZED
        clients.client("iot-data").publish(topic="vault", qos=1, payload=b"not for the lobby")
        assert opened.received() == [("lobby", b"in")]


def test_a_role_that_allows_all_does_not_connect_without_an_iot_policy(
    server: ServerProcess,
    clients: Clients,
    article: Article,
    wide_pool: str,
    id_tokens: dict[str, str],
    allow_all_iot_policy: str,
) -> None:
    one = resident(clients, article, wide_pool, id_tokens["bob"])
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("bare") == NOT_AUTHORIZED
    clients.client("iot").attach_policy(policyName=allow_all_iot_policy, target=one.identity_id)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("no longer bare") == 0
    clients.client("iot").detach_policy(policyName=allow_all_iot_policy, target=one.identity_id)


def test_detaching_the_policy_holds_a_live_connection(
    server: ServerProcess,
    clients: Clients,
    article: Article,
    id_tokens: dict[str, str],
    allow_all_iot_policy: str,
) -> None:
    policy = building_policy(article.region, article.account)
    pool_id = identity_pool_with_role(clients, article, "revoked", policy)
    one = resident(clients, article, pool_id, id_tokens["alice"])
    iot = clients.client("iot")
    iot.attach_policy(policyName=allow_all_iot_policy, target=one.identity_id)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("revoked") == 0
        assert opened.subscribe("building/1/+") == GRANTED_QOS_1
        iot.detach_policy(policyName=allow_all_iot_policy, target=one.identity_id)
        assert opened.publish("building/1/door", b"late") == NOT_AUTHORIZED
        clients.client("iot-data").publish(topic="building/1/door", qos=1, payload=b"late")
        assert opened.received() == []


def test_a_role_without_a_building_tag_reaches_no_building(
    server: ServerProcess,
    clients: Clients,
    article: Article,
    id_tokens: dict[str, str],
    allow_all_iot_policy: str,
) -> None:
    policy = building_policy(article.region, article.account)
    pool_id = identity_pool_with_role(clients, article, "untagged", policy)
    clients.client("cognito-identity").set_principal_tag_attribute_map(
        IdentityPoolId=pool_id,
        IdentityProviderName=article.provider_name,
        UseDefaults=False,
        PrincipalTags={},
    )
    one = resident(clients, article, pool_id, id_tokens["alice"])
    clients.client("iot").attach_policy(policyName=allow_all_iot_policy, target=one.identity_id)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("untagged") == 0
        for topic in ("building/1/door", "building//door", "building/${aws:PrincipalTag}/door"):
            assert opened.publish(topic, b"in") == NOT_AUTHORIZED


def token_of_resident_in(clients: Clients, article: Article, building: str) -> tuple[str, str]:
    name = f"odd-{building.encode().hex()}"
    add_user(clients, article, name, PASSWORD, building)
    return name, sign_in(clients, article, name)["IdToken"]


@pytest.mark.parametrize("building", ["*", "#", "?", "$", "1*"])
def test_a_building_with_characters_that_no_tag_may_have_gets_no_credentials(
    clients: Clients, article: Article, building: str
) -> None:
    """IAM User Guide, `id_tags`: letters, digits, spaces and `_ . : / = + - @`."""
    _, token = token_of_resident_in(clients, article, building)
    with pytest.raises(ClientError) as caught:
        resident(clients, article, article.identity_pool_id, token)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


@pytest.mark.parametrize("building", ["+", "1/+", "=", "1 "])
def test_a_building_with_odd_characters_is_taken_literally(
    server: ServerProcess, clients: Clients, article: Article, building: str
) -> None:
    name, token = token_of_resident_in(clients, article, building)
    one = resident(clients, article, article.identity_pool_id, token)
    clients.client("iot").attach_policy(policyName=IOT_POLICY_NAME, target=one.identity_id)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect(name) == 0
        for number in BUILDINGS.values():
            assert opened.publish(f"building/{number}/door", b"in") == NOT_AUTHORIZED
            assert opened.subscribe(f"building/{number}/#") == NOT_AUTHORIZED
        assert opened.subscribe("building/#") == NOT_AUTHORIZED


def test_the_records_of_a_denial_say_why(
    server: ServerProcess, alice: Device, residents: dict[str, Resident]
) -> None:
    assert alice.publish("building/2/denied-once", b"") == NOT_AUTHORIZED
    found: list[Mapping[str, Any]] = Operator(server.data).get("denials", limit=1000)["denials"]
    mine = [one for one in found if one["resource"].endswith("topic/building/2/denied-once")]
    assert [one["action"] for one in mine] == ["iot:Publish"]
    assert mine[0]["identity_id"] == residents["alice"].identity_id
    assert mine[0]["username"] == "alice"
