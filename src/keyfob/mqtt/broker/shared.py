"""Shared subscriptions: `$share/<name>/<filter>`, each message to one member of the group.

A message goes to a member picked at random among those that are connected, may receive it and have
room. At QoS 0 it is dropped when there is none. At QoS 1 and 2 it waits: in the group's own durable
queue where a member has a persistent session, else with a busy member. The queue is drained once a
second and when a member connects.

Source: IoT Developer Guide, MQTT, shared subscriptions (documented; the random pick as well).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from keyfob.mqtt.broker.client import ClientSession
from keyfob.mqtt.ports import MessagesSettled, SessionEnded, SessionOpened
from keyfob.mqtt.topics import SHARE_PREFIX, split_shared
from keyfob.mqtt.trie import SubscriptionTrie

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker
    from keyfob.mqtt.broker.connection import Connection
    from keyfob.mqtt.broker.router import Router
    from keyfob.mqtt.session import Message, Subscription

MAX_GROUPS = 100
MAX_MEMBERS = 100
"""AWS: shared subscription groups of an account, and members of one (documented)."""

_FOR_EVER_S = 0xFFFF_FFFF


def is_shared(topic_filter: str) -> bool:
    """Whether a filter is of a shared subscription."""
    return topic_filter.startswith(SHARE_PREFIX)


class SharedGroup:
    """The members of one shared subscription, and what waits for any of them."""

    def __init__(self, broker: Broker, topic_filter: str) -> None:
        """Start without members; `topic_filter` is the whole `$share/...`."""
        self._broker = broker
        self.topic_filter = topic_filter
        self.members: dict[ClientSession, Subscription] = {}
        self.queue: ClientSession | None = None

    def deliver(self, router: Router, message: Message, publisher: Connection | None) -> bool:
        """Deliver to one member, or keep for the first that comes; return if a commit is due."""
        if not message.qos:
            for session in self._shuffled():
                connection = session.connection
                if connection is not None and router.may_receive(connection, message.raw_topic):
                    router.send_qos_0(connection, self._for(session, message, 0), publisher)
                    return False
            return False
        taker = self._find_taker(router, message)
        if taker is not None:
            return self._hand(router, taker, message, publisher)
        if any(session.is_persistent for session in self.members):
            return router.deliver_to((self._open_queue(),), message, publisher)
        for session in self.members:
            connection = session.connection
            if connection is not None and router.may_receive(connection, message.raw_topic):
                return self._hand(router, session, message, publisher)
        return False

    def drain(self, router: Router, limit: int) -> None:
        """Hand up to `limit` waiting messages to each member that has room."""
        queue = self.queue
        if queue is None:
            return
        now_s = self._broker.clock.now()
        for _ in range(limit * max(1, len(self.members))):
            if not queue.waiting:
                break
            head = queue.waiting[0][0]
            taker = self._find_taker(router, head)
            if taker is None and not head.is_expired(now_s):
                break
            taken = queue.next_waiting(now_s, router.committed)
            if taken is None:
                break
            number = taken if isinstance(taken, int) else queue.drop(taken[0])
            if taker is not None and not isinstance(taken, int):
                self._hand(router, taker, taken[1], None)
            self._broker.durable.add(MessagesSettled(queue.client_id, (number,)))

    def adopt(self, queue: ClientSession) -> None:
        """Take what waited before a restart."""
        self.queue = queue

    def dissolve(self) -> None:
        """Forget what waits: the last member is gone."""
        if self.queue is not None:
            self._broker.durable.add(SessionEnded(self.queue.client_id))
            self.queue = None

    def _hand(
        self, router: Router, session: ClientSession, message: Message, publisher: Connection | None
    ) -> bool:
        qos = min(message.qos, self.members[session].qos)
        message = self._for(session, message, qos)
        if qos:
            return router.deliver_to((session,), message, publisher)
        if session.connection is not None:
            router.send_qos_0(session.connection, message, publisher)
        return False

    def _for(self, session: ClientSession, message: Message, qos: int) -> Message:
        identifier = self.members[session].identifier
        if qos == message.qos and not identifier:
            return message
        return message.tailored(qos, identifiers=(identifier,) if identifier else ())

    def _find_taker(self, router: Router, message: Message) -> ClientSession | None:
        for session in self._shuffled():
            connection = session.connection
            if (
                connection is not None
                and connection.is_reading
                and not session.waiting
                and len(session.in_flight) < session.window
                and router.may_receive(connection, message.raw_topic)
            ):
                return session
        return None

    def _shuffled(self) -> Iterator[ClientSession]:
        """Yield the members from a random one on."""
        members = list(self.members)
        start = self._broker.random_below(len(members))
        yield from members[start:]
        yield from members[:start]

    def _open_queue(self) -> ClientSession:
        if self.queue is None:
            self.queue = ClientSession(self.topic_filter, _FOR_EVER_S, 1)
            self._broker.durable.add(SessionOpened(self.topic_filter, _FOR_EVER_S, clean=True))
        return self.queue


class SharedGroups:
    """All groups of a broker."""

    def __init__(self, broker: Broker) -> None:
        """Start with none."""
        self._broker = broker
        self._groups: dict[str, SharedGroup] = {}
        self._trie: SubscriptionTrie[SharedGroup, Subscription] = SubscriptionTrie(
            lambda subscription: subscription.matches_parent
        )

    def matching(self, topic: str) -> Iterator[SharedGroup]:
        """Yield the groups that get a copy."""
        return (group for group, _ in self._trie.match(topic))

    def has_room_for(self, topic_filter: str) -> bool:
        """Whether AWS's bounds allow one more member of a group."""
        group = self._groups.get(topic_filter)
        if group is None:
            return len(self._groups) < MAX_GROUPS
        return len(group.members) < MAX_MEMBERS

    def join(self, topic_filter: str, session: ClientSession, subscription: Subscription) -> None:
        """Add a member, and the group when it is the first."""
        group = self._group(topic_filter)
        group.members[session] = subscription
        self._trie.add(split_shared(topic_filter)[1], group, subscription)

    def leave(self, topic_filter: str, session: ClientSession) -> None:
        """Drop a member, and the group when it was the last."""
        group = self._groups.get(topic_filter)
        if group is None:
            return
        group.members.pop(session, None)
        if not group.members:
            del self._groups[topic_filter]
            self._trie.remove(split_shared(topic_filter)[1], group)
            group.dissolve()

    def restore_queue(self, queue: ClientSession) -> bool:
        """Give a group back what waited for it; False when it has no members any more."""
        group = self._groups.get(queue.client_id)
        if group is None:
            return False
        group.adopt(queue)
        return True

    def drain(self, router: Router) -> None:
        """Hand out what waits."""
        for group in list(self._groups.values()):
            group.drain(router, self._broker.shared_drain)

    @property
    def queued(self) -> int:
        """How many messages wait for groups."""
        return sum(len(g.queue.waiting or ()) for g in self._groups.values() if g.queue is not None)

    def _group(self, topic_filter: str) -> SharedGroup:
        group = self._groups.get(topic_filter)
        if group is None:
            group = self._groups[topic_filter] = SharedGroup(self._broker, topic_filter)
        return group
