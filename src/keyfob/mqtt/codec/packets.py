"""MQTT control packets as values. One set of classes serves 3.1.1 and 5.

In 3.1.1 packets `properties` is empty and reason codes are what 3.1.1 knows of them.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from keyfob.mqtt.codec.properties import Properties


class Version(IntEnum):
    """Protocol level of CONNECT."""

    V3 = 4
    """MQTT 3.1.1."""
    V5 = 5
    """MQTT 5.0."""


class PacketType(IntEnum):
    """Control packet types: the first byte's high half."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


@dataclass(frozen=True, slots=True)
class WillMessage:
    """The will inside a CONNECT."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class Connect:
    """CONNECT."""

    version: Version
    client_id: str
    clean_start: bool = True
    """3.1.1's clean session, 5's clean start."""
    keep_alive_s: int = 0
    will: WillMessage | None = None
    user_name: str | None = None
    password: bytes | None = field(default=None, repr=False)
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class ConnAck:
    """CONNACK; `code` is a return code in 3.1.1 and a reason code in 5."""

    session_present: bool
    code: int
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class Publish:
    """PUBLISH."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    """0 exactly when `qos` is 0."""
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""

    type: PacketType
    packet_id: int
    code: int = 0
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """One filter of a SUBSCRIBE; `options` is its options byte, QoS included."""

    topic_filter: str
    options: int

    @property
    def qos(self) -> int:
        """The highest QoS asked for."""
        return self.options & 3


@dataclass(frozen=True, slots=True)
class Subscribe:
    """SUBSCRIBE."""

    packet_id: int
    requests: tuple[SubscriptionRequest, ...]
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class SubAck:
    """SUBACK."""

    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """UNSUBSCRIBE."""

    packet_id: int
    topic_filters: tuple[str, ...]
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class UnsubAck:
    """UNSUBACK; 3.1.1 has no codes."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class PingReq:
    """PINGREQ."""


@dataclass(frozen=True, slots=True)
class PingResp:
    """PINGRESP."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """DISCONNECT."""

    code: int = 0
    properties: Properties = field(default_factory=Properties)


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH, which is 5's alone."""

    code: int = 0
    properties: Properties = field(default_factory=Properties)


Packet = (
    Connect
    | ConnAck
    | Publish
    | Ack
    | Subscribe
    | SubAck
    | Unsubscribe
    | UnsubAck
    | PingReq
    | PingResp
    | Disconnect
    | Auth
)
"""Any control packet."""
