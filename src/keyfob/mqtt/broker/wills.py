"""Wills: published when a connection ends otherwise than by its client's DISCONNECT.

A will is judged at CONNECT and again when it is sent, by the authorizer of its connection. That of
a persistent session is durable from its CONNACK on: after a restart the connection counts as lost
at the restart, and an authorizer is opened anew to judge the will. When that is not possible the
will is not sent.

Source: MQTT 5.0, 3.1.2.5 and 3.1.3.2.2; that wills outlive a restart is keyfob's own.
"""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable
from typing import TYPE_CHECKING

from keyfob.mqtt.broker.client import ClientSession, DelayedWill
from keyfob.mqtt.codec.packets import WillMessage
from keyfob.mqtt.codec.primitives import Reader, encode_varint
from keyfob.mqtt.codec.properties import (
    PropertyId,
    PropertySet,
    decode_properties,
    encode_property_list,
)
from keyfob.mqtt.ports import (
    ConnectionAuthorizer,
    ReopenAuthorizer,
    StoredMessage,
    StoredWill,
    WillSettled,
)

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker
    from keyfob.mqtt.broker.connection import Connection

_log = logging.getLogger(__name__)


class Wills:
    """The wills of one broker's clients."""

    def __init__(self, broker: Broker, reopen: ReopenAuthorizer | None) -> None:
        """Publish through `broker`; `reopen` makes authorizers for wills found at the start."""
        self._broker = broker
        self._reopen = reopen
        self._tasks: set[Future[None]] = set()

    def leave(self, connection: Connection, session: ClientSession) -> float | None:
        """Send the will of a connection that ended, or arrange for it; return when it is due."""
        will, connection.will = connection.will, None
        authorizer = connection.authorizer
        if will is None:
            authorizer.close()
            return None

        def send() -> None:
            self._send(authorizer, will)
            authorizer.close()

        delay_s = min(_delay_s(will), session.expiry_interval_s)
        if not delay_s:
            send()
            return None
        return self._delay(session, self._broker.clock.now() + delay_s, send, authorizer.close)

    def restore(self, session: ClientSession, stored: StoredWill, at_s: float | None) -> float:
        """Arrange for a will that outlived the process; return when it is due."""
        if at_s is None:  # its client was connected when the process ended
            at_s = self._broker.clock.now() + min(stored.delay_s, session.expiry_interval_s)
        client_id = session.client_id

        def send() -> None:
            task = self._broker.loop.create_task(self._judge_anew(client_id, stored))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return self._delay(session, at_s, send, lambda: None)

    async def drain(self) -> None:
        """Return when no will is on its way."""
        while self._tasks:
            await next(iter(self._tasks))

    def _delay(
        self,
        session: ClientSession,
        at_s: float,
        send: Callable[[], None],
        release: Callable[[], None],
    ) -> float:
        def act() -> None:
            session.will = None
            if session.is_stored:
                self._broker.durable.add(WillSettled(session.client_id))
            send()

        session.will = DelayedWill(self._broker.agenda.at(at_s, act), release)
        return at_s

    def _send(self, authorizer: ConnectionAuthorizer, will: WillMessage) -> None:
        """Publish a will, if its client may still do so."""
        if authorizer.may_publish(will.topic, retain=will.retain):
            self._broker.send(will.topic, will.payload, will.qos, will.retain, will.properties)
        else:
            self._broker.metrics.publish_in_auth_error += 1

    async def _judge_anew(self, client_id: str, stored: StoredWill) -> None:
        if self._reopen is None:
            _log.warning("the will of %s is not sent: nobody can judge it", client_id)
            return
        try:
            authorizer = await self._reopen(stored.authorizer, client_id)
        except Exception as error:  # noqa: BLE001 - whatever a policy source raises, it is refused
            _log.warning("the will of %s is not sent: %s", client_id, error)
            return
        try:
            self._send(authorizer, restore_will(stored))
        finally:
            authorizer.close()


def store_will(will: WillMessage, authorizer: ConnectionAuthorizer) -> StoredWill:
    """Return a will as it is kept."""
    properties = encode_property_list(will.properties)
    message = StoredMessage(will.topic, will.payload, will.qos, properties)
    return StoredWill(message, _delay_s(will), will.retain, authorizer.reference)


def restore_will(stored: StoredWill) -> WillMessage:
    """Return a kept will."""
    message = stored.message
    framed = encode_varint(len(message.properties)) + message.properties
    properties = decode_properties(Reader(framed), PropertySet.WILL)
    return WillMessage(message.topic, message.payload, message.qos, stored.retain, properties)


def _delay_s(will: WillMessage) -> int:
    return will.properties.integer(PropertyId.WILL_DELAY_INTERVAL, 0)
