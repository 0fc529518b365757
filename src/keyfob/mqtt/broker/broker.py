"""The broker of one account and region: sessions, their connections, retained messages.

It opens no sockets: listeners hand it outlets. All of its state is changed synchronously on one
loop; the journal's commits run in one task (`durable`), and a tick once a second looks at
keep-alives, CONNECT deadlines and the agenda (session ends, delayed wills).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keyfob.core.clock import Clock
from keyfob.core.ids import AccountId, Randomness, Region, new_uuid
from keyfob.mqtt.broker.agenda import Agenda
from keyfob.mqtt.broker.connection import Connection, State
from keyfob.mqtt.broker.direct import DirectMessages
from keyfob.mqtt.broker.durable import GroupCommit
from keyfob.mqtt.broker.event_log import EventLog, LogLevel
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.broker.history import ConnectionView, History, view
from keyfob.mqtt.broker.lifecycle import Lifecycle
from keyfob.mqtt.broker.metering import ConnectRates, MeteredConnection, RetainRates
from keyfob.mqtt.broker.metrics import BrokerMetrics
from keyfob.mqtt.broker.outbox import Outbox
from keyfob.mqtt.broker.publishing import build_message
from keyfob.mqtt.broker.retention import Retention
from keyfob.mqtt.broker.router import Router
from keyfob.mqtt.broker.sessions import Sessions
from keyfob.mqtt.broker.settings import BrokerSettings
from keyfob.mqtt.broker.wills import Wills
from keyfob.mqtt.codec import Properties, ReasonCode
from keyfob.mqtt.ports import (
    Cancellable,
    ConnectionAuthorizer,
    Journal,
    Loop,
    Outlet,
    ReopenAuthorizer,
)
from keyfob.mqtt.session import silence_limit_s
from keyfob.mqtt.topics import check_topic_name

TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a connection comes from."""

    ip: str
    port: int = 0
    """0: not known."""


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
        reopen: ReopenAuthorizer | None = None,
        log_level: LogLevel = LogLevel.OFF,
    ) -> None:
        """Build a broker; `start` it before connections are accepted.

        Args:
            account: whose it is.
            region: where it is.
            journal: what outlives the process.
            clock: the time.
            randomness: for ids, and for the choice among members of a shared subscription.
            loop: the running loop.
            settings: limits and choices; a listener may bring its own for its connections.
            reopen: makes the authorizers that judge wills found in the journal.
            log_level: which events are logged.
        """
        self.account = account
        self.region = region
        self.settings = settings or BrokerSettings()
        self.clock = clock
        self.loop = loop
        self.metrics = BrokerMetrics()
        self.outbox = Outbox(loop, self.metrics, self.settings.receiver_max_bytes)
        self.durable = GroupCommit(journal, loop)
        self.agenda = Agenda()
        self.router = Router(self)
        self.sessions = Sessions(self)
        self.retained = Retention(self)
        self.wills = Wills(self, reopen)
        self.log = EventLog(log_level, account, clock, randomness)
        self.lifecycle = Lifecycle(self, randomness)
        self.direct = DirectMessages(self)
        self.history = History()
        self.connect_rates = ConnectRates()
        self.retain_rates = RetainRates()
        self._journal = journal
        self._randomness = randomness
        self._connections: set[Connection] = set()
        self._ticking: Cancellable | None = None

    # Life

    async def start(self) -> None:
        """Load what was committed, and begin to tick.

        Raises:
            OSError: the journal cannot be read.
        """
        sessions, retained = await self._journal.load()
        for message in retained:
            self.retained.restore(message)
        self.sessions.restore(sessions)
        self._tick()

    async def stop(self) -> None:
        """Disconnect everyone (v5: 0x8B) and commit what waits."""
        if self._ticking is not None:
            self._ticking.cancel()
        for connection in list(self._connections):
            connection.close(
                DisconnectReason.SERVER_INITIATED_DISCONNECT, ReasonCode.SERVER_SHUTTING_DOWN
            )
        self.sessions.commit_settled()
        await self.wills.drain()
        await self.durable.drain()

    def accept(
        self,
        outlet: Outlet,
        authorizer: ConnectionAuthorizer,
        peer: Peer,
        settings: BrokerSettings | None = None,
    ) -> Connection:
        """Return the connection of a newly opened outlet, to be fed with what it reads.

        Args:
            outlet: where its bytes go.
            authorizer: who judges it.
            peer: where it comes from.
            settings: its listener's, where they are not the broker's.
        """
        settings = settings or self.settings
        kind = Connection if settings.quotas is None else MeteredConnection
        connection = kind(self, outlet, authorizer, peer, settings)
        self._connections.add(connection)
        return connection

    def ended(self, connection: Connection, was_connected: bool, reason: DisconnectReason) -> None:
        """A connection is over; `Connection` calls it exactly once."""
        self._connections.discard(connection)
        if getattr(connection, "session", None) is None:
            connection.authorizer.close()
            return
        if was_connected:
            self.history.add(connection, reason, self.clock.now())
        self.sessions.left(connection, was_connected, reason)

    def _tick(self) -> None:
        """Once a second: keep-alives, CONNECT deadlines, the agenda, shared queues."""
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
            elif now_s - connection.opened_at_s > connection.settings.connect_deadline_s:
                connection.close(DisconnectReason.CLIENT_ERROR)
        self.agenda.run(now_s)
        self.router.shared.drain(self.router)

    # Chance

    def new_client_id(self) -> str:
        """Make up a client id for a client that sent none."""
        return f"auto-{new_uuid(self._randomness)}"

    def random_below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1; its slight unevenness does not matter here."""
        return int.from_bytes(self._randomness.token_bytes(4), "big") % max(limit, 1)

    @property
    def shared_drain(self) -> int:
        """How many messages a second a member takes from its group's queue."""
        quotas = self.settings.quotas
        return self.settings.window if quotas is None else quotas.shared_drain_per_s

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
        is_commit_due = self.send(topic, payload, qos, retain, properties or Properties())
        if not is_commit_due:
            return
        done = self.loop.create_future()
        self.durable.when_durable(done.set_result)
        if not await done:
            raise OSError("the message could not be stored")

    def send(
        self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties
    ) -> bool:
        """Deliver a message that was allowed; return whether a commit is due."""
        message = build_message(
            topic.encode(),
            payload,
            qos,
            properties,
            now_s=self.clock.now(),
            max_expiry_s=self.settings.max_message_expiry_s,
        )
        is_commit_due = retain and self.retained.retain(message)
        route = self.router.route(message.raw_topic)
        return self.router.deliver(route, message, None, is_retained=retain) or is_commit_due

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
            self.sessions.end(session)
        return True

    def authorizer_of(self, client_id: str) -> ConnectionAuthorizer | None:
        """Return what judges a connected client; None when it is not connected."""
        session = self.sessions.get(client_id)
        connection = None if session is None else session.connection
        return None if connection is None else connection.authorizer

    def connections(self) -> Iterator[ConnectionView]:
        """Yield every open connection."""
        for connection in list(self._connections):
            if connection.state is State.CONNECTED:
                yield view(connection)

    def find_connection(self, client_id: str) -> ConnectionView | None:
        """Return a client's connection, or its last one of the past 30 minutes."""
        session = self.sessions.get(client_id)
        if session is not None and session.connection is not None:
            return view(session.connection)
        return self.history.get(client_id, self.clock.now())

    @property
    def connection_count(self) -> int:
        """How many connections are open, those without a session included."""
        return len(self._connections)
