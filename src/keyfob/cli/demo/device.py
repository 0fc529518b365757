"""An MQTT 5 client over a signed WebSocket, made of AWS's own device SDK."""

import queue
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from awscrt import auth, mqtt5
from awsiot import mqtt5_client_builder

from keyfob.cli.demo.person import Credentials
from keyfob.store.data_directory import Endpoints

ANSWER_TIMEOUT_S = 5.0
_REFUSED = 0x80


@dataclass(frozen=True, slots=True)
class Answer:
    """What the broker said to one packet."""

    is_allowed: bool
    reason: str = ""
    """The reason string that came with a refusal."""


class Device:
    """One connection; `connect` first, `close` last."""

    def __init__(
        self, endpoints: Endpoints, region: str, client_id: str, credentials: Credentials
    ) -> None:
        """Prepare a client that signs its WebSocket upgrade with the credentials."""
        self._messages: queue.Queue[tuple[str, bytes]] = queue.Queue(1_000)
        self._connected: Future[Answer] = Future()
        self._stopped: Future[None] = Future()
        provider = auth.AwsCredentialsProvider.new_static(
            credentials.access_key_id, credentials.secret_key, credentials.session_token
        )
        self._client = mqtt5_client_builder.websockets_with_default_aws_signing(
            region=region,
            credentials_provider=provider,
            endpoint=endpoints.mqtt_host,
            port=endpoints.mqtt_port,
            ca_filepath=endpoints.ca_file,
            client_id=client_id,
            on_publish_received=self._on_publish,
            on_lifecycle_connection_success=self._on_connected,
            on_lifecycle_connection_failure=self._on_refused,
            on_lifecycle_stopped=lambda _: self._stopped.set_result(None),
        )

    def connect(self) -> Answer:
        """Connect and return the broker's answer."""
        self._client.start()
        return self._connected.result(ANSWER_TIMEOUT_S)

    def subscribe(self, topic_filter: str) -> Answer:
        """Subscribe with QoS 1."""
        packet = mqtt5.SubscribePacket(
            [mqtt5.Subscription(topic_filter=topic_filter, qos=mqtt5.QoS.AT_LEAST_ONCE)]
        )
        suback = self._client.subscribe(packet).result(ANSWER_TIMEOUT_S)
        return _answer(suback.reason_codes[0], suback.reason_string)

    def publish(self, topic: str, payload: str) -> Answer:
        """Publish with QoS 1."""
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE)
        puback = self._client.publish(packet).result(ANSWER_TIMEOUT_S).puback
        return _answer(puback.reason_code, puback.reason_string)

    def received(self, payload: str, timeout_s: float = ANSWER_TIMEOUT_S) -> bool:
        """Return whether a message with this payload arrives in time."""
        try:
            while True:
                _topic, got = self._messages.get(timeout=timeout_s)
                if got.decode() == payload:
                    return True
        except queue.Empty:
            return False

    def close(self) -> None:
        """Disconnect."""
        self._client.stop()
        self._stopped.result(ANSWER_TIMEOUT_S)

    def _on_publish(self, data: Any) -> None:
        packet = data.publish_packet
        self._messages.put_nowait((packet.topic, bytes(packet.payload or b"")))

    def _on_connected(self, _data: Any) -> None:
        if not self._connected.done():
            self._connected.set_result(Answer(is_allowed=True))

    def _on_refused(self, data: Any) -> None:
        if not self._connected.done():
            connack = data.connack_packet
            reason = connack.reason_string if connack else str(data.exception)
            self._connected.set_result(Answer(is_allowed=False, reason=reason or ""))


def _answer(code: int, reason: str | None) -> Answer:
    return Answer(is_allowed=int(code) < _REFUSED, reason=reason or "")
