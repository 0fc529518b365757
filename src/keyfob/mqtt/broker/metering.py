"""Rates: a connection that is held to AWS's, and those that are kept per client id and topic.

Source: AWS General Reference, IoT Core quotas (documented values; bursts and fates inferred where
`RateQuotas` says so).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, ClassVar

from keyfob.mqtt.broker.connection import Connection, State
from keyfob.mqtt.broker.settings import Rate, RateQuotas
from keyfob.mqtt.codec.packets import PacketType, Version
from keyfob.mqtt.codec.reason import ReasonCode

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker, Peer
    from keyfob.mqtt.broker.settings import BrokerSettings
    from keyfob.mqtt.ports import Cancellable, ConnectionAuthorizer, Outlet
    from keyfob.mqtt.session import Message

MAX_BUCKETS = 100_000
"""Client ids or topics whose rates are remembered; the longest unused are forgotten."""


class TokenBucket:
    """So many tokens a second, and never more than `burst`."""

    __slots__ = ("_at_s", "_rate", "_tokens")

    def __init__(self, rate: Rate, now_s: float) -> None:
        """Start full."""
        self._rate = rate
        self._tokens = rate.burst
        self._at_s = now_s

    def take(self, count: int, now_s: float) -> int:
        """Take up to `count` tokens; return how many there were."""
        self._fill(now_s)
        taken = min(count, int(self._tokens))
        self._tokens -= taken
        return taken

    def spend(self, count: float, now_s: float) -> float:
        """Take tokens that may not be there; return the seconds until the debt is paid."""
        self._fill(now_s)
        self._tokens -= count
        return max(0.0, -self._tokens / self._rate.per_s)

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until there is a token."""
        self._fill(now_s)
        return max(0.0, (1 - self._tokens) / self._rate.per_s)

    def _fill(self, now_s: float) -> None:
        passed = max(0.0, now_s - self._at_s)
        self._tokens = min(self._rate.burst, self._tokens + passed * self._rate.per_s)
        self._at_s = now_s


class MeteredConnection(Connection):
    """A connection whose publishes, in and out together, and whose bytes in are rated."""

    is_metered: ClassVar[bool] = True

    __slots__ = ("_publishes", "_refill", "_throughput", "_unpause")

    def __init__(
        self,
        broker: Broker,
        outlet: Outlet,
        authorizer: ConnectionAuthorizer,
        peer: Peer,
        settings: BrokerSettings,
    ) -> None:
        """Wait for a CONNECT; `settings` have quotas."""
        super().__init__(broker, outlet, authorizer, peer, settings)
        quotas, now_s = settings.quotas or RateQuotas(), broker.clock.now()
        self._publishes = TokenBucket(quotas.publishes, now_s)
        self._throughput = TokenBucket(quotas.throughput, now_s)
        self._refill: Cancellable | None = None
        self._unpause: Cancellable | None = None

    @property
    def is_reading(self) -> bool:
        """Whether messages of QoS 1 and 2 may be sent now; if only the rate forbids, call back."""
        if self.state is not State.CONNECTED or self.is_slow:
            return False
        wait_s = self._publishes.wait_s(self.broker.clock.now())
        if wait_s and self._refill is None:
            self._refill = self.broker.loop.call_later(wait_s, self._refilled)
        return not wait_s

    def take_publish(self) -> bool:
        """Whether one more message may be sent now; it is counted."""
        if self._publishes.take(1, self.broker.clock.now()):
            return True
        self.broker.metrics.throttle_exceeded += 1
        self.broker.metrics.publish_out_throttle += 1
        return False

    def send_message(self, message: Message, packet_id: int, *, dup: bool = False) -> None:
        """Send a message of QoS 1 or 2; that there is a token was asked before."""
        self._publishes.spend(1, self.broker.clock.now())
        super().send_message(message, packet_id, dup=dup)

    def data_received(self, data: bytes) -> None:
        """Take what was read; beyond the throughput, read no more until it has passed."""
        wait_s = self._throughput.spend(len(data), self.broker.clock.now())
        if wait_s and self._unpause is None and self.state is not State.CLOSED:
            self.pause()
            self._unpause = self.broker.loop.call_later(wait_s, self._read_on)
        super().data_received(data)

    def take_incoming(self, kind: PacketType, packet_id: bytes) -> bool:
        """Whether one more PUBLISH is taken; one that is not gets no answer, in v5 0x97."""
        if self._publishes.take(1, self.broker.clock.now()):
            return True
        self.broker.metrics.throttle_exceeded += 1
        self.broker.metrics.publish_in_throttle += 1
        if packet_id and self.version is Version.V5:
            why = "more messages a second than a connection may send"
            self.acks.refuse(kind, packet_id, ReasonCode.QUOTA_EXCEEDED, why)
        return False

    def _publish_plain(self, data: bytes, start: int, body: int, end: int) -> bool:
        return False  # decoded in full: `publishing` asks `take_incoming`

    def _refilled(self) -> None:
        self._refill = None
        if self.state is State.CONNECTED:
            self.send_waiting()

    def _read_on(self) -> None:
        self._unpause = None
        self.resume()


class _Buckets:
    """Buckets by name."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, name: str, rate: Rate, now_s: float) -> bool:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(rate, now_s)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        return bucket.take(1, now_s) == 1


class ConnectRates:
    """How often client ids connect."""

    def __init__(self) -> None:
        """Start with none."""
        self._buckets = _Buckets()

    def admits(self, connection: Connection, client_id: str) -> bool:
        """Whether a CONNECT is within its client id's rate."""
        quotas = connection.settings.quotas
        if quotas is None:
            return True
        return self._buckets.take(client_id, quotas.connects, connection.broker.clock.now())


class RetainRates:
    """How often topics are retained, each and all."""

    def __init__(self) -> None:
        """Start with none."""
        self._buckets = _Buckets()
        self._all = _Buckets()

    def admits(self, connection: Connection, topic: str) -> bool:
        """Whether a message to be retained is within the rates."""
        quotas = connection.settings.quotas
        if quotas is None:
            return True
        now_s = connection.broker.clock.now()
        return self._all.take("", quotas.retained, now_s) and self._buckets.take(
            topic, quotas.retained_per_topic, now_s
        )
