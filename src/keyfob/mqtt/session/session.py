"""A client's session: subscriptions, the in-flight window, and what waits behind it.

Theory. A message of QoS 1 or 2 is either in flight (sent under its packet id, not acknowledged) or
waits. `offer` puts it in flight while the window has room and nothing waits, so order is kept;
`acknowledge` or `complete` frees a place, and `next_waiting` fills it. After a reconnect
`in_flight` is sent again under the same ids with DUP [MQTT-4.4.0-1], then the rest follows.

Rules. No I/O and no clock; messages come with journal numbers (0: not kept), and what is settled
is returned to the caller, who tells the journal.
"""

import struct
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from keyfob.mqtt.session.message import Message

MAX_PACKET_ID = 65_535
MAX_WAITING = 60_000
"""Most messages that may wait, whatever the bounds say: packet ids must not run out."""
EXACTLY_ONCE = 2
"""QoS 2."""
_SENT: tuple[Message | None, int] = Message(b"", b"", 1), 0
"""In flight in a session that is not kept."""


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
    identifier: int = 0
    """Subscription identifier; 0: none."""
    matches_parent: bool = False
    """Whether `a/#` includes `a`, as in the standard and not in AWS."""

    @property
    def is_plain(self) -> bool:
        """Whether its deliveries are the messages as they are."""
        return not self.identifier and not self.options & 0x0C

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

    __slots__ = ("client_id", "expiry_interval_s", "in_flight", "last_packet_id", "received",
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
        self.in_flight: dict[int, tuple[Message | None, int]] = {}
        """By packet id; no message: the client has it (PUBREC), PUBCOMP is missing."""
        self.last_packet_id = 0
        self.waiting: deque[tuple[Message, int, int]] | None = None
        """Messages with their journal numbers and packet ids."""
        self.waiting_bytes = 0
        self.received: set[int] | None = None
        """Packet ids of the client's QoS 2 messages that were taken and not yet released."""

    @property
    def is_persistent(self) -> bool:
        """Whether it outlives its connection."""
        return self.expiry_interval_s > 0

    def offer(
        self, message: Message, number: int, bounds: QueueBounds, *, is_ready: bool
    ) -> int | Offer:
        """Take a message of QoS 1 or 2; its packet id is `last_packet_id` afterwards.

        Args:
            message: what to deliver.
            number: its journal number for this session, 0 when it is not kept.
            bounds: of what may wait.
            is_ready: whether the client is there and reads, and the message may go now.

        Returns:
            The packet id to send it under now, or what became of it.
        """
        if is_ready and not self.waiting and len(self.in_flight) < self.window:
            packet_id = self._next_packet_id()
            self.in_flight[packet_id] = (message, number)
            return packet_id
        waiting = self.waiting
        if waiting is None:
            waiting = self.waiting = deque()
        size = message.size
        limit = min(bounds.messages, MAX_WAITING)
        if len(waiting) >= limit or self.waiting_bytes + size > bounds.size:
            return Offer.DROPPED
        waiting.append((message, number, self._next_packet_id()))
        self.waiting_bytes += size
        return Offer.WAITS

    def offer_run(self, count: int) -> bytes | None:
        """Take messages of QoS 1 to be sent at once, when the session is not kept.

        Such messages are never sent a second time, so only their packet ids are remembered.

        Returns:
            Their packet ids, two bytes each; None when one of them would have to wait.
        """
        if self.waiting or self.expiry_interval_s or len(self.in_flight) + count > self.window:
            return None
        last = self.last_packet_id + count
        ids = range(self.last_packet_id + 1, last + 1)
        if last > MAX_PACKET_ID or not self.in_flight.keys().isdisjoint(ids):
            return None
        self.last_packet_id = last
        self.in_flight.update(dict.fromkeys(ids, _SENT))
        return struct.pack(f">{count}H", *ids)

    def restore(
        self, message: Message | None, number: int, packet_id: int, *, was_sent: bool
    ) -> None:
        """Take a message that was accepted before, whatever the bounds say now.

        Args:
            message: what to deliver; None when the client has it and PUBCOMP is missing.
            number: its journal number; they come in rising order.
            packet_id: its packet id.
            was_sent: whether it may have been sent already.
        """
        self.last_packet_id = packet_id
        if message is None or (was_sent and not self.waiting):
            self.in_flight[packet_id] = (message, number)
            return
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append((message, number, packet_id))
        self.waiting_bytes += message.size

    def next_waiting(self, now_s: float, committed: int) -> tuple[int, Message] | int | None:
        """Put the next waiting message in flight.

        Args:
            now_s: the time, for messages that expire.
            committed: journal number up to which everything is durable; a QoS 2 message is not
                sent before it is.

        Returns:
            Its packet id and itself; the journal number of one that has expired and is dropped;
            or None when nothing may be sent now.
        """
        if not self.waiting or len(self.in_flight) >= self.window:
            return None
        message, number, packet_id = self.waiting[0]
        if message.qos == EXACTLY_ONCE and number > committed:
            return None
        self.waiting.popleft()
        self.waiting_bytes -= message.size
        if message.is_expired(now_s):
            return number
        self.in_flight[packet_id] = (message, number)
        return packet_id, message

    def acknowledge(self, packet_id: int) -> int | None:
        """Settle a PUBACK; return the journal number, or None when it settles nothing."""
        settled = self.in_flight.get(packet_id)
        if settled is None or settled[0] is None or settled[0].qos == EXACTLY_ONCE:
            return None
        del self.in_flight[packet_id]
        return settled[1]

    def acknowledge_run(self, packet_ids: Iterable[int]) -> list[int]:
        """Settle PUBACKs; return the journal numbers."""
        numbers = []
        in_flight = self.in_flight
        for packet_id in packet_ids:
            settled = in_flight.get(packet_id)
            if settled is _SENT:
                del in_flight[packet_id]
            elif settled is not None and (number := self.acknowledge(packet_id)):
                numbers.append(number)
        return numbers

    def note_received(self, packet_id: int) -> int | None:
        """Note a PUBREC: the message itself is needed no more.

        Returns:
            The journal number; None when no message of QoS 2 has that id.
        """
        found = self.in_flight.get(packet_id)
        if found is None or (found[0] is not None and found[0].qos != EXACTLY_ONCE):
            return None
        self.in_flight[packet_id] = (None, found[1])
        return found[1]

    def complete(self, packet_id: int) -> int | None:
        """Settle a PUBCOMP; return the journal number, or None when it settles nothing."""
        found = self.in_flight.get(packet_id)
        if found is None or found[0] is not None:
            return None
        del self.in_flight[packet_id]
        return found[1]

    def drop(self, packet_id: int) -> int:
        """Give up a message in flight; return its journal number."""
        return self.in_flight.pop(packet_id, (None, 0))[1]

    def discard(self, number: int) -> None:
        """Forget a waiting message that could not be made durable."""
        for item in self.waiting or ():
            if item[1] == number:
                self.waiting.remove(item)  # type: ignore[union-attr]
                self.waiting_bytes -= item[0].size
                return

    def sent_up_to(self) -> int:
        """Return the highest journal number in flight."""
        return max((number for _, number in self.in_flight.values()), default=0)

    def _next_packet_id(self) -> int:
        """Return a free packet id.

        Ids are given in turn, to waiting messages too, so that an id outlives a restart. What
        waits has the last `MAX_WAITING` ids at most, so only those in flight can be in the way.
        """
        packet_id = self.last_packet_id
        while True:
            packet_id = packet_id + 1 if packet_id < MAX_PACKET_ID else 1
            if packet_id not in self.in_flight:
                break
        self.last_packet_id = packet_id
        return packet_id
