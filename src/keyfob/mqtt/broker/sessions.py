"""The sessions of a broker: opened, resumed, taken over, left, ended, restored.

Rules. A client id has at most one session and one connection. CONNACK of a session that the journal
holds follows the commit (`OPENING` until then).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from keyfob.mqtt.broker import handshake
from keyfob.mqtt.broker.client import ClientSession
from keyfob.mqtt.broker.connection import Connection, State
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.broker.shared import is_shared
from keyfob.mqtt.broker.stored import restore_message
from keyfob.mqtt.broker.wills import store_will
from keyfob.mqtt.codec import PropertyId, ReasonCode
from keyfob.mqtt.codec.packets import Connect
from keyfob.mqtt.ports import (
    MessagesSettled,
    SessionClosed,
    SessionEnded,
    SessionOpened,
    StoredSession,
)
from keyfob.mqtt.session import Subscription

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker


class Sessions:
    """Every session by client id."""

    def __init__(self, broker: Broker) -> None:
        """Start with none."""
        self._broker = broker
        self._sessions: dict[str, ClientSession] = {}
        self._opening: dict[str, Connection] = {}
        self._settled: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[ClientSession]:
        return iter(list(self._sessions.values()))

    def get(self, client_id: str) -> ClientSession | None:
        """Return a client's session."""
        return self._sessions.get(client_id)

    # Opening

    def open(self, connection: Connection, packet: Connect, client_id: str) -> None:
        """Open the session of an allowed CONNECT; CONNACK follows the commit if there is one."""
        broker, settings = self._broker, connection.settings
        self._take_over(client_id)
        session = self._sessions.get(client_id)
        is_commit_due = False
        if session is not None and packet.clean_start:
            is_commit_due = session.is_stored
            self.end(session)
            session = None
        is_present = session is not None
        expiry_s = handshake.session_expiry_s(connection, packet)
        if session is None:
            session = ClientSession(client_id, expiry_s, settings.window)
            self._sessions[client_id] = session
        window = packet.properties.integer(PropertyId.RECEIVE_MAXIMUM, settings.window)
        session.resume(expiry_s, min(settings.window, window))
        connection.session = session
        connection.will = packet.will
        answer = handshake.connack(connection, packet, client_id=client_id, is_present=is_present)
        if session.is_persistent:
            will = None if packet.will is None else store_will(packet.will, connection.authorizer)
            broker.durable.add(SessionOpened(client_id, expiry_s, not is_present, will))
            session.is_stored = is_commit_due = True
        if not is_commit_due:
            self._opened(connection, answer)
            return
        connection.state = State.OPENING
        self._opening[client_id] = connection
        connection.pause()
        broker.durable.when_durable(
            lambda is_durable: self._opened_durably(connection, answer, is_durable)
        )

    def _take_over(self, client_id: str) -> None:
        """End the connection that uses this client id. Documented: DUPLICATE_CLIENTID, 0x8E."""
        session = self._sessions.get(client_id)
        earlier = self._opening.get(client_id) or (session and session.connection)
        if earlier:
            earlier.close(DisconnectReason.DUPLICATE_CLIENTID, ReasonCode.SESSION_TAKEN_OVER)

    def _opened_durably(self, connection: Connection, answer: bytes, is_durable: bool) -> None:
        if connection.state is not State.OPENING:
            return
        if not is_durable:
            self._broker.metrics.connect_server_error += 1
            handshake.refuse_unavailable(connection)
            return
        del self._opening[connection.session.client_id]
        self._opened(connection, answer)
        connection.resume()
        connection.opened()

    def _opened(self, connection: Connection, answer: bytes) -> None:
        broker, session = self._broker, connection.session
        connection.state = State.CONNECTED
        session.connection = connection
        connection.send(answer)
        broker.metrics.connect_success += 1
        if session.subscriptions:
            broker.router.forget_routes()
        connection.send_again()
        connection.send_waiting()
        if any(map(is_shared, session.subscriptions)):
            broker.router.shared.drain(broker.router)
        broker.lifecycle.connected(connection)

    # Ending

    def left(self, connection: Connection, was_connected: bool, reason: DisconnectReason) -> None:
        """The connection of an open or opening session is over."""
        broker, session = self._broker, connection.session
        will_at_s = None
        if not was_connected:
            connection.authorizer.close()
            self._opening.pop(session.client_id, None)
        else:
            if session.connection is connection:
                session.connection = None
                if session.subscriptions:
                    broker.router.forget_routes()
            will_at_s = broker.wills.leave(connection, session)
        if session.is_persistent:
            expires_at_s = broker.clock.now() + session.expiry_interval_s
            self._settle_now(session)
            broker.durable.add(
                SessionClosed(session.client_id, expires_at_s, session.sent_up_to(), will_at_s)
            )
            session.ending = broker.agenda.at(expires_at_s, lambda: self.end(session))
        else:
            self.end(session)
        if was_connected:
            broker.lifecycle.disconnected(connection, reason)

    def end(self, session: ClientSession) -> None:
        """Forget a session and everything in it."""
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]
        for topic_filter in list(session.subscriptions):
            self._broker.router.unsubscribe(session, topic_filter)
        self._settled.pop(session.client_id, None)
        if session.ending is not None:
            session.ending.cancel()
        if session.is_stored:
            session.is_stored = False
            self._broker.durable.add(SessionEnded(session.client_id))
        if session.will is not None:
            session.will.send()  # [MQTT-3.1.2-8]: no later than the session's end

    # After a restart

    def restore(self, stored: tuple[StoredSession, ...]) -> None:
        """Take over what was committed."""
        for session in stored:
            if not is_shared(session.client_id):
                self._restore(session)
        for session in stored:
            if is_shared(session.client_id):
                self._restore_shared(session)

    def _restore(self, stored: StoredSession) -> None:
        broker = self._broker
        session = ClientSession(stored.client_id, stored.expiry_interval_s, broker.settings.window)
        session.is_stored = True
        self._sessions[stored.client_id] = session
        for kept in stored.subscriptions:
            subscription = Subscription(
                kept.qos, kept.options, kept.identifier, kept.matches_parent
            )
            broker.router.subscribe(session, kept.topic_filter, subscription)
        self._restore_messages(session, stored)
        session.received = set(stored.received) or None
        will_at_s = None
        if stored.will is not None:
            will_at_s = broker.wills.restore(session, stored.will, stored.will_at_s)
        expires_at_s = stored.expires_at_s
        if expires_at_s is None:  # its client was connected when the process ended
            expires_at_s = broker.clock.now() + stored.expiry_interval_s
            broker.durable.add(
                SessionClosed(stored.client_id, expires_at_s, session.sent_up_to(), will_at_s)
            )
        session.ending = broker.agenda.at(expires_at_s, lambda: self.end(session))

    def _restore_messages(self, session: ClientSession, stored: StoredSession) -> None:
        """Queue what was not delivered.

        What may have been sent goes in flight, to be sent again with DUP: all up to where the
        client left or, if it was connected to the end, as many as a window holds.
        """
        was_connected = stored.expires_at_s is None
        for index, delivery in enumerate(stored.messages):
            message = None if delivery.message is None else restore_message(delivery.message)
            was_sent = delivery.number <= stored.sent_up_to or (
                was_connected and index < session.window
            )
            session.restore(message, delivery.number, delivery.packet_id, was_sent=was_sent)
            self._broker.router.restore_numbers(delivery.number)

    def _restore_shared(self, stored: StoredSession) -> None:
        queue = ClientSession(stored.client_id, stored.expiry_interval_s, 1)
        for delivery in stored.messages:
            if delivery.message is not None:
                message = restore_message(delivery.message)
                queue.restore(message, delivery.number, delivery.packet_id, was_sent=False)
                self._broker.router.restore_numbers(delivery.number)
        if not self._broker.router.shared.restore_queue(queue):
            self._broker.durable.add(SessionEnded(stored.client_id))

    # Journal of deliveries

    def settle(self, session: ClientSession, number: int) -> None:
        """A session's message was acknowledged or dropped; 0 was never kept."""
        if number <= 0:
            if number:
                self._broker.direct.confirm(number)
            return
        if not self._settled:
            self._broker.loop.call_soon(self.commit_settled)
        self._settled.setdefault(session.client_id, []).append(number)

    def commit_settled(self) -> None:
        """Journal what was settled in this tick."""
        settled, self._settled = self._settled, {}
        for client_id, numbers in settled.items():
            self._broker.durable.add(MessagesSettled(client_id, tuple(numbers)))

    def _settle_now(self, session: ClientSession) -> None:
        numbers = self._settled.pop(session.client_id, None)
        if numbers:
            self._broker.durable.add(MessagesSettled(session.client_id, tuple(numbers)))
