"""An MQTT 5 client over a signed WebSocket that answers synchronously, packet by packet."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from tests.conformance.flow import REGION
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from keyfob.cli.demo.person import Credentials
from keyfob.mqtt.codec import decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Packet,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    Version,
)
from keyfob.store.data_directory import Endpoints

ANSWER_TIMEOUT_S = 10.0
NOT_AUTHORIZED = 0x87


def presigned_url(endpoints: Endpoints, theirs: Credentials) -> str:
    """Sign the WebSocket's URL as AWS documents it: the session token is appended afterwards."""
    host = urlsplit(endpoints.endpoint_url).netloc
    request = AWSRequest("GET", f"http://{host}/mqtt", headers={"host": host})
    keys = BotocoreCredentials(theirs.access_key_id, theirs.secret_key)
    SigV4QueryAuth(keys, "iotdevicegateway", REGION, expires=300).add_auth(request)
    token = quote(theirs.session_token, safe="")
    return f"ws://{host}/mqtt?{urlsplit(request.url).query}&X-Amz-Security-Token={token}"


class ClosedError(Exception):
    """The server closed instead of answering."""


class Device:
    """One connection; every method waits for the answer to what it sent."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._buffer = b""
        self._packet_id = 0
        self.inbox: list[Publish] = []

    def connect(self, client_id: str) -> int:
        """Send CONNECT and return the reason code."""
        answer = self._ask(Connect(Version.V5, client_id))
        assert isinstance(answer, ConnAck)
        return answer.code

    def subscribe(self, topic_filter: str) -> int:
        """Subscribe with QoS 1 and return the reason code."""
        request = SubscriptionRequest(topic_filter, 1)
        answer = self._ask(Subscribe(self._next_id(), (request,)))
        assert isinstance(answer, SubAck)
        return answer.codes[0]

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Publish with QoS 1 and return the reason code."""
        packet = Publish(topic, payload, qos=1, retain=retain, packet_id=self._next_id())
        answer = self._ask(packet)
        assert isinstance(answer, Ack)
        return answer.code

    def received(self) -> list[tuple[str, bytes]]:
        """Return everything delivered so far: what was routed comes before a PINGRESP."""
        assert isinstance(self._ask(PingReq()), PingResp)
        found = [(message.topic, message.payload) for message in self.inbox]
        self.inbox.clear()
        return found

    def _next_id(self) -> int:
        self._packet_id += 1
        return self._packet_id

    def _ask(self, packet: Packet) -> Packet:
        try:
            self._socket.send(encode(packet, Version.V5))
            while isinstance(answer := self._read(), Publish):
                self.inbox.append(answer)
        except ConnectionClosed as error:
            raise ClosedError from error
        return answer

    def _read(self) -> Packet:
        while (length := frame_length(self._buffer)) is None or len(self._buffer) < length:
            data = self._socket.recv(ANSWER_TIMEOUT_S)
            assert isinstance(data, bytes)
            self._buffer += data
        frame, self._buffer = self._buffer[:length], self._buffer[length:]
        header = 1
        while frame[header] & 0x80:
            header += 1
        return decode(frame[0], frame[header + 1 :], Version.V5)


@contextmanager
def device(endpoints: Endpoints, theirs: Credentials) -> Iterator[Device]:
    """Open a signed WebSocket; CONNECT is not yet sent."""
    url = presigned_url(endpoints, theirs)
    with connect(url, subprotocols=[Subprotocol("mqtt")], close_timeout=1, proxy=None) as socket:
        yield Device(socket)
