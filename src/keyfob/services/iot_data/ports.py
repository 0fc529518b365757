"""What the data plane needs of the broker; joined in `app`."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from keyfob.core.ids import AccountId, Region
from keyfob.store.ports.page import Page


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to publish; the topic is a legal topic name, the publisher was authorised."""

    topic: str
    payload: bytes
    qos: Literal[0, 1] = 0
    retain: bool = False
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    payload_format_indicator: Literal[0, 1] | None = None
    """MQTT 5: 0 unspecified bytes, 1 UTF-8 text."""
    message_expiry_s: int | None = None
    """1 to 604,800."""
    user_properties: tuple[tuple[str, str], ...] = ()
    """In the order given; names may repeat."""


class TopicRules(Protocol):
    """The broker's rules of topic names, so that HTTPS and MQTT take the same ones."""

    def refusal(self, topic: str) -> str | None:
        """Return why a topic may not be published to; None when it may."""
        ...


class Publisher(Protocol):
    """Hands messages to the broker of an account and region."""

    async def publish(self, account: AccountId, region: Region, message: OutgoingMessage) -> None:
        """Publish; returns when a QoS 1 or retained message is durable, as PUBACK would.

        Raises:
            OSError: it could not be made durable; nobody gets it.
        """
        ...


@dataclass(frozen=True, slots=True)
class RetainedMessage:
    """A topic's retained message."""

    topic: str
    payload: bytes
    qos: int
    modified_at_s: float
    user_properties: tuple[tuple[str, str], ...] = ()


class RetainedMessages(Protocol):
    """Reads the retained messages of an account and region."""

    async def get(self, account: AccountId, region: Region, topic: str) -> RetainedMessage | None:
        """Return a topic's retained message."""
        ...

    async def page(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[RetainedMessage]:
        """Return retained messages in the order of their topics, which are the page keys."""
        ...


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """A client's connection: open, or ended less than 30 minutes ago."""

    client_id: str
    is_persistent: bool
    source_ip: str
    source_port: int
    """0: not known."""
    keep_alive_s: int
    session_expiry_s: int
    connected_at_s: float
    disconnected_at_s: float | None = None
    """None: it is open."""
    disconnect_reason: str | None = None


class Delivery(Enum):
    """What became of a message to one client."""

    DONE = 1
    NOT_CONNECTED = 2
    REFUSED = 3
    """The client's policies do not let it receive the topic."""
    UNCONFIRMED = 4
    """No acknowledgement came in time."""


class Connections(Protocol):
    """Sees and ends the connections of an account and region."""

    async def disconnect(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        *,
        clean_session: bool,
        prevent_will: bool,
    ) -> bool:
        """End a client's connection; return whether there was one."""
        ...

    async def connection(
        self, account: AccountId, region: Region, client_id: str
    ) -> ClientConnection | None:
        """Return a client's connection, or its last one of the past 30 minutes."""
        ...

    async def subscriptions(
        self, account: AccountId, region: Region, client_id: str
    ) -> tuple[tuple[str, int], ...] | None:
        """Return a session's topic filters and their QoS, sorted; None: there is no session."""
        ...

    async def send(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        message: OutgoingMessage,
        *,
        confirm_within_s: float | None,
    ) -> Delivery:
        """Send a message to one client; with a time, wait for its acknowledgement."""
        ...
