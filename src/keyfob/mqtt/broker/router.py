"""The enforcement point of MQTT: no message goes in or out except through here.

Publish, retain-publish and subscribe are judged by the acting connection's authorizer, every
delivery by the receiver's. Judgements are kept, and a `Route` keeps who receives a topic; both
hold only as long as the authorizers' epochs stand still, which is looked at for every run of
packets: the packet after a policy change is judged afresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from keyfob.mqtt.broker.outbox import Group
from keyfob.mqtt.broker.route import Route, Special
from keyfob.mqtt.broker.shared import SharedGroups, is_shared
from keyfob.mqtt.broker.stored import store_message
from keyfob.mqtt.codec.packets import Version
from keyfob.mqtt.codec.primitives import decode_text
from keyfob.mqtt.ports import MessageQueued
from keyfob.mqtt.session import Message, Subscription
from keyfob.mqtt.session.session import EXACTLY_ONCE, Offer
from keyfob.mqtt.topics import check_topic_filter, check_topic_name
from keyfob.mqtt.trie import SubscriptionTrie

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker
    from keyfob.mqtt.broker.client import ClientSession
    from keyfob.mqtt.broker.connection import Connection
    from keyfob.mqtt.ports import EpochSource

_EPOCH = attrgetter("epoch")
MAX_ROUTES = 20_000
"""Topics whose receivers are kept; when there are more, all are found afresh."""
MAX_DECISIONS = 1_000
"""Answers kept per connection and action; likewise."""


class Router:
    """Decides and delivers."""

    def __init__(self, broker: Broker) -> None:
        """Route for one broker."""
        self._broker = broker
        self._metrics = broker.metrics
        self._outbox = broker.outbox
        self._trie: SubscriptionTrie[ClientSession, Subscription] = SubscriptionTrie(
            attrgetter("matches_parent")
        )
        self.shared = SharedGroups(broker)
        self._routes: dict[bytes, Route] = {}
        self.version = 0
        """Of all subscriptions and connections together: routes of another hold no more."""
        self._last_number = 0
        self.committed = 0
        """Journal number up to which everything is durable, as far as QoS 2 needs to know."""

    # Who may, and who receives

    def forget_routes(self) -> None:
        """Find receivers afresh: a client came, went, or changed its subscriptions."""
        self.version += 1

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
        if not allowed:  # unknown; or refused, and then the authorizer counts it and says why
            topic = decode_text(raw_topic)
            check_topic_name(topic, connection.settings.profile)
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
        check_topic_filter(topic_filter, connection.settings.profile)
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
        if route.version != self.version:
            return False
        if route.source is not None:
            return route.source.epoch == route.source_epoch
        return tuple(map(_EPOCH, route.authorizers)) == route.epochs

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
        route = Route(raw_topic, self.version)
        topic = raw_topic.decode()
        found: dict[ClientSession, list[Subscription]] = {}
        for session, subscription in self._trie.match(topic):
            found.setdefault(session, []).append(subscription)
        present = [s.connection for s in found if s.connection is not None]
        route.authorizers = tuple(c.authorizer for c in present)
        route.epochs = tuple(c.authorizer.epoch for c in present)
        route.source = _common_source(present)
        if route.source is not None:
            route.source_epoch = route.source.epoch
        permitted = {c for c in present if self.may_receive(c, raw_topic)}
        route.denied = len(present) - len(permitted)
        receivers = [
            Special(s, tuple(subscriptions)) for s, subscriptions in found.items()
            if (s.is_persistent if s.connection is None else s.connection in permitted)
        ]  # fmt: skip
        route.shared = tuple(self.shared.matching(topic))
        route.specials = tuple(r for r in receivers if not r.is_plain)
        route.needs_each = bool(route.shared or route.specials)
        plain = [r for r in receivers if r.is_plain]
        allowed = [(c, r.qos) for r in plain if (c := r.session.connection) is not None]
        route.receivers = len(allowed)
        route.groups = _group([c for c, _ in allowed])
        route.downgraded = _group([c for c, qos in allowed if not qos])
        route.sessions = tuple(r.session for r in plain if r.qos)
        route.exact = frozenset(r.session for r in plain if r.qos == EXACTLY_ONCE)
        return route

    # Subscriptions

    def subscribe(
        self, session: ClientSession, topic_filter: str, subscription: Subscription
    ) -> bool:
        """Add a subscription that was allowed; return whether it is new."""
        is_new = topic_filter not in session.subscriptions
        session.subscriptions[topic_filter] = subscription
        if is_shared(topic_filter):
            self.shared.join(topic_filter, session, subscription)
        else:
            self._trie.add(topic_filter, session, subscription)
        self.version += 1
        return is_new

    def unsubscribe(self, session: ClientSession, topic_filter: str) -> bool:
        """Drop a subscription; return whether there was one."""
        if session.subscriptions.pop(topic_filter, None) is None:
            return False
        if is_shared(topic_filter):
            self.shared.leave(topic_filter, session)
        else:
            self._trie.remove(topic_filter, session)
        self.version += 1
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
        if route.needs_each:
            for start in range(0, len(data), packet):
                payload = data[start + head : start + packet]
                self.deliver(route, Message(route.raw_topic, payload), publisher)
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

    def deliver_acknowledged_run(
        self, route: Route, publisher: Connection, data: bytes, head: int, packet: int
    ) -> bool:
        """Deliver QoS 1 packets that came in one after the other.

        A receiver whose session is not kept, and whose window has room, gets them as they came
        but for the packet ids.

        Args:
            route: their route, current.
            publisher: who sent them.
            data: exactly these packets, all with one header and without properties.
            head: length of the part before the packet id.
            packet: length of one packet.

        Returns:
            Whether a persistent session's share must become durable.
        """
        count = len(data) // packet
        metrics = self._metrics
        metrics.publish_in_success += count
        rest: tuple[ClientSession, ...] | list[ClientSession] = route.sessions
        is_simple = not (route.needs_each or route.downgraded)
        if is_simple:
            rest = []
            for session in route.sessions:
                connection = session.connection
                if (
                    connection is None
                    or connection.version is not publisher.version
                    or packet > connection.max_packet_bytes
                    or not connection.is_reading
                    or not (ids := session.offer_run(count))
                ):
                    rest.append(session)
                    continue
                self._outbox.send(connection, _with_ids(data, ids, head, packet))
                metrics.publish_out_success += count
            metrics.publish_out_auth_error += count * route.denied
            if not rest:
                return False
        payload = head + (2 if publisher.version is Version.V3 else 3)
        is_due = False
        for start in range(0, len(data), packet):
            message = Message(route.raw_topic, data[start + payload : start + packet], 1)
            if is_simple:
                is_due |= self.deliver_to(rest, message, publisher)
            else:
                is_due |= self.deliver(route, message, publisher)
        return is_due

    def deliver(
        self,
        route: Route,
        message: Message,
        publisher: Connection | None,
        *,
        is_retained: bool = False,
    ) -> bool:
        """Deliver one message.

        Args:
            route: its route, current.
            message: the message.
            publisher: who sent it; None for the server.
            is_retained: whether it was published with the retain flag.

        Returns:
            Whether a persistent session's share must become durable.
        """
        is_due = False
        for special in route.specials:
            is_due |= self._deliver_special(special, message, publisher, is_retained)
        for group in route.shared:
            is_due |= group.deliver(self, message, publisher)
        self._metrics.publish_out_auth_error += route.denied
        if not message.qos:
            self._metrics.publish_out_success += route.receivers
            for version, group_of_version in route.groups.items():
                self._send_to_group(version, group_of_version, message, publisher)
            return is_due
        for version, group_of_version in route.downgraded.items():
            self._metrics.publish_out_success += len(group_of_version.connections)
            self._send_to_group(version, group_of_version, message, publisher)
        if message.qos != EXACTLY_ONCE:
            return self.deliver_to(route.sessions, message, publisher) or is_due
        lowered = tuple(s for s in route.sessions if s not in route.exact)
        is_due |= self.deliver_to(lowered, message.tailored(1), publisher)
        exact = tuple(s for s in route.sessions if s in route.exact)
        return self.deliver_to(exact, message, publisher) or is_due

    def _deliver_special(
        self, special: Special, message: Message, publisher: Connection | None, is_retained: bool
    ) -> bool:
        """Deliver to a receiver that wants the message otherwise than it is, or is metered."""
        session, connection = special.session, special.session.connection
        chosen = special.subscriptions
        if connection is not None and connection is publisher:
            chosen = tuple(s for s in chosen if not s.is_no_local)
            if not chosen:
                return False
        qos = min(message.qos, max(s.qos for s in chosen))
        identifiers = tuple(s.identifier for s in chosen if s.identifier)
        retain = is_retained and any(s.keeps_retain_flag for s in chosen)
        if retain or identifiers or qos != message.qos:
            message = message.tailored(qos, retain=retain, identifiers=identifiers)
        if qos:
            return self.deliver_to((session,), message, publisher)
        if connection is not None:
            self.send_qos_0(connection, message, publisher)
        return False

    def send_qos_0(
        self, connection: Connection, message: Message, publisher: Connection | None
    ) -> None:
        """Send one receiver a message at QoS 0, if its rate allows it."""
        if not connection.take_publish():
            return
        self._metrics.publish_out_success += 1
        self._send_to_group(connection.version, Group((connection,)), message, publisher)

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

    def deliver_to(
        self,
        sessions: Sequence[ClientSession],
        message: Message,
        publisher: Connection | None,
    ) -> bool:
        """Deliver at the message's QoS, 1 or 2; return whether a commit is due."""
        kept: list[tuple[str, int, int]] = []
        for session in sessions:
            number = 0
            if session.is_persistent:
                self._last_number = number = self._last_number + 1
            if self._offer(session, message, number, publisher) and number:
                kept.append((session.client_id, number, session.last_packet_id))
        if not kept:
            return False
        durable = self._broker.durable
        durable.add(MessageQueued(store_message(message), tuple(kept)))
        if message.qos == EXACTLY_ONCE:
            numbers = [number for _, number, _ in kept]
            durable.when_durable(lambda is_durable: self._send_exact(sessions, numbers, is_durable))
        return True

    def _send_exact(
        self, sessions: Sequence[ClientSession], numbers: list[int], is_durable: bool
    ) -> None:
        """Send QoS 2 messages that are durable now, or take them back: they will come again."""
        if is_durable:
            self.committed = max(self.committed, *numbers)
        for session in sessions:
            if not is_durable:
                for number in numbers:
                    session.discard(number)
            elif session.connection is not None:
                session.connection.send_waiting()

    def _offer(
        self, session: ClientSession, message: Message, number: int, publisher: Connection | None
    ) -> bool:
        """Send a message of QoS 1 or 2, or let it wait; return whether the session has it."""
        connection = session.connection
        is_ready = connection is not None and connection.is_reading
        if number and message.qos == EXACTLY_ONCE:
            is_ready = False  # not before it is durable
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
        connection.send_message(message, taken)
        self._metrics.publish_out_success += 1
        return True

    def restore_numbers(self, last: int) -> None:
        """Number on from what the journal holds."""
        self._last_number = self.committed = max(self._last_number, last)


def _with_ids(data: bytes, ids: bytes, head: int, packet: int) -> bytes:
    """Return QoS 1 packets of one length with other packet ids."""
    stamped = bytearray(data)
    stamped[head::packet] = ids[::2]
    stamped[head + 1 :: packet] = ids[1::2]
    return bytes(stamped)


def _common_source(connections: list[Connection]) -> EpochSource | None:
    """Return what alone moves the epochs of all connections, if there is such a thing."""
    common: EpochSource | None = None
    for connection in connections:
        source = connection.authorizer.epoch_source
        if source is None or (common is not None and source is not common):
            return None
        common = source
    return common


def _group(connections: list[Connection]) -> dict[Version, Group]:
    by_version: dict[Version, list[Connection]] = {}
    for connection in connections:
        by_version.setdefault(connection.version, []).append(connection)
    return {version: Group(tuple(members)) for version, members in by_version.items()}
