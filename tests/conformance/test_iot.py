"""IoT policies through the control plane, and publishing over HTTPS."""

import json
from typing import Any

import pytest
from tests.conformance.flow import (
    Resident,
    clients_of,
    identity_pool_with_role,
    refusal,
    resident,
)

from keyfob.testing import ServerProcess
from keyfob.testing.article import IOT_POLICY_NAME, Article, Clients, building_policy


@pytest.fixture(scope="module")
def iot(clients: Clients) -> Any:
    return clients.client("iot")


def test_a_role_that_does_not_allow_it_attaches_no_policy(
    server: ServerProcess, clients: Clients, article: Article, id_tokens: dict[str, str], iot: Any
) -> None:
    policy = building_policy(article.region, article.account)
    pool_id = identity_pool_with_role(clients, article, "no-attach", policy)
    alice = resident(clients, article, pool_id, id_tokens["alice"])
    own = clients_of(server.endpoints, alice.credentials).client("iot")
    refused = refusal(own.attach_policy, policyName=IOT_POLICY_NAME, target=alice.identity_id)
    assert (refused.code, refused.status) == ("AccessDeniedException", 403)
    assert "is not authorized to perform: iot:AttachPolicy" in refused.message
    assert iot.list_attached_policies(target=alice.identity_id)["policies"] == []


def test_a_role_that_allows_it_attaches_a_policy(
    server: ServerProcess, residents: dict[str, Resident], iot: Any
) -> None:
    bob = residents["bob"]
    own = clients_of(server.endpoints, bob.credentials).client("iot")
    own.attach_policy(policyName=IOT_POLICY_NAME, target=bob.identity_id)
    attached = iot.list_attached_policies(target=bob.identity_id)["policies"]
    assert [policy["policyName"] for policy in attached] == [IOT_POLICY_NAME]
    assert bob.identity_id in iot.list_targets_for_policy(policyName=IOT_POLICY_NAME)["targets"]


def test_a_policy_that_is_not_there_is_not_attached(
    residents: dict[str, Resident], iot: Any
) -> None:
    refused = refusal(iot.attach_policy, policyName="absent", target=residents["alice"].identity_id)
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {"StringResembles": {"iot:Connection.Thing.ThingName": "a"}}},
        {"Conditions": {}},
        {"Effect": "Permit"},
        {"Action": "s3:GetObject", "Condition": "always"},
    ],
    ids=["unknown operator", "unknown element", "unknown effect", "condition of another type"],
)
def test_a_policy_that_is_not_understood_is_refused(
    clients: Clients, iot: Any, change: dict[str, Any]
) -> None:
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"} | change
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    refused = refusal(iot.create_policy, policyName="odd", policyDocument=document)
    assert (refused.code, refused.status) == ("MalformedPolicyException", 400)
    assert refusal(iot.get_policy, policyName="odd").code == "ResourceNotFoundException"
    refused = refusal(
        clients.client("iam").create_policy, PolicyName="odd", PolicyDocument=document
    )
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


def test_publish_over_https_is_held_to_ones_own_building(
    server: ServerProcess, residents: dict[str, Resident]
) -> None:
    data = clients_of(server.endpoints, residents["alice"].credentials).client("iot-data")
    data.publish(topic="building/1/door", qos=1, payload=b"open")
    refused = refusal(data.publish, topic="building/2/door", qos=1, payload=b"open")
    assert (refused.code, refused.status) == ("ForbiddenException", 403)


def test_publish_over_https_needs_the_iot_policy_too(
    server: ServerProcess, clients: Clients, article: Article, wide_pool: str,
    id_tokens: dict[str, str], allow_all_iot_policy: str,
) -> None:  # fmt: skip
    bob = resident(clients, article, wide_pool, id_tokens["bob"])
    data = clients_of(server.endpoints, bob.credentials).client("iot-data")
    assert refusal(data.publish, topic="any", payload=b"").code == "ForbiddenException"
    clients.client("iot").attach_policy(policyName=allow_all_iot_policy, target=bob.identity_id)
    data.publish(topic="any", payload=b"")
    clients.client("iot").detach_policy(policyName=allow_all_iot_policy, target=bob.identity_id)
    assert refusal(data.publish, topic="any", payload=b"").code == "ForbiddenException"
