"""An application message on its way, and the PUBLISH frames made of it."""

from keyfob.mqtt.codec.packets import Version
from keyfob.mqtt.codec.primitives import encode_varint

_EXPIRY_TAG = b"\x02"
_IDENTIFIER_TAG = b"\x0b"


class Message:
    """One message; made once, shared by all who wait for it."""

    __slots__ = ("_parts3", "_parts5", "expires_at_s", "payload", "properties", "published_at_s",
                 "qos", "raw_topic", "retain")  # fmt: skip

    def __init__(
        self,
        raw_topic: bytes,
        payload: bytes,
        qos: int = 0,
        properties: bytes = b"",
        expires_at_s: float | None = None,
        published_at_s: float = 0.0,
        retain: bool = False,
    ) -> None:
        """Hold a message.

        Args:
            raw_topic: topic in UTF-8, already checked.
            payload: application payload.
            qos: QoS it was published with, or is delivered with.
            properties: MQTT 5 properties to forward as on the wire, without their length, and
                without the message expiry interval, which changes.
            expires_at_s: when it is worth nothing any more.
            published_at_s: when it came.
            retain: whether its frames carry the retain flag.
        """
        self.raw_topic = raw_topic
        self.payload = payload
        self.qos = qos
        self.properties = properties
        self.expires_at_s = expires_at_s
        self.published_at_s = published_at_s
        self.retain = retain
        self._parts3: tuple[bytes, bytes] | None = None
        self._parts5: tuple[bytes, bytes] | None = None

    @property
    def topic(self) -> str:
        """The topic as text."""
        return self.raw_topic.decode()

    @property
    def size(self) -> int:
        """What it counts against a queue's byte bound."""
        return len(self.raw_topic) + len(self.payload) + len(self.properties)

    def is_expired(self, now_s: float) -> bool:
        """Whether its message expiry interval has passed."""
        return self.expires_at_s is not None and self.expires_at_s <= now_s

    def tailored(
        self, qos: int, *, retain: bool = False, identifiers: tuple[int, ...] = ()
    ) -> "Message":
        """Return the message as one receiver's subscriptions want it.

        Args:
            qos: QoS of the delivery.
            retain: whether the delivery carries the retain flag.
            identifiers: identifiers of the subscriptions it is delivered for.
        """
        own = b"".join(_IDENTIFIER_TAG + encode_varint(number) for number in identifiers)
        return Message(
            self.raw_topic,
            self.payload,
            qos,
            own + self.properties,
            self.expires_at_s,
            self.published_at_s,
            retain,
        )

    def frame(
        self,
        version: Version,
        *,
        packet_id: int = 0,
        retain: bool = False,
        dup: bool = False,
        now_s: float = 0.0,
    ) -> bytes:
        """Return the PUBLISH packet: of QoS 0 unless a packet id is given."""
        head, tail = self._build(version, bool(packet_id), now_s)
        first = bytes((head[0] | retain | dup << 3,))
        return b"".join((first, head[1:], packet_id.to_bytes(2, "big") if packet_id else b"", tail))

    def parts(self, version: Version, now_s: float) -> tuple[bytes, bytes]:
        """Return a frame of QoS 1 or 2 in two parts; each receiver's packet id goes between."""
        parts = self._parts3 if version is Version.V3 else self._parts5
        if parts is None or self.expires_at_s is not None:
            parts = self._build(version, True, now_s)
            if version is Version.V3:
                self._parts3 = parts
            else:
                self._parts5 = parts
        return parts

    def _build(self, version: Version, is_acknowledged: bool, now_s: float) -> tuple[bytes, bytes]:
        topic, tail = self.raw_topic, self.payload
        if version is Version.V5:
            properties = self._forwarded(now_s)
            tail = encode_varint(len(properties)) + properties + tail
        length = 2 + len(topic) + (2 if is_acknowledged else 0) + len(tail)
        flags = (max(self.qos, 1) << 1 if is_acknowledged else 0) | self.retain
        first = bytes((0x30 | flags,))
        head = first + encode_varint(length) + len(topic).to_bytes(2, "big") + topic
        return head, tail

    def _forwarded(self, now_s: float) -> bytes:
        if self.expires_at_s is None:
            return self.properties
        remaining = max(0, int(self.expires_at_s - now_s))
        return _EXPIRY_TAG + remaining.to_bytes(4, "big") + self.properties
