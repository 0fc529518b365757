"""The enforcement point of MQTT: no message goes in or out except through here.

Publish, retain-publish and subscribe are judged by the acting connection's authorizer, every
delivery by the receiver's. Judgements are kept, and a `Route` keeps who receives a topic; both
hold only as long as the authorizers' epochs stand still, which is looked at for every run of
packets: the packet after a policy change is judged afresh.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from keyfob.mqtt.broker.outbox import Group
from keyfob.mqtt.codec.packets import Version
from keyfob.mqtt.codec.primitives import decode_text
from keyfob.mqtt.ports import MessageQueued, StoredMessage
from keyfob.mqtt.session import Message, Subscription
from keyfob.mqtt.session.session import Offer
from keyfob.mqtt.topics import check_topic_filter, check_topic_name
from keyfob.mqtt.trie import SubscriptionTrie

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker
    from keyfob.mqtt.broker.client import ClientSession
    from keyfob.mqtt.broker.connection import Connection

_EPOCH = attrgetter("epoch")
MAX_ROUTES = 20_000
"""Topics whose receivers are kept; when there are more, all are found afresh."""
MAX_DECISIONS = 1_000
"""Answers kept per connection and action; likewise."""


class Route:
    """Who receives a topic, as of one subscription version and the epochs of all receivers."""

    __slots__ = ("authorizers", "denied", "downgraded", "epochs", "groups", "no_local",
                 "raw_topic", "receivers", "sessions", "version")  # fmt: skip

    def __init__(self, raw_topic: bytes, version: int) -> None:
        """Start without receivers."""
        self.raw_topic = raw_topic
        self.version = version
        self.authorizers: tuple[object, ...] = ()
        self.epochs: tuple[int, ...] = ()
        self.groups: dict[Version, Group] = {}
        """Allowed connected receivers, for QoS 0 messages."""
        self.downgraded: dict[Version, Group] = {}
        """Those of them that asked for QoS 0, for QoS 1 messages."""
        self.sessions: tuple[ClientSession, ...] = ()
        """QoS 1 receivers: allowed connected ones and absent persistent ones."""
        self.receivers = 0
        """How many are connected and allowed."""
        self.denied = 0
        """How many are connected and not allowed."""
        self.no_local: frozenset[Connection] = frozenset()
        """Receivers that do not want what they publish."""


class Router:
    """Decides and delivers."""

    def __init__(self, broker: Broker) -> None:
        """Route for one broker."""
        self._broker = broker
        self._profile = broker.settings.profile
        self._metrics = broker.metrics
        self._outbox = broker.outbox
        self._trie: SubscriptionTrie[ClientSession, Subscription] = SubscriptionTrie(self._profile)
        self._routes: dict[bytes, Route] = {}
        self._version = 0
        self._last_number = 0

    # Who may, and who receives

    def forget_routes(self) -> None:
        """Find receivers afresh: a client came, went, or changed its subscriptions."""
        self._version += 1

    def admit(self, connection: Connection, raw_topic: bytes, *, retain: bool) -> Route | None:
        """Judge a PUBLISH and find its route; None when it is not allowed.

        Raises:
            MalformedError: the topic is not UTF-8.
            TopicError: nobody may publish to such a topic.
        """
        epoch = connection.authorizer.epoch
        if epoch != connection.epoch:
            connection.forget_decisions(epoch)
        decisions = connection.retain_decisions if retain else connection.publish_decisions
        allowed = decisions.get(raw_topic)
        if allowed is None:
            topic = decode_text(raw_topic)
            check_topic_name(topic, self._profile)
            allowed = connection.authorizer.may_publish(topic, retain=retain)
            if len(decisions) >= MAX_DECISIONS:
                decisions.clear()
            decisions[raw_topic] = allowed
        return self.route(raw_topic) if allowed else None

    def may_subscribe(self, connection: Connection, topic_filter: str) -> bool:
        """Judge one filter of a SUBSCRIBE.

        Raises:
            TopicError: the filter is not well-formed, or reserved.
        """
        check_topic_filter(topic_filter, self._profile)
        return connection.authorizer.may_subscribe(topic_filter)

    def may_receive(self, connection: Connection, raw_topic: bytes) -> bool:
        """Judge a delivery."""
        epoch = connection.authorizer.epoch
        if epoch != connection.epoch:
            connection.forget_decisions(epoch)
        decisions = connection.receive_decisions
        allowed = decisions.get(raw_topic)
        if allowed is None:
            allowed = connection.authorizer.may_receive(raw_topic.decode())
            if len(decisions) >= MAX_DECISIONS:
                decisions.clear()
            decisions[raw_topic] = allowed
        return allowed

    def is_current(self, route: Route) -> bool:
        """Whether a route still holds."""
        return (
            route.version == self._version and tuple(map(_EPOCH, route.authorizers)) == route.epochs
        )

    def route(self, raw_topic: bytes) -> Route:
        """Return who receives a topic now."""
        route = self._routes.get(raw_topic)
        if route is not None and self.is_current(route):
            return route
        route = self.find_route(raw_topic)
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        self._routes[raw_topic] = route
        return route

    def find_route(self, raw_topic: bytes) -> Route:
        """Return who receives a topic, judged now and not kept: for topics used once."""
        route = Route(raw_topic, self._version)
        granted: dict[ClientSession, int] = {}
        no_local: set[Connection] = set()
        for session, subscription in self._trie.match(raw_topic.decode()):
            granted[session] = max(granted.get(session, 0), subscription.qos)
            if subscription.is_no_local and session.connection is not None:
                no_local.add(session.connection)
        present = [s.connection for s in granted if s.connection is not None]
        route.authorizers = tuple(c.authorizer for c in present)
        route.epochs = tuple(c.authorizer.epoch for c in present)
        allowed = [c for c in present if self.may_receive(c, raw_topic)]
        permitted = set(allowed)
        route.receivers = len(allowed)
        route.denied = len(present) - len(allowed)
        route.groups = _group(allowed)
        route.downgraded = _group([c for c in allowed if not granted[c.session]])
        route.sessions = tuple(
            s for s, qos in granted.items()
            if qos and (s.is_persistent if s.connection is None else s.connection in permitted)
        )  # fmt: skip
        route.no_local = frozenset(no_local)
        return route

    # Subscriptions

    def subscribe(
        self, session: ClientSession, topic_filter: str, subscription: Subscription
    ) -> bool:
        """Add a subscription that was allowed; return whether it is new."""
        is_new = topic_filter not in session.subscriptions
        session.subscriptions[topic_filter] = subscription
        self._trie.add(topic_filter, session, subscription)
        self._version += 1
        return is_new

    def unsubscribe(self, session: ClientSession, topic_filter: str) -> bool:
        """Drop a subscription; return whether there was one."""
        if session.subscriptions.pop(topic_filter, None) is None:
            return False
        self._trie.remove(topic_filter, session)
        self._version += 1
        return True

    # Deliveries

    def deliver_run(
        self, route: Route, publisher: Connection, data: bytes, count: int, head: int, packet: int
    ) -> None:
        """Deliver `count` QoS 0 packets that came in one after the other.

        Args:
            route: their route, current.
            publisher: who sent them.
            data: exactly these packets, all with one header and without properties.
            count: how many there are.
            head: length of the part before the payload.
            packet: length of one packet.
        """
        metrics = self._metrics
        metrics.publish_in_success += count
        if route.no_local and publisher in route.no_local:
            for start in range(0, len(data), packet):
                payload = data[start + head : start + packet]
                self._deliver_each(route, Message(route.raw_topic, payload), publisher)
            return
        metrics.publish_out_success += count * route.receivers
        metrics.publish_out_auth_error += count * route.denied
        for version, group in route.groups.items():
            if version is publisher.version and packet <= group.max_packet_bytes:
                self._outbox.send_group(group, data, count, publisher)
            else:
                for start in range(0, len(data), packet):
                    message = Message(route.raw_topic, data[start + head : start + packet])
                    self._send_to_group(version, group, message, publisher)

    def deliver(self, route: Route, message: Message, publisher: Connection | None) -> bool:
        """Deliver one message; return whether a persistent session's share must become durable."""
        if publisher is not None and publisher in route.no_local:
            return self._deliver_each(route, message, publisher)
        self._metrics.publish_out_auth_error += route.denied
        if not message.qos:
            self._metrics.publish_out_success += route.receivers
            for version, group in route.groups.items():
                self._send_to_group(version, group, message, publisher)
            return False
        for version, group in route.downgraded.items():
            self._metrics.publish_out_success += len(group.connections)
            self._send_to_group(version, group, message, publisher)
        return self._deliver_qos_1(route.sessions, message, publisher)

    def _deliver_each(self, route: Route, message: Message, publisher: Connection) -> bool:
        """Deliver to everyone on the route but the publisher."""
        chosen = route.sessions if message.qos else ()
        groups = route.downgraded if message.qos else route.groups
        for version, group in groups.items():
            others = tuple(c for c in group.connections if c is not publisher)
            if others:
                self._metrics.publish_out_success += len(others)
                self._send_to_group(version, Group(others), message, publisher)
        sessions = tuple(s for s in chosen if s.connection is not publisher)
        return self._deliver_qos_1(sessions, message, publisher)

    def _send_to_group(
        self, version: Version, group: Group, message: Message, publisher: Connection | None
    ) -> None:
        frame = message.frame(version, now_s=self._now_for(message))
        if len(frame) > group.max_packet_bytes:
            # [MQTT-3.1.2-24]: not sent to those for whom it is too large
            fitting = tuple(c for c in group.connections if len(frame) <= c.max_packet_bytes)
            self._metrics.publish_out_success -= len(group.connections) - len(fitting)
            if not fitting:
                return
            group = Group(fitting)
        self._outbox.send_group(group, frame, 1, publisher)

    def _now_for(self, message: Message) -> float:
        return 0.0 if message.expires_at_s is None else self._broker.clock.now()

    def _deliver_qos_1(
        self,
        sessions: tuple[ClientSession, ...],
        message: Message,
        publisher: Connection | None,
    ) -> bool:
        kept: list[tuple[str, int]] = []
        for session in sessions:
            number = 0
            if session.is_persistent:
                self._last_number = number = self._last_number + 1
            if self._offer(session, message, number, publisher) and number:
                kept.append((session.client_id, number))
        if not kept:
            return False
        stored = StoredMessage(
            topic=message.topic,
            payload=message.payload,
            qos=message.qos,
            properties=message.properties,
            expires_at_s=message.expires_at_s,
            published_at_s=message.published_at_s,
        )
        self._broker.durable.add(MessageQueued(stored, tuple(kept)))
        return True

    def _offer(
        self, session: ClientSession, message: Message, number: int, publisher: Connection | None
    ) -> bool:
        """Send a QoS 1 message, or let it wait; return whether the session has it."""
        connection = session.connection
        is_ready = connection is not None and connection.is_reading
        taken = session.offer(message, number, self._broker.settings.queue, is_ready=is_ready)
        if taken is Offer.DROPPED:
            self._metrics.queued_throttle += 1
            return False
        if taken is Offer.WAITS:
            self._metrics.queued_success += 1
            if connection is not None and publisher is not None and connection.is_slow:
                connection.hold(publisher)
            return True
        if connection is None or not isinstance(taken, int):
            return True
        connection.send_qos_1(message, taken)
        self._metrics.publish_out_success += 1
        return True

    def restore_numbers(self, last: int) -> None:
        """Number on from what the journal holds."""
        self._last_number = max(self._last_number, last)


def _group(connections: list[Connection]) -> dict[Version, Group]:
    by_version: dict[Version, list[Connection]] = {}
    for connection in connections:
        by_version.setdefault(connection.version, []).append(connection)
    return {version: Group(tuple(members)) for version, members in by_version.items()}
