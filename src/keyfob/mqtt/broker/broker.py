"""The broker of one account and region: sessions, their connections, retained messages.

It opens no sockets: listeners hand it outlets. All of its state is changed synchronously on one
loop; the journal's commits run in one task (`durable`), and a tick once a second looks at
keep-alives, CONNECT deadlines and the agenda (session ends, delayed wills).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from keyfob.core.clock import Clock
from keyfob.core.ids import AccountId, Randomness, Region, new_uuid
from keyfob.mqtt.broker import handshake
from keyfob.mqtt.broker.agenda import Agenda
from keyfob.mqtt.broker.client import ClientSession, DelayedWill
from keyfob.mqtt.broker.commands import build_message
from keyfob.mqtt.broker.connection import Connection, State
from keyfob.mqtt.broker.durable import GroupCommit
from keyfob.mqtt.broker.events import DisconnectReason, presence_topic, subscriptions_topic
from keyfob.mqtt.broker.metrics import BrokerMetrics
from keyfob.mqtt.broker.outbox import Outbox
from keyfob.mqtt.broker.retained import RetainedMessages
from keyfob.mqtt.broker.router import Router
from keyfob.mqtt.broker.settings import BrokerSettings
from keyfob.mqtt.codec import Properties, PropertyId, ReasonCode
from keyfob.mqtt.codec.packets import Connect, WillMessage
from keyfob.mqtt.ports import (
    Cancellable,
    ConnectionAuthorizer,
    Journal,
    Loop,
    MessagesSettled,
    Outlet,
    Retained,
    RetainedCleared,
    SessionClosed,
    SessionEnded,
    SessionOpened,
    StoredMessage,
    StoredSession,
)
from keyfob.mqtt.session import Message, Subscription, silence_limit_s
from keyfob.mqtt.topics import check_topic_name

TICK_S = 1.0
MAX_VERSION_NUMBERS = 100_000
"""Client ids whose `versionNumber` is remembered; the oldest are forgotten."""
VERSION_MEMORY_S = 3600.0
"""AWS forgets a client's version number after about an hour offline (documented)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection comes from."""

    ip: str


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What an administrator sees of a connection."""

    client_id: str
    source_ip: str
    principal: str
    protocol_version: int
    connected_at_s: float
    is_persistent: bool
    subscriptions: tuple[str, ...]


class Broker:
    """One account's broker in one region."""

    def __init__(
        self,
        *,
        account: AccountId,
        region: Region,
        journal: Journal,
        clock: Clock,
        randomness: Randomness,
        loop: Loop,
        settings: BrokerSettings | None = None,
    ) -> None:
        """Build a broker; `start` it before connections are accepted."""
        self.account = account
        self.region = region
        self.settings = settings or BrokerSettings()
        self.clock = clock
        self.loop = loop
        self.metrics = BrokerMetrics()
        self.outbox = Outbox(loop, self.metrics, self.settings.receiver_max_bytes)
        self.durable = GroupCommit(journal, loop)
        self.router = Router(self)
        self.sessions: dict[str, ClientSession] = {}
        self._journal = journal
        self._randomness = randomness
        self._agenda = Agenda()
        self._retained = RetainedMessages(self.settings.profile, self.settings.max_retained)
        self._connections: set[Connection] = set()
        self._opening: dict[str, Connection] = {}
        self._version_numbers: dict[str, tuple[int, float]] = {}
        self._settled: dict[str, list[int]] = {}
        self._ticking: Cancellable | None = None

    # Life

    async def start(self) -> None:
        """Load what was committed, and begin to tick.

        Raises:
            OSError: the journal cannot be read.
        """
        sessions, retained = await self._journal.load()
        for message in retained:
            self._retained.put(message.topic, _restore_message(message))
        for stored in sessions:
            self._restore(stored)
        self._tick()

    async def stop(self) -> None:
        """Disconnect everyone (v5: 0x8B) and commit what waits."""
        if self._ticking is not None:
            self._ticking.cancel()
        for connection in list(self._connections):
            connection.close(
                DisconnectReason.SERVER_INITIATED_DISCONNECT, ReasonCode.SERVER_SHUTTING_DOWN
            )
        self._commit_settled()
        await self.durable.drain()

    def accept(self, outlet: Outlet, authorizer: ConnectionAuthorizer, peer: Peer) -> Connection:
        """Return the connection of a newly opened outlet, to be fed with what it reads."""
        connection = Connection(self, outlet, authorizer, peer)
        self._connections.add(connection)
        return connection

    def _tick(self) -> None:
        """Once a second: keep-alives, CONNECT deadlines, the agenda."""
        self._ticking = self.loop.call_later(TICK_S, self._tick)
        now_s = self.clock.now()
        for connection in list(self._connections):
            if connection.was_heard:
                connection.was_heard = False
                connection.heard_at_s = now_s
            if connection.state is State.CONNECTED:
                limit_s = silence_limit_s(connection.keep_alive_s)
                if limit_s is not None and now_s - connection.heard_at_s > limit_s:
                    connection.close(
                        DisconnectReason.MQTT_KEEP_ALIVE_TIMEOUT, ReasonCode.KEEP_ALIVE_TIMEOUT
                    )
            elif now_s - connection.opened_at_s > self.settings.connect_deadline_s:
                connection.close(DisconnectReason.CLIENT_ERROR)
        self._agenda.run(now_s)

    # Sessions

    def new_client_id(self) -> str:
        """Make up a client id for a client that sent none."""
        return f"auto-{new_uuid(self._randomness)}"

    def open_session(self, connection: Connection, packet: Connect, client_id: str) -> None:
        """Open the session of an allowed CONNECT; CONNACK follows the commit if there is one."""
        self._take_over(client_id)
        session = self.sessions.get(client_id)
        is_commit_due = False
        if session is not None and packet.clean_start:
            is_commit_due = session.is_stored
            self._end_session(session)
            session = None
        is_present = session is not None
        expiry_s = handshake.session_expiry_s(connection, packet)
        if session is None:
            session = ClientSession(client_id, expiry_s, self.settings.window)
            self.sessions[client_id] = session
        session.resume(
            expiry_s,
            min(
                self.settings.window,
                packet.properties.integer(PropertyId.RECEIVE_MAXIMUM, self.settings.window),
            ),
        )
        connection.session = session
        connection.will = packet.will
        answer = handshake.connack(connection, packet, client_id=client_id, is_present=is_present)
        if session.is_persistent:
            self.durable.add(SessionOpened(client_id, expiry_s, clean=not is_present))
            session.is_stored = is_commit_due = True
        if not is_commit_due:
            self._opened(connection, answer)
            return
        connection.state = State.OPENING
        self._opening[client_id] = connection
        connection.pause()
        self.durable.when_durable(
            lambda is_durable: self._opened_durably(connection, answer, is_durable)
        )

    def _take_over(self, client_id: str) -> None:
        """End the connection that uses this client id. Documented: DUPLICATE_CLIENTID, 0x8E."""
        session = self.sessions.get(client_id)
        earlier = self._opening.get(client_id) or (session and session.connection)
        if earlier:
            earlier.close(DisconnectReason.DUPLICATE_CLIENTID, ReasonCode.SESSION_TAKEN_OVER)

    def _opened_durably(self, connection: Connection, answer: bytes, is_durable: bool) -> None:
        if connection.state is not State.OPENING:
            return
        if not is_durable:
            self.metrics.connect_server_error += 1
            connection.close(DisconnectReason.SERVER_ERROR)
            return
        del self._opening[connection.session.client_id]
        self._opened(connection, answer)
        connection.resume()
        connection.opened()

    def _opened(self, connection: Connection, answer: bytes) -> None:
        session = connection.session
        connection.state = State.CONNECTED
        session.connection = connection
        connection.send(answer)
        self.metrics.connect_success += 1
        if session.subscriptions:
            self.router.forget_routes()
        for packet_id, (message, _number) in list(session.in_flight.items()):
            if not self.router.may_receive(connection, message.raw_topic):
                self.metrics.publish_out_auth_error += 1
                connection.acknowledge(packet_id)
            else:
                connection.send_qos_1(message, packet_id, dup=True)
        connection.send_waiting()
        self._announce_connected(connection)

    def ended(self, connection: Connection, was_connected: bool, reason: DisconnectReason) -> None:
        """A connection is over; `Connection` calls it exactly once."""
        self._connections.discard(connection)
        session = getattr(connection, "session", None)
        if session is None:
            connection.authorizer.close()
            return
        if not was_connected:
            connection.authorizer.close()
            self._opening.pop(session.client_id, None)
        elif session.connection is connection:
            session.connection = None
            if session.subscriptions:
                self.router.forget_routes()
        if was_connected:
            self._leave_will(connection, session)
        self._leave_session(session)
        if was_connected:
            self._announce_disconnected(connection, reason)

    def _leave_session(self, session: ClientSession) -> None:
        if not session.is_persistent:
            self._end_session(session)
            return
        expires_at_s = self.clock.now() + session.expiry_interval_s
        self._settle_now(session)
        self.durable.add(SessionClosed(session.client_id, expires_at_s))
        session.ending = self._agenda.at(expires_at_s, lambda: self._end_session(session))

    def _end_session(self, session: ClientSession) -> None:
        """Forget a session and everything in it."""
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]
        for topic_filter in list(session.subscriptions):
            self.router.unsubscribe(session, topic_filter)
        self._settled.pop(session.client_id, None)
        if session.ending is not None:
            session.ending.cancel()
        if session.is_stored:
            session.is_stored = False
            self.durable.add(SessionEnded(session.client_id))
        if session.will is not None:
            session.will.send()  # [MQTT-3.1.2-8]: no later than the session's end

    def _restore(self, stored: StoredSession) -> None:
        session = ClientSession(stored.client_id, stored.expiry_interval_s, self.settings.window)
        session.is_stored = True
        self.sessions[stored.client_id] = session
        for kept in stored.subscriptions:
            self.router.subscribe(session, kept.topic_filter, Subscription(kept.qos, kept.options))
        for number, message in stored.messages:
            session.restore(_restore_message(message), number)
            self.router.restore_numbers(number)
        expires_at_s = stored.expires_at_s
        if expires_at_s is None:  # its client was connected when the process ended
            expires_at_s = self.clock.now() + stored.expiry_interval_s
            self.durable.add(SessionClosed(stored.client_id, expires_at_s))
        session.ending = self._agenda.at(expires_at_s, lambda: self._end_session(session))

    # Journal of deliveries

    def settle(self, session: ClientSession, number: int) -> None:
        """A session's message was acknowledged or dropped; 0 was never kept."""
        if not number:
            return
        if not self._settled:
            self.loop.call_soon(self._commit_settled)
        self._settled.setdefault(session.client_id, []).append(number)

    def _settle_now(self, session: ClientSession) -> None:
        numbers = self._settled.pop(session.client_id, None)
        if numbers:
            self.durable.add(MessagesSettled(session.client_id, tuple(numbers)))

    def _commit_settled(self) -> None:
        settled, self._settled = self._settled, {}
        for client_id, numbers in settled.items():
            self.durable.add(MessagesSettled(client_id, tuple(numbers)))

    # Wills

    def _leave_will(self, connection: Connection, session: ClientSession) -> None:
        will, connection.will = connection.will, None
        if will is None:
            connection.authorizer.close()
            return
        delay_s = min(
            will.properties.integer(PropertyId.WILL_DELAY_INTERVAL, 0), session.expiry_interval_s
        )

        def send() -> None:
            session.will = None
            self._send_will(connection.authorizer, will)
            connection.authorizer.close()

        if delay_s:
            session.will = DelayedWill(
                self._agenda.at(self.clock.now() + delay_s, send), connection.authorizer
            )
        else:
            send()

    def _send_will(self, authorizer: ConnectionAuthorizer, will: WillMessage) -> None:
        """Publish a will, if its client may still do so."""
        if authorizer.may_publish(will.topic, retain=will.retain):
            self._publish(will.topic, will.payload, will.qos, will.retain, will.properties)
        else:
            self.metrics.publish_in_auth_error += 1

    # Publishing for others

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        """Publish what an authorised API call, or the broker's own services, send.

        The caller was judged by whoever calls; receivers are judged here. Returns when the
        message is durable where it has to be.

        Raises:
            TopicError: the topic cannot be published to.
            OSError: a persistent session or the retained store could not keep it.
        """
        check_topic_name(topic, self.settings.profile)
        is_commit_due = self._publish(topic, payload, qos, retain, properties or Properties())
        if not is_commit_due:
            return
        done = self.loop.create_future()
        self.durable.when_durable(done.set_result)
        if not await done:
            raise OSError("the message could not be stored")

    def _publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties
    ) -> bool:
        message = build_message(
            topic.encode(),
            payload,
            qos,
            properties,
            now_s=self.clock.now(),
            max_expiry_s=self.settings.max_message_expiry_s,
        )
        is_commit_due = retain and self.retain(message)
        return self.router.deliver(self.router.route(message.raw_topic), message, None) or (
            is_commit_due
        )

    # Retained messages

    def retain(self, message: Message) -> bool:
        """Keep an allowed message as its topic's last, or forget that with an empty payload.

        Returns:
            Whether a commit is due; if it fails, the former message stands again.
        """
        topic = message.topic
        former = self._retained.get(topic, self.clock.now())
        if not message.payload:
            self._retained.put(topic, None)
            self.durable.add(RetainedCleared(topic))
        elif not self._retained.has_room_for(topic):
            self.metrics.publish_retained_throttle += 1
            return False
        else:
            self._retained.put(topic, message)
            self.durable.add(Retained(_store_message(message)))
        self.metrics.publish_retained_success += 1
        kept = message if message.payload else None

        def undo(is_durable: bool) -> None:
            if not is_durable:
                self.metrics.publish_retained_server_error += 1
                if self._retained.get(topic, self.clock.now()) is kept:
                    self._retained.put(topic, former)

        self.durable.when_durable(undo)
        return True

    def send_retained(self, connection: Connection, topic_filter: str, qos: int) -> None:
        """Send a new subscription its retained messages, each delivery judged."""
        for message in self._retained.matching(topic_filter, self.clock.now()):
            if not self.router.may_receive(connection, message.raw_topic):
                self.metrics.publish_out_auth_error += 1
                continue
            self.metrics.publish_out_success += 1
            packet_id = 0
            if message.qos and qos:
                taken = connection.session.offer(
                    message, 0, self.settings.queue, is_ready=connection.is_reading
                )
                if not isinstance(taken, int):
                    continue
                packet_id = taken
            connection.send(
                message.frame(
                    connection.version, packet_id=packet_id, retain=True, now_s=self.clock.now()
                )
            )

    def retained(self, topic: str) -> StoredMessage | None:
        """Return a topic's retained message."""
        message = self._retained.get(topic, self.clock.now())
        return None if message is None else _store_message(message)

    def retained_messages(self) -> list[StoredMessage]:
        """Return all retained messages, sorted by topic."""
        return [_store_message(m) for _, m in self._retained.items(self.clock.now())]

    # Administration

    def disconnect(
        self, client_id: str, *, clean_session: bool = False, prevent_will: bool = False
    ) -> bool:
        """End a client's connection (`DeleteConnection`); return whether there was one."""
        session = self.sessions.get(client_id)
        if session is None or session.connection is None:
            return False
        connection = session.connection
        if prevent_will:
            connection.will = None
        connection.close(
            DisconnectReason.API_INITIATED_DISCONNECT, ReasonCode.ADMINISTRATIVE_ACTION
        )
        if clean_session:
            self._end_session(session)
        return True

    def connections(self) -> Iterator[ConnectionView]:
        """Yield every open connection."""
        for connection in list(self._connections):
            if connection.state is State.CONNECTED:
                session = connection.session
                yield ConnectionView(
                    client_id=session.client_id,
                    source_ip=connection.peer.ip,
                    principal=connection.authorizer.principal_identifier,
                    protocol_version=connection.version,
                    connected_at_s=connection.opened_at_s,
                    is_persistent=session.is_persistent,
                    subscriptions=tuple(session.subscriptions),
                )

    # Lifecycle events

    def announce_refusal(self, connection: Connection, client_id: str) -> None:
        """Publish `connect_failed`."""
        self._announce(
            presence_topic("connect_failed", client_id),
            connection,
            client_id,
            eventType="connect_failed",
            connectFailureReason="AUTHORIZATION_FAILED",
            ipAddress=connection.peer.ip,
        )

    def announce_subscriptions(
        self, connection: Connection, kind: str, topic_filters: list[str]
    ) -> None:
        """Publish `subscribed` or `unsubscribed`."""
        client_id = connection.session.client_id
        topic = subscriptions_topic(kind, client_id)
        self._announce(topic, connection, client_id, eventType=kind, topics=topic_filters)

    def _announce_connected(self, connection: Connection) -> None:
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

    def _announce_disconnected(self, connection: Connection, reason: DisconnectReason) -> None:
        client_id = connection.session.client_id
        self._version_numbers[client_id] = (connection.version_number, self.clock.now())
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
        numbers, now_s = self._version_numbers, self.clock.now()
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
        route = self.router.find_route(topic.encode())
        if not route.receivers and not route.sessions:
            return
        if not connection.session_identifier:
            connection.session_identifier = new_uuid(self._randomness)
        event = {
            "clientId": client_id,
            "timestamp": int(self.clock.now() * 1000),
            "sessionIdentifier": connection.session_identifier,
            "principalIdentifier": connection.authorizer.principal_identifier,
            **members,
        }
        self.router.deliver(route, Message(topic.encode(), json.dumps(event).encode(), 1), None)


def _restore_message(stored: StoredMessage) -> Message:
    return Message(
        stored.topic.encode(),
        stored.payload,
        stored.qos,
        stored.properties,
        stored.expires_at_s,
        stored.published_at_s,
    )


def _store_message(message: Message) -> StoredMessage:
    return StoredMessage(
        topic=message.topic,
        payload=message.payload,
        qos=message.qos,
        properties=message.properties,
        expires_at_s=message.expires_at_s,
        published_at_s=message.published_at_s,
    )
