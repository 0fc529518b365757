"""Who receives a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.codec.packets import Version

if TYPE_CHECKING:
    from keyfob.mqtt.broker.client import ClientSession
    from keyfob.mqtt.broker.outbox import Group
    from keyfob.mqtt.broker.shared import SharedGroup
    from keyfob.mqtt.ports import EpochSource
    from keyfob.mqtt.session import Subscription


class Special:
    """A receiver and all its subscriptions that match: it gets one copy, for all of them."""

    __slots__ = ("qos", "session", "subscriptions")

    def __init__(self, session: ClientSession, subscriptions: tuple[Subscription, ...]) -> None:
        """Hold at least one subscription."""
        self.session = session
        self.subscriptions = subscriptions
        self.qos = max(subscription.qos for subscription in subscriptions)

    @property
    def is_plain(self) -> bool:
        """Whether it may be sent the same bytes as others."""
        connection = self.session.connection
        return not (connection is not None and connection.is_metered) and all(
            subscription.is_plain for subscription in self.subscriptions
        )


class Route:
    """Who receives a topic, as of one subscription version and the epochs of all receivers."""

    __slots__ = ("authorizers", "denied", "downgraded", "epochs", "exact", "groups", "needs_each",
                 "raw_topic", "receivers", "sessions", "shared", "source", "source_epoch",
                 "specials", "version")  # fmt: skip

    def __init__(self, raw_topic: bytes, version: int) -> None:
        """Start without receivers."""
        self.raw_topic = raw_topic
        self.version = version
        self.authorizers: tuple[object, ...] = ()
        self.epochs: tuple[int, ...] = ()
        self.source: EpochSource | None = None
        """What alone moves the epochs of all receivers, if there is such a thing."""
        self.source_epoch = 0
        self.groups: dict[Version, Group] = {}
        """Allowed connected receivers, for QoS 0 messages."""
        self.downgraded: dict[Version, Group] = {}
        """Those of them that asked for QoS 0, for messages of higher QoS."""
        self.sessions: tuple[ClientSession, ...] = ()
        """Receivers of QoS 1 and 2: allowed connected ones and absent persistent ones."""
        self.exact: frozenset[ClientSession] = frozenset()
        """Those of them that asked for QoS 2."""
        self.specials: tuple[Special, ...] = ()
        """Receivers that are in none of the above: their subscriptions ask for more than the
        message as it is, or their rate is metered."""
        self.shared: tuple[SharedGroup, ...] = ()
        """Groups of shared subscriptions, one member of each of which receives."""
        self.needs_each = False
        """Whether QoS 0 messages must be delivered one by one."""
        self.receivers = 0
        """How many of the plain ones are connected and allowed."""
        self.denied = 0
        """How many are connected and not allowed."""

    @property
    def is_empty(self) -> bool:
        """Whether nobody would receive anything."""
        return not (self.receivers or self.sessions or self.specials or self.shared)
