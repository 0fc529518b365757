"""The article's flow in Python: boto3, pycognito, AWS's device SDK and paho, unmodified."""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from awscrt import auth, mqtt
from awsiot import mqtt_connection_builder
from tests.interop.people import BUILDINGS, REGION
from tests.interop.presigning import presigned_path

from keyfob.cli.demo.person import Credentials
from keyfob.testing import ServerProcess

pytestmark = pytest.mark.interop


class Sdk:
    """One MQTT 3.1.1 connection of awsiotsdk; a refusal is a closed connection."""

    def __init__(self, server: ServerProcess, theirs: Credentials, client_id: str) -> None:
        endpoints = server.endpoints
        self.messages: queue.Queue[bytes] = queue.Queue()
        self._closed: Future[None] = Future()
        self._connection = mqtt_connection_builder.websockets_with_default_aws_signing(
            region=REGION,
            credentials_provider=auth.AwsCredentialsProvider.new_static(
                theirs.access_key_id, theirs.secret_key, theirs.session_token
            ),
            endpoint=endpoints.mqtt_host,
            port=endpoints.mqtt_port,
            ca_filepath=endpoints.ca_file,
            client_id=client_id,
            reconnect_min_timeout_secs=60,
            reconnect_max_timeout_secs=60,
            on_connection_interrupted=self._on_interrupted,
        )
        self._connection.connect().result(5)

    def _on_interrupted(self, **_facts: Any) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    def is_allowed(self, future: "Future[Any]") -> bool:
        """Wait for the packet's answer, or for the connection to be closed instead."""
        answered = threading.Event()
        future.add_done_callback(lambda _: answered.set())
        self._closed.add_done_callback(lambda _: answered.set())
        assert answered.wait(5), "neither answered nor closed"
        return not self._closed.done()

    def subscribe(self, topic: str) -> bool:
        future, _ = self._connection.subscribe(
            topic,
            mqtt.QoS.AT_LEAST_ONCE,
            lambda topic, payload, **_: self.messages.put(bytes(payload)),
        )
        return self.is_allowed(future)

    def publish(self, topic: str, payload: str) -> bool:
        future, _ = self._connection.publish(topic, payload, mqtt.QoS.AT_LEAST_ONCE)
        return self.is_allowed(future)

    def close(self) -> None:
        ended = self._connection.disconnect()
        if not self._closed.done():  # a closed client waits to reconnect before it lets go
            ended.result(5)


@contextmanager
def sdk(server: ServerProcess, theirs: Credentials, client_id: str) -> Iterator[Sdk]:
    connection = Sdk(server, theirs, client_id)
    yield connection
    connection.close()


@pytest.mark.parametrize("user", ["alice", "bob"])
@pytest.mark.parametrize("building", ["1", "2"])
def test_device_sdk_is_held_to_its_own_building(
    server: ServerProcess, credentials: dict[str, Credentials], user: str, building: str
) -> None:
    is_own = building == BUILDINGS[user]
    theirs = credentials[user]
    topic = f"building/{building}/sdk"
    with sdk(server, theirs, f"{user}-sdk-1") as connection:
        assert connection.subscribe(topic) == is_own
    with sdk(server, theirs, f"{user}-sdk-2") as connection:
        assert connection.publish(topic, "hello") == is_own


def test_device_sdk_receives_what_others_of_the_building_publish(
    server: ServerProcess, credentials: dict[str, Credentials]
) -> None:
    with (
        sdk(server, credentials["alice"], "alice-sdk-r") as receiver,
        sdk(server, credentials["alice"], "alice-sdk-p") as publisher,
    ):
        assert receiver.subscribe("building/1/+")
        assert publisher.publish("building/1/door", "open")
        assert receiver.messages.get(timeout=5) == b"open"


def netloc(server: ServerProcess) -> str:
    return urlsplit(server.endpoints.endpoint_url).netloc


class Paho:
    """One paho connection over plain `ws://` with a presigned URL."""

    def __init__(self, server: ServerProcess, path: str, client_id: str) -> None:
        address = urlsplit(server.endpoints.endpoint_url)
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, transport="websockets"
        )
        self.client.ws_set_options(path=path)
        self.client.on_connect = lambda c, u, f, rc, p: self.events.put(("connected", rc))
        self.client.on_subscribe = lambda c, u, mid, rcs, p: self.events.put(("subscribed", mid))
        self.client.on_publish = lambda c, u, mid, rc, p: self.events.put(("published", mid))
        self.client.on_message = lambda c, u, m: self.events.put(("message", m.payload))
        self.client.on_disconnect = lambda c, u, f, rc, p: self.events.put(("closed", rc))
        self.client.connect(address.hostname or "", address.port or 0)
        self.client.loop_start()
        assert self.next() == "connected"

    def next(self) -> str:
        return self.events.get(timeout=5)[0]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("action", ["subscribe", "publish"])
@pytest.mark.parametrize("building", ["1", "2"])
def test_paho_with_a_presigned_url_is_held_to_its_own_building(
    server: ServerProcess, credentials: dict[str, Credentials], building: str, action: str
) -> None:
    path = presigned_path(netloc(server), credentials["alice"])
    connection = Paho(server, path, f"alice-paho-{building}-{action}")
    if action == "subscribe":
        connection.client.subscribe(f"building/{building}/#", qos=1)
        expected = "subscribed"
    else:
        connection.client.publish(f"building/{building}/paho", "hello", qos=1)
        expected = "published"
    assert connection.next() == (expected if building == "1" else "closed")
    connection.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho's socket
def test_an_unsigned_or_spoilt_websocket_is_refused(
    server: ServerProcess, credentials: dict[str, Credentials]
) -> None:
    good = presigned_path(netloc(server), credentials["alice"])
    for path in ("/mqtt", good.replace("X-Amz-Signature=", "X-Amz-Signature=0")):
        with pytest.raises(paho.WebsocketConnectionError):
            Paho(server, path, "nobody")
