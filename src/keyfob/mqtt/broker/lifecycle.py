"""Publishes lifecycle events: who connected, failed to, left, subscribed.

Documented: IoT Developer Guide, `life-cycle-events`. The version number of a client id rises with
each connection and is forgotten about an hour after the last one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyfob.core.ids import Randomness, new_uuid
from keyfob.mqtt.broker.events import DisconnectReason, presence_topic, subscriptions_topic
from keyfob.mqtt.session import Message

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker
    from keyfob.mqtt.broker.connection import Connection

MAX_VERSION_NUMBERS = 100_000
"""Client ids whose `versionNumber` is remembered; the oldest are forgotten."""
VERSION_MEMORY_S = 3600.0
"""AWS forgets a client's version number after about an hour offline (documented)."""


class Lifecycle:
    """Tells subscribers of `$aws/events/...` what happens to connections."""

    def __init__(self, broker: Broker, randomness: Randomness) -> None:
        """Publish through one broker."""
        self._broker = broker
        self._randomness = randomness
        self._version_numbers: dict[str, tuple[int, float]] = {}

    def refused(self, connection: Connection, client_id: str) -> None:
        """Log and publish `connect_failed`."""
        self._broker.log.refused(connection, client_id)
        self._announce(
            presence_topic("connect_failed", client_id),
            connection,
            client_id,
            eventType="connect_failed",
            connectFailureReason="AUTHORIZATION_FAILED",
            ipAddress=connection.peer.ip,
        )

    def subscriptions_changed(
        self, connection: Connection, kind: str, topic_filters: list[str]
    ) -> None:
        """Log and publish `subscribed` or `unsubscribed`."""
        self._broker.log.subscribed(connection, kind, topic_filters)
        client_id = connection.session.client_id
        topic = subscriptions_topic(kind, client_id)
        self._announce(topic, connection, client_id, eventType=kind, topics=topic_filters)

    def connected(self, connection: Connection) -> None:
        """Log and publish `connected`."""
        self._broker.log.connected(connection)
        client_id = connection.session.client_id
        connection.version_number = self._next_version_number(client_id)
        self._announce(
            presence_topic("connected", client_id),
            connection,
            client_id,
            eventType="connected",
            ipAddress=connection.peer.ip,
            versionNumber=connection.version_number,
        )

    def disconnected(self, connection: Connection, reason: DisconnectReason) -> None:
        """Log and publish `disconnected`."""
        self._broker.log.disconnected(connection, reason)
        client_id = connection.session.client_id
        self._version_numbers[client_id] = (connection.version_number, self._broker.clock.now())
        self._announce(
            presence_topic("disconnected", client_id),
            connection,
            client_id,
            eventType="disconnected",
            clientInitiatedDisconnect=reason is DisconnectReason.CLIENT_INITIATED_DISCONNECT,
            disconnectReason=reason.value,
            versionNumber=connection.version_number,
        )

    def _next_version_number(self, client_id: str) -> int:
        numbers, now_s = self._version_numbers, self._broker.clock.now()
        number, seen_at_s = numbers.pop(client_id, (-1, 0.0))
        number = 0 if now_s - seen_at_s > VERSION_MEMORY_S else number + 1
        numbers[client_id] = (number, now_s)
        if len(numbers) > MAX_VERSION_NUMBERS:
            del numbers[next(iter(numbers))]
        return number

    def _announce(
        self, topic: str | None, connection: Connection, client_id: str, **members: object
    ) -> None:
        """Publish an event if anybody would receive it."""
        if topic is None:
            return
        router = self._broker.router
        route = router.find_route(topic.encode())
        if route.is_empty:
            return
        if not connection.session_identifier:
            connection.session_identifier = new_uuid(self._randomness)
        event = {
            "clientId": client_id,
            "timestamp": int(self._broker.clock.now() * 1000),
            "sessionIdentifier": connection.session_identifier,
            "principalIdentifier": connection.authorizer.principal_identifier,
            **members,
        }
        router.deliver(route, Message(topic.encode(), json.dumps(event).encode(), 1), None)
