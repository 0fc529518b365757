"""A client's session: subscriptions, the in-flight window, and what waits behind it.

Theory. A QoS 1 message is either in flight (sent under a packet id, not acknowledged) or waits.
`offer` puts it in flight while the window has room and nothing waits, so order is kept;
`acknowledge` frees a place, and `next_waiting` fills it. After a reconnect `in_flight` is sent
again under the same ids with DUP [MQTT-4.4.0-1], then the rest follows.

Rules. No I/O and no clock; messages come with journal numbers (0: not kept), and what is settled
is returned to the caller, who tells the journal.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from keyfob.mqtt.session.message import Message

MAX_PACKET_ID = 65_535


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """How much may wait for one session; what comes beyond is dropped and counted."""

    messages: int
    size: int
    """Bytes of topics, payloads and properties."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a client asked for with one filter."""

    qos: int
    options: int = 0
    """MQTT 5 subscription options byte; in 3.1.1 just the QoS."""

    @property
    def is_no_local(self) -> bool:
        """Whether the client's own messages are kept from it."""
        return bool(self.options & 0x04)

    @property
    def keeps_retain_flag(self) -> bool:
        """Retain as published."""
        return bool(self.options & 0x08)

    @property
    def retain_handling(self) -> int:
        """0: send retained messages, 1: only for a new subscription, 2: never."""
        return self.options >> 4 & 3


class Offer(Enum):
    """What became of a message that was not put in flight at once."""

    WAITS = 0
    DROPPED = -1


class Session:
    """The state MQTT keeps for a client id, connected or not."""

    __slots__ = ("client_id", "expiry_interval_s", "in_flight", "last_packet_id",
                 "subscriptions", "waiting", "waiting_bytes", "window")  # fmt: skip

    def __init__(self, client_id: str, expiry_interval_s: int, window: int) -> None:
        """Start empty.

        Args:
            client_id: the client's identifier.
            expiry_interval_s: how long it outlives its connection; 0: not at all.
            window: most messages in flight to the client.
        """
        self.client_id = client_id
        self.expiry_interval_s = expiry_interval_s
        self.window = window
        self.subscriptions: dict[str, Subscription] = {}
        self.in_flight: dict[int, tuple[Message, int]] = {}
        self.last_packet_id = 0
        self.waiting: deque[tuple[Message, int]] | None = None
        self.waiting_bytes = 0

    @property
    def is_persistent(self) -> bool:
        """Whether it outlives its connection."""
        return self.expiry_interval_s > 0

    def offer(
        self, message: Message, number: int, bounds: QueueBounds, *, is_ready: bool
    ) -> int | Offer:
        """Take a QoS 1 message.

        Args:
            message: what to deliver.
            number: its journal number for this session, 0 when it is not kept.
            bounds: of what may wait.
            is_ready: whether the client is there and reads.

        Returns:
            The packet id to send it under now, or what became of it.
        """
        if is_ready and not self.waiting and len(self.in_flight) < self.window:
            return self._put_in_flight(message, number)
        waiting = self.waiting
        if waiting is None:
            waiting = self.waiting = deque()
        size = message.size
        if len(waiting) >= bounds.messages or self.waiting_bytes + size > bounds.size:
            return Offer.DROPPED
        waiting.append((message, number))
        self.waiting_bytes += size
        return Offer.WAITS

    def restore(self, message: Message, number: int) -> None:
        """Let a message wait that was accepted before, whatever the bounds say now."""
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append((message, number))
        self.waiting_bytes += message.size

    def next_waiting(self, now_s: float) -> tuple[int, Message] | int | None:
        """Put the next waiting message in flight.

        Returns:
            Its packet id and itself; the journal number of one that has expired and is dropped;
            or None when nothing waits or the window is full.
        """
        if not self.waiting or len(self.in_flight) >= self.window:
            return None
        message, number = self.waiting.popleft()
        self.waiting_bytes -= message.size
        if message.is_expired(now_s):
            return number
        return self._put_in_flight(message, number), message

    def acknowledge(self, packet_id: int) -> int | None:
        """Settle a PUBACK; return the journal number, or None when nothing had that id."""
        settled = self.in_flight.pop(packet_id, None)
        return None if settled is None else settled[1]

    def _put_in_flight(self, message: Message, number: int) -> int:
        packet_id = self.last_packet_id
        while True:
            packet_id = packet_id + 1 if packet_id < MAX_PACKET_ID else 1
            if packet_id not in self.in_flight:
                break
        self.last_packet_id = packet_id
        self.in_flight[packet_id] = (message, number)
        return packet_id
