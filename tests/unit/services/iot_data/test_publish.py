import base64
import json

import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S, REGION, Caller
from tests.unit.services.iot_data.clients import NoConnections

from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.topics import TopicError, check_topic_name
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.ports import OutgoingMessage, RetainedMessage
from keyfob.services.iot_data.service import OPERATIONS
from keyfob.store.ports.page import Page


class Broker:
    """Keeps what is published, and the retained messages it was given."""

    def __init__(self) -> None:
        self.published: list[OutgoingMessage] = []
        self.kept: dict[str, RetainedMessage] = {}

    async def publish(self, account: AccountId, region: Region, message: OutgoingMessage) -> None:
        assert (account, region) == (ACCOUNT, REGION)
        self.published.append(message)

    def refusal(self, topic: str) -> str | None:
        try:
            check_topic_name(topic, Profile.AWS)
        except TopicError as error:
            return str(error)
        return None

    async def get(self, account: AccountId, region: Region, topic: str) -> RetainedMessage | None:
        assert (account, region) == (ACCOUNT, REGION)
        return self.kept.get(topic)

    async def page(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[RetainedMessage]:
        topics = [topic for topic in sorted(self.kept) if after is None or topic > after]
        more = topics[limit - 1] if len(topics) > limit else None
        return Page(tuple(self.kept[topic] for topic in topics[:limit]), more)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def data(broker: Broker) -> Caller[IotDataService]:
    service = IotDataService(
        publisher=broker, topics=broker, retained=broker, connections=NoConnections()
    )
    return Caller("iot-data", service, OPERATIONS)


async def refuse(data: Caller[IotDataService], name: str, **params: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await data(name, **params)
    return caught.value


async def test_a_bare_message_has_no_properties(
    data: Caller[IotDataService], broker: Broker
) -> None:
    await data("Publish", topic="building/1")
    assert broker.published == [OutgoingMessage("building/1", b"")]


async def test_everything_reaches_the_broker(data: Caller[IotDataService], broker: Broker) -> None:
    await data(
        "Publish",
        topic="building/1",
        payload=b"open",
        qos=1,
        retain=True,
        contentType="text/plain",
        responseTopic="answers/1",
        correlationData=base64.b64encode(b"\x00c").decode(),
        payloadFormatIndicator="UTF8_DATA",
        messageExpiry=60,
        userProperties=json.dumps([{"a": "1"}, {"b": "2", "a": "3"}]),
    )
    assert broker.published == [
        OutgoingMessage(
            topic="building/1",
            payload=b"open",
            qos=1,
            retain=True,
            content_type="text/plain",
            response_topic="answers/1",
            correlation_data=b"\x00c",
            payload_format_indicator=1,
            message_expiry_s=60,
            user_properties=(("a", "1"), ("b", "2"), ("a", "3")),
        )
    ]


@pytest.mark.parametrize(
    "topic",
    ["", "a/+/b", "a/#", "#", "a\0b", "a" * 257, "a/" * 8, "$SYS/x", "$aws/events/presence/x"],
)
async def test_topics_that_mqtt_refuses_are_refused(
    data: Caller[IotDataService], broker: Broker, topic: str
) -> None:
    assert (await refuse(data, "Publish", topic=topic)).code == "InvalidRequestException"
    error = await refuse(data, "Publish", topic="a", responseTopic=topic)
    assert error.code == "InvalidRequestException"
    assert broker.published == []


async def test_reserved_topics_are_published_but_not_retained(
    data: Caller[IotDataService], broker: Broker
) -> None:
    await data("Publish", topic="$aws/rules/r/a")
    error = await refuse(data, "Publish", topic="$aws/rules/r/a", retain=True)
    assert error.code == "InvalidRequestException"
    assert len(broker.published) == 1


@pytest.mark.parametrize(
    "member",
    [
        {"payload": b"x" * 131_073},
        {"correlationData": "!"},
        {"correlationData": base64.b64encode(bytes(8_193)).decode()},
        {"contentType": "x" * 257},
        {"messageExpiry": -1},
        {"userProperties": "{"},
        {"userProperties": '{"a": "b"}'},
        {"userProperties": '[{"a": 1}]'},
        {"userProperties": json.dumps([{"a": "b" * 8_192}])},
    ],
    ids=lambda member: next(iter(member)),
)
async def test_members_that_cannot_be(
    data: Caller[IotDataService], broker: Broker, member: dict[str, object]
) -> None:
    error = await refuse(data, "Publish", topic="a", **member)
    assert error.code == "InvalidRequestException"
    assert broker.published == []


@pytest.mark.parametrize(("given", "kept"), [(0, 1), (604_801, 604_800)])
async def test_expiry_is_brought_into_range(
    data: Caller[IotDataService], broker: Broker, given: int, kept: int
) -> None:
    await data("Publish", topic="a", messageExpiry=given)
    assert broker.published[0].message_expiry_s == kept


async def test_publishing_asks_for_publish_and_when_retained_for_retain_publish(
    data: Caller[IotDataService],
) -> None:
    row = data.rows["Publish"]
    assert row.action == "iot:Publish"
    assert row.also(data.make_call("Publish", {"topic": "a"})) == ()
    assert row.also(data.make_call("Publish", {"topic": "a", "retain": False})) == ()
    retained = data.make_call("Publish", {"topic": "a", "retain": True})
    assert row.also(retained) == ("iot:RetainPublish",)
    arn = f"arn:aws:iot:{REGION}:{ACCOUNT}:topic/building/1"
    assert await data.resources("Publish", topic="building/1") == (arn,)
    assert await data.resources("GetRetainedMessage", topic="building/1") == (arn,)
    assert await data.resources("ListRetainedMessages") == ("*",)


async def test_a_retained_message_is_read(data: Caller[IotDataService], broker: Broker) -> None:
    broker.kept["a/b"] = RetainedMessage("a/b", b"on", 1, NOW_S, (("k", "v"),))
    assert await data("GetRetainedMessage", topic="a/b") == {
        "topic": "a/b",
        "payload": b"on",
        "qos": 1,
        "lastModifiedTime": int(NOW_S) * 1000,
        "userProperties": b'[{"k":"v"}]',
    }
    error = await refuse(data, "GetRetainedMessage", topic="a")
    assert error.code == "ResourceNotFoundException"


async def test_retained_messages_are_listed_in_pages(
    data: Caller[IotDataService], broker: Broker
) -> None:
    for topic in ("c", "a", "b"):
        broker.kept[topic] = RetainedMessage(topic, b"xy", 0, NOW_S)
    first = await data("ListRetainedMessages", maxResults=2)
    rest = await data("ListRetainedMessages", maxResults=2, nextToken=first["nextToken"])
    topics = [*first["retainedTopics"], *rest["retainedTopics"]]
    assert [item["topic"] for item in topics] == ["a", "b", "c"]
    assert topics[0] == {
        "topic": "a",
        "payloadSize": 2,
        "qos": 0,
        "lastModifiedTime": int(NOW_S) * 1000,
    }
    assert "nextToken" not in rest
    error = await refuse(data, "ListRetainedMessages", nextToken="nope")
    assert error.code == "InvalidRequestException"
