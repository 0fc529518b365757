"""The article's two policies exactly as it prints them, judged as AWS would.

The first allows every topic, to try things out. The second lets a resident subscribe under
`building/<id>` but publish and receive on `<id>`: what it subscribes to never arrives.
"""

import itertools
import json
from collections.abc import Iterator

import pytest
from tests.conformance.device import NOT_AUTHORIZED, Device, device
from tests.conformance.flow import REGION, Resident, identity_pool_with_role, resident

from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients, Document, printed_second_policy

GRANTED_QOS_1 = 1
NUMBERS = itertools.count(1)


PRINTED_FIRST_POLICY: Document = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
        for sid, actions in (
            ("ConnectClient", ["iot:Connect"]),
            ("SubscribeToTopics", ["iot:Subscribe"]),
            ("ReceiveMessages", ["iot:Receive", "iot:Publish"]),
        )
    ],
}
"""The article's first policy: connect, and every topic."""


def alice_under(
    clients: Clients, article: Article, id_token: str, name: str, policy: Document
) -> Resident:
    """Return alice with one policy both on the role and as the identity's IoT policy."""
    pool_id = identity_pool_with_role(clients, article, name, policy)
    clients.client("iot").create_policy(policyName=name, policyDocument=json.dumps(policy))
    one = resident(clients, article, pool_id, id_token)
    clients.client("iot").attach_policy(policyName=name, target=one.identity_id)
    return one


@pytest.fixture(scope="module")
def under_second(
    server: ServerProcess, clients: Clients, article: Article, id_tokens: dict[str, str]
) -> Resident:
    policy = printed_second_policy(REGION, article.account)
    return alice_under(clients, article, id_tokens["alice"], "printed-second", policy)


@pytest.fixture
def second(server: ServerProcess, under_second: Resident) -> Iterator[Device]:
    with device(server.endpoints, under_second.credentials) as opened:
        assert opened.connect(f"second-{next(NUMBERS)}") == 0
        yield opened


def test_the_first_policy_allows_every_topic(
    server: ServerProcess, clients: Clients, article: Article, id_tokens: dict[str, str]
) -> None:
    token = id_tokens["alice"]
    one = alice_under(clients, article, token, "printed-first", PRINTED_FIRST_POLICY)
    with device(server.endpoints, one.credentials) as opened:
        assert opened.connect("first") == 0
        assert opened.subscribe("#") == GRANTED_QOS_1
        for topic in ("building/2/door", "anything"):
            assert opened.publish(topic, b"in") == 0
        assert opened.received() == [("building/2/door", b"in"), ("anything", b"in")]


def test_the_second_policy_subscribes_to_exactly_the_building(second: Device) -> None:
    assert second.subscribe("building/1") == GRANTED_QOS_1
    for topic_filter in ("building/1/#", "building/1/door", "building/2", "1", "building/+", "#"):
        assert second.subscribe(topic_filter) == NOT_AUTHORIZED


def test_the_second_policy_publishes_on_the_bare_id(second: Device) -> None:
    assert second.publish("1", b"in") == 0
    for topic in ("building/1", "building/1/door", "2", "building/2", "1/door"):
        assert second.publish(topic, b"in") == NOT_AUTHORIZED


def test_the_second_policy_never_receives_what_it_subscribes_to(
    clients: Clients, second: Device
) -> None:
    assert second.subscribe("building/1") == GRANTED_QOS_1
    data = clients.client("iot-data")
    data.publish(topic="building/1", qos=1, payload=b"unheard")
    data.publish(topic="1", qos=1, payload=b"not subscribed")
    assert second.received() == []
