"""What the broker needs from outside: authorisation, durable state, time.

The broker knows no policy and no database. A `ConnectionAuthorizer` is a required argument of
every connection; there is no default one.
"""

from asyncio import Future
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Will:
    """What an authorizer needs to know of a will."""

    topic: str
    is_retained: bool


class EpochSource(Protocol):
    """A counter of policy changes that many authorizers may share."""

    @property
    def epoch(self) -> int:
        """Moves whenever an answer made from those policies may no longer hold."""
        ...


class ConnectionAuthorizer(Protocol):
    """Judges the packets of one connection; synchronous, because the packet path never waits.

    `epoch` changes whenever a former answer may no longer hold, so that the broker can keep
    answers (and routes made of them) and drop them the moment a policy changes. Answers are
    plain booleans on the packet path; a False has already been recorded in the audit with its
    explanation, and `reason` gives the sentence for it.
    """

    @property
    def epoch(self) -> int:
        """The policy epoch; equal epochs mean that equal questions have equal answers."""
        ...

    @property
    def epoch_source(self) -> EpochSource | None:
        """What alone moves `epoch`, until it moves; None when the clock moves it, too.

        One look at a source that receivers and publisher share then stands for one at each.
        """
        ...

    def may_connect(self, client_id: str, will: Will | None, *, is_persistent: bool) -> bool:
        """Judge a CONNECT: `iot:Connect`, and publishing the will."""
        ...

    def may_publish(self, topic: str, *, retain: bool) -> bool:
        """Judge a PUBLISH: `iot:Publish`, and `iot:RetainPublish` when the retain flag is set."""
        ...

    def may_subscribe(self, topic_filter: str) -> bool:
        """Judge one filter of a SUBSCRIBE."""
        ...

    def may_receive(self, topic: str) -> bool:
        """Judge one delivery."""
        ...

    def reason(self) -> str:
        """Return one sentence on the last refusal."""
        ...

    def close(self) -> None:
        """Let go of what the answers were made of: the connection and its will are over."""
        ...

    @property
    def principal_identifier(self) -> str:
        """What lifecycle events name the principal, `<account>/<role id>:<session>/...`."""
        ...

    @property
    def reference(self) -> bytes:
        """What `ReopenAuthorizer` makes an equal authorizer of after a restart."""
        ...


ReopenAuthorizer = Callable[[bytes, str], Awaitable[ConnectionAuthorizer]]
"""Makes an authorizer of a `reference` and a client id, to judge a will that outlived the process.

It raises when the principal is no more; the will is not sent then.
"""


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription of a persistent session."""

    topic_filter: str
    qos: int
    options: int = 0
    """MQTT 5 subscription options byte."""
    identifier: int = 0
    """Subscription identifier; 0: none."""
    matches_parent: bool = False
    """Whether `a/#` includes `a`."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it is kept: queued for an absent client, or retained."""

    topic: str
    payload: bytes
    qos: int
    properties: bytes = b""
    """MQTT 5 properties to forward, encoded as the wire has them (without the length prefix)."""
    expires_at_s: float | None = None
    published_at_s: float = 0.0
    retain: bool = False
    """Whether it is delivered with the retain flag."""


@dataclass(frozen=True, slots=True)
class StoredWill:
    """A will that outlives the process, with whatever reopens the authorizer that judges it."""

    message: StoredMessage
    delay_s: int
    retain: bool
    authorizer: bytes
    """`ConnectionAuthorizer.reference` of its client."""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A message on its way to a persistent session."""

    number: int
    packet_id: int
    message: StoredMessage | None
    """None: the client has it (QoS 2, PUBREC), but has not said that it is complete."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A persistent session as it was committed."""

    client_id: str
    expires_at_s: float | None
    """When the absent session ends; None while its client is connected."""
    expiry_interval_s: int
    subscriptions: tuple[StoredSubscription, ...] = ()
    messages: tuple[StoredDelivery, ...] = ()
    """What is not yet delivered, oldest first."""
    sent_up_to: int = 0
    """Journal number up to which messages had been sent when the client went away."""
    received: tuple[int, ...] = ()
    """Packet ids of the client's QoS 2 messages that were taken and not yet released."""
    will: StoredWill | None = None
    will_at_s: float | None = None
    """When the will is sent; None while its client is connected."""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A persistent session was made or resumed; `clean` forgets what was stored before."""

    client_id: str
    expiry_interval_s: int
    clean: bool
    will: StoredWill | None = None


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The client of a persistent session went away; the session ends at `expires_at_s`."""

    client_id: str
    expires_at_s: float
    sent_up_to: int = 0
    """Journal number up to which its messages had been sent."""
    will_at_s: float | None = None
    """When its will is due; None: it has none any more."""


