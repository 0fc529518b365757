"""What a connection publishes again and again: how the packets begin, and who gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyfob.mqtt.broker.outbox import Group
    from keyfob.mqtt.broker.route import Route
    from keyfob.mqtt.codec.packets import Version
    from keyfob.mqtt.ports import EpochSource


class Known:
    """The start that plain PUBLISH packets of one topic, QoS and length share, and their route.

    `source` is set when publisher and receivers are all judged by one epoch: then the look at it,
    and at the version of the subscriptions, covers everybody. `group` is set when besides all
    receivers take the packets as they came.
    """

    __slots__ = ("epoch", "group", "head", "is_acknowledged", "packet", "receivers", "route",
                 "source", "version")  # fmt: skip

    def __init__(
        self,
        head: bytes,
        packet: int,
        route: Route,
        source: EpochSource | None,
        spoken: Version,
    ) -> None:
        """Remember a PUBLISH that was just admitted.

        Args:
            head: the packet up to its packet id or, at QoS 0, its payload.
            packet: its length.
            route: its route, current.
            source: what alone moves the publisher's epoch, if there is such a thing.
            spoken: the publisher's MQTT version.
        """
        self.head = head
        self.packet = packet
        self.route = route
        self.is_acknowledged = bool(head[0] & 0x02)
        self.version = route.version
        self.receivers = route.receivers
        is_common = source is not None and (route.source is source or not route.authorizers)
        self.source = source if is_common else None
        self.epoch = source.epoch if source is not None else 0
        self.group: Group | None = None
        if is_common and not self.is_acknowledged and not route.needs_each and not route.denied:
            group = route.groups.get(spoken)
            if group is not None and len(route.groups) == 1 and packet <= group.max_packet_bytes:
                self.group = group
