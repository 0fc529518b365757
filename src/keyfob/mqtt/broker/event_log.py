"""Log lines in the form of CloudWatch's AWSIotLogsV2.

One JSON object a line on the logger `keyfob.mqtt.events`. A PUBLISH that is taken is never logged,
so the packet path knows nothing of this module.

Source: IoT Developer Guide, `cwl-format` (documented members; which of them a line has follows its
event type there).
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from keyfob.core.ids import AccountId, Randomness, new_uuid
from keyfob.mqtt.broker.events import DisconnectReason

if TYPE_CHECKING:
    from keyfob.core.clock import Clock
    from keyfob.mqtt.broker.connection import Connection

logger = logging.getLogger("keyfob.mqtt.events")


class LogLevel(Enum):
    """Which events are logged."""

    OFF = "off"
    FAILURES = "failures"
    ALL = "all"


class EventLog:
    """Writes one broker's events."""

    def __init__(
        self, level: LogLevel, account: AccountId, clock: Clock, randomness: Randomness
    ) -> None:
        """Log what `level` says."""
        self._level = level
        self._account = account
        self._clock = clock
        self._randomness = randomness

    def connected(self, connection: Connection) -> None:
        """A client connected."""
        self._write(
            "Connect",
            connection,
            keepAliveDuration=connection.keep_alive_s,
            sessionExpiry=connection.session.expiry_interval_s,
            cleanSession=not connection.session.is_persistent,
        )

    def refused(self, connection: Connection, client_id: str) -> None:
        """A client may not connect."""
        self._fail("Connect", connection, connection.authorizer.reason(), clientId=client_id)

    def disconnected(self, connection: Connection, reason: DisconnectReason) -> None:
        """A connection ended."""
        self._write("Disconnect", connection, disconnectReason=reason.value)

    def subscribed(self, connection: Connection, kind: str, topic_filters: list[str]) -> None:
        """Subscriptions were added or dropped."""
        event = "Subscribe" if kind == "subscribed" else "Unsubscribe"
        for topic_filter in topic_filters:
            self._write(event, connection, topicName=topic_filter)

    def subscribe_refused(self, connection: Connection, topic_filter: str, why: str) -> None:
        """A client may not subscribe."""
        self._fail("Subscribe", connection, why, topicName=topic_filter)

    def publish_refused(self, connection: Connection, topic: str, why: str) -> None:
        """A client may not publish."""
        self._fail("Publish-In", connection, why, topicName=topic)

    def _fail(self, event: str, connection: Connection, details: str, **members: object) -> None:
        if self._level is not LogLevel.OFF:
            self._emit(
                logging.ERROR,
                event,
                connection,
                {"reason": "AUTHORIZATION_FAILURE", "details": details, **members},
            )

    def _write(self, event: str, connection: Connection, **members: object) -> None:
        if self._level is LogLevel.ALL:
            self._emit(logging.INFO, event, connection, members)

    def _emit(
        self, level: int, event: str, connection: Connection, members: dict[str, object]
    ) -> None:
        moment = datetime.fromtimestamp(self._clock.now(), UTC)
        line: dict[str, object] = {
            "timestamp": moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}",
            "logLevel": logging.getLevelName(level),
            "traceId": new_uuid(self._randomness),
            "accountId": self._account,
            "status": "Failure" if level == logging.ERROR else "Success",
            "eventType": event,
            "protocol": "MQTT",
            "clientId": connection.client_id,
            "principalId": connection.authorizer.principal_identifier,
            "sourceIp": connection.peer.ip,
            "sourcePort": connection.peer.port,
            **members,
        }
        logger.log(level, json.dumps(line))