@dataclass(frozen=True, slots=True)
class WillSettled:
    """A session's will was sent, or is not to be sent."""

    client_id: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session and all it holds is over."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A persistent session subscribed, or changed a subscription."""

    client_id: str
    subscription: StoredSubscription


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A persistent session dropped a subscription."""

    client_id: str
    topic_filter: str


@dataclass(frozen=True, slots=True)
class MessageQueued:
    """A message waits for the persistent sessions named."""

    message: StoredMessage
    receivers: tuple[tuple[str, int, int], ...]
    """Client id, journal number and packet id of each."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A session's client has a QoS 2 message (PUBREC): only PUBREL may follow."""

    client_id: str
    number: int


@dataclass(frozen=True, slots=True)
class PublishTaken:
    """A persistent session's client published at QoS 2: the packet id is not taken twice."""

    client_id: str
    packet_id: int


@dataclass(frozen=True, slots=True)
class PublishReleased:
    """The client released a packet id (PUBREL)."""

    client_id: str
    packet_id: int


@dataclass(frozen=True, slots=True)
class MessagesSettled:
    """A session's messages were acknowledged, expired or dropped."""

    client_id: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Retained:
    """A topic's retained message was replaced."""

    message: StoredMessage


@dataclass(frozen=True, slots=True)
class RetainedCleared:
    """A topic's retained message was removed."""

    topic: str


JournalEntry = (
    SessionOpened
    | SessionClosed
    | SessionEnded
    | Subscribed
    | Unsubscribed
    | MessageQueued
    | MessagesSettled
    | MessageReceived
    | PublishTaken
    | PublishReleased
    | WillSettled
    | Retained
    | RetainedCleared
)
"""One durable fact of the broker."""


class Journal(Protocol):
    """Keeps the broker's durable facts of one account and region.

    `commit` returns when all entries are durable; the broker hands it everything that waits in
    one round, and acknowledges (PUBACK, SUBACK) only afterwards.
    """

    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        """Return the sessions, and the retained messages, as last committed."""
        ...

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        """Make the entries durable, all or none.

        Raises:
            OSError: the disk is full or gone; nothing was kept.
        """
        ...


class Outlet(Protocol):
    """Where a connection's bytes go: the part of `asyncio.Transport` the broker uses.

    A WebSocket listener implements it by framing what is written; TCP and TLS transports are
    outlets as they are.
    """

    def write(self, data: bytes) -> None:
        """Send bytes, or buffer them; never blocks."""
        ...

    def writelines(self, list_of_data: Iterable[bytes]) -> None:
        """Send several byte strings in order."""
        ...

    def close(self) -> None:
        """Send what is buffered, then close."""
        ...

    def abort(self) -> None:
        """Close now and drop what is buffered."""
        ...

    def pause_reading(self) -> None:
        """Stop calling `data_received`."""
        ...

    def resume_reading(self) -> None:
        """Call `data_received` again."""
        ...

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are buffered."""
        ...

    def is_closing(self) -> bool:
        """Return whether the outlet is closed or closing."""
        ...


class Cancellable(Protocol):
    """A timer that was set."""

    def cancel(self) -> None:
        """Do not call back."""
        ...


class Loop(Protocol):
    """The part of a running event loop that the broker uses; `asyncio` loops are one."""

    def call_soon(self, callback: Callable[[], object]) -> object:
        """Call back after the events at hand are handled."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object]) -> Cancellable:
        """Call back after `delay` seconds."""
        ...

    def time(self) -> float:
        """Return seconds by a clock that only moves forward."""
        ...

    def create_future(self) -> Future[bool]:
        """Return a future of this loop."""
        ...

    def create_task(self, coro: Coroutine[None, None, None]) -> Future[None]:
        """Run a coroutine; the broker keeps what is returned until it is done."""
        ...
