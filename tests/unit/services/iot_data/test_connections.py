import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.iot_data.clients import NoConnections
from tests.unit.services.iot_data.test_publish import Broker

from keyfob.core.errors import AwsError
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.ports import ClientConnection, Delivery, OutgoingMessage
from keyfob.services.iot_data.service import OPERATIONS

OPEN = ClientConnection("c", True, "192.0.2.7", 4711, 60, 3600, 1000.5)
ENDED = ClientConnection("c", False, "192.0.2.7", 0, 60, 0, 1000.5, 1010.0, "CONNECTION_LOST")


@pytest.fixture
def clients() -> NoConnections:
    return NoConnections()


@pytest.fixture
def data(clients: NoConnections) -> Caller[IotDataService]:
    broker = Broker()
    return Caller("iot-data", IotDataService(broker, broker, broker, clients), OPERATIONS)


async def refuse(data: Caller[IotDataService], name: str, **params: object) -> str:
    with pytest.raises(AwsError) as caught:
        await data(name, **params)
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DeleteConnection", {}),
        ("GetConnection", {}),
        ("ListSubscriptions", {}),
        ("SendDirectMessage", {"topic": "t"}),
    ],
)
async def test_a_client_that_is_not_there(
    data: Caller[IotDataService], name: str, params: dict[str, str]
) -> None:
    assert await refuse(data, name, clientId="c", **params) == "ResourceNotFoundException"


async def test_delete_connection(data: Caller[IotDataService], clients: NoConnections) -> None:
    clients.found = OPEN
    await data("DeleteConnection", clientId="c")
    await data("DeleteConnection", clientId="c", cleanSession=True, preventWillMessage=True)
    assert clients.ended == [("c", False, False), ("c", True, True)]


async def test_an_open_connection(data: Caller[IotDataService], clients: NoConnections) -> None:
    clients.found = OPEN
    answer = await data("GetConnection", clientId="c")
    assert answer == {
        "connected": True,
        "clientId": "c",
        "cleanSession": False,
        "keepAliveDuration": 60,
        "sessionExpiry": 3600,
        "connectedSince": 1_000_500,
    }
    more = await data("GetConnection", clientId="c", includeSocketInformation=True)
    assert (more["sourceIp"], more["sourcePort"]) == ("192.0.2.7", 4711)


async def test_a_connection_that_ended(
    data: Caller[IotDataService], clients: NoConnections
) -> None:
    clients.found = ENDED
    answer = await data("GetConnection", clientId="c")
    assert answer["connected"] is False
    assert answer["disconnectedSince"] == 1_010_000
    assert answer["disconnectReason"] == "CONNECTION_LOST"
    assert "connectedSince" not in answer


async def test_subscriptions_in_pages(data: Caller[IotDataService], clients: NoConnections) -> None:
    clients.subscribed = (("a", 0), ("b/#", 1), ("c", 1))
    first = await data("ListSubscriptions", clientId="c", maxResults=2)
    assert [item["topicFilter"] for item in first["subscriptions"]] == ["a", "b/#"]
    rest = await data("ListSubscriptions", clientId="c", nextToken=first["nextToken"])
    assert rest == {"subscriptions": [{"topicFilter": "c", "qos": 1}]}
    assert (
        await refuse(data, "ListSubscriptions", clientId="c", nextToken="x")
        == "InvalidRequestException"
    )


async def test_a_direct_message(data: Caller[IotDataService], clients: NoConnections) -> None:
    clients.delivery = Delivery.DONE
    answer = await data("SendDirectMessage", clientId="c", topic="t", payload=b"x")
    assert answer["message"] == "OK"
    await data("SendDirectMessage", clientId="c", topic="t", confirmation=True)
    assert clients.sent == [
        ("c", OutgoingMessage("t", b"x"), None),
        ("c", OutgoingMessage("t", b"", 1), 5),
    ]


@pytest.mark.parametrize(
    ("delivery", "code"),
    [
        (Delivery.REFUSED, "ForbiddenException"),
        (Delivery.UNCONFIRMED, "GatewayTimeoutException"),
    ],
)
async def test_a_direct_message_that_does_not_arrive(
    data: Caller[IotDataService], clients: NoConnections, delivery: Delivery, code: str
) -> None:
    clients.delivery = delivery
    assert await refuse(data, "SendDirectMessage", clientId="c", topic="t") == code


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"topic": "a/#"}, "InvalidRequestException"),
        ({"topic": "t", "timeout": 16}, "InvalidRequestException"),
        ({"topic": "t", "payload": b"x" * 131_073}, "RequestEntityTooLargeException"),
    ],
)
async def test_direct_messages_that_are_refused(
    data: Caller[IotDataService], clients: NoConnections, params: dict[str, object], code: str
) -> None:
    assert await refuse(data, "SendDirectMessage", clientId="c", **params) == code
    assert clients.sent == []
