"""MQTT 5 properties: one table says type and where each may stand. Source: MQTT 5.0, 2.2.2.2."""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import cast

from keyfob.mqtt.codec.errors import MalformedError, ProtocolError
from keyfob.mqtt.codec.primitives import Reader, encode_binary, encode_text, encode_varint


class PropertyId(IntEnum):
    """A property by its identifier."""

    PAYLOAD_FORMAT_INDICATOR = 0x01
    MESSAGE_EXPIRY_INTERVAL = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_IDENTIFIER = 0x0B
    SESSION_EXPIRY_INTERVAL = 0x11
    ASSIGNED_CLIENT_IDENTIFIER = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY_INTERVAL = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    RESPONSE_INFORMATION = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION_AVAILABLE = 0x2A


class PropertySet(Enum):
    """Where properties stand: a packet, or the will inside CONNECT."""

    CONNECT = "CONNECT"
    WILL = "will"
    CONNACK = "CONNACK"
    PUBLISH = "PUBLISH"
    ACK = "PUBACK"
    SUBSCRIBE = "SUBSCRIBE"
    SUBACK = "SUBACK"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    UNSUBACK = "UNSUBACK"
    DISCONNECT = "DISCONNECT"
    AUTH = "AUTH"


Value = int | str | bytes | tuple[tuple[str, str], ...]
"""A property's value; user properties are all pairs in order."""


class Properties(dict[PropertyId, Value]):
    """The properties of one packet, read by type; the decoder has made sure of the types."""

    def integer(self, key: PropertyId, default: int) -> int:
        """Return a number."""
        return cast(int, self.get(key, default))

    def text(self, key: PropertyId) -> str | None:
        """Return a string, or None when it is absent."""
        return cast(str | None, self.get(key))

    def binary(self, key: PropertyId) -> bytes:
        """Return binary data, empty when it is absent."""
        return cast(bytes, self.get(key, b""))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the user properties."""
        return cast(tuple[tuple[str, str], ...], self.get(PropertyId.USER_PROPERTY, ()))


class _Kind(Enum):
    BYTE = 1
    TWO = 2
    FOUR = 4
    VARINT = 5
    BINARY = 6
    TEXT = 7
    PAIR = 8


_P, _S, _K = PropertyId, PropertySet, _Kind
_ANYWHERE = frozenset(_S)
_MESSAGE = frozenset({_S.PUBLISH, _S.WILL})
_SETUP = frozenset({_S.CONNECT, _S.CONNACK})

_TABLE: dict[PropertyId, tuple[_Kind, frozenset[PropertySet]]] = {
    _P.PAYLOAD_FORMAT_INDICATOR: (_K.BYTE, _MESSAGE),
    _P.MESSAGE_EXPIRY_INTERVAL: (_K.FOUR, _MESSAGE),
    _P.CONTENT_TYPE: (_K.TEXT, _MESSAGE),
    _P.RESPONSE_TOPIC: (_K.TEXT, _MESSAGE),
    _P.CORRELATION_DATA: (_K.BINARY, _MESSAGE),
    _P.SUBSCRIPTION_IDENTIFIER: (_K.VARINT, frozenset({_S.PUBLISH, _S.SUBSCRIBE})),
    _P.SESSION_EXPIRY_INTERVAL: (_K.FOUR, _SETUP | {_S.DISCONNECT}),
    _P.ASSIGNED_CLIENT_IDENTIFIER: (_K.TEXT, frozenset({_S.CONNACK})),
    _P.SERVER_KEEP_ALIVE: (_K.TWO, frozenset({_S.CONNACK})),
    _P.AUTHENTICATION_METHOD: (_K.TEXT, _SETUP | {_S.AUTH}),
    _P.AUTHENTICATION_DATA: (_K.BINARY, _SETUP | {_S.AUTH}),
    _P.REQUEST_PROBLEM_INFORMATION: (_K.BYTE, frozenset({_S.CONNECT})),
    _P.WILL_DELAY_INTERVAL: (_K.FOUR, frozenset({_S.WILL})),
    _P.REQUEST_RESPONSE_INFORMATION: (_K.BYTE, frozenset({_S.CONNECT})),
    _P.RESPONSE_INFORMATION: (_K.TEXT, frozenset({_S.CONNACK})),
    _P.SERVER_REFERENCE: (_K.TEXT, frozenset({_S.CONNACK, _S.DISCONNECT})),
    _P.REASON_STRING: (
        _K.TEXT,
        _ANYWHERE - {_S.CONNECT, _S.WILL, _S.PUBLISH, _S.SUBSCRIBE, _S.UNSUBSCRIBE},
    ),
    _P.RECEIVE_MAXIMUM: (_K.TWO, _SETUP),
    _P.TOPIC_ALIAS_MAXIMUM: (_K.TWO, _SETUP),
    _P.TOPIC_ALIAS: (_K.TWO, frozenset({_S.PUBLISH})),
    _P.MAXIMUM_QOS: (_K.BYTE, frozenset({_S.CONNACK})),
    _P.RETAIN_AVAILABLE: (_K.BYTE, frozenset({_S.CONNACK})),
    _P.USER_PROPERTY: (_K.PAIR, _ANYWHERE),
    _P.MAXIMUM_PACKET_SIZE: (_K.FOUR, _SETUP),
    _P.WILDCARD_SUBSCRIPTION_AVAILABLE: (_K.BYTE, frozenset({_S.CONNACK})),
    _P.SUBSCRIPTION_IDENTIFIER_AVAILABLE: (_K.BYTE, frozenset({_S.CONNACK})),
    _P.SHARED_SUBSCRIPTION_AVAILABLE: (_K.BYTE, frozenset({_S.CONNACK})),
}

_NOT_ZERO = frozenset({_P.RECEIVE_MAXIMUM, _P.MAXIMUM_PACKET_SIZE, _P.SUBSCRIPTION_IDENTIFIER})
_READ: dict[_Kind, Callable[[Reader], Value]] = {
    _K.BYTE: Reader.u8,
    _K.TWO: Reader.u16,
    _K.FOUR: Reader.u32,
    _K.VARINT: Reader.varint,
    _K.BINARY: Reader.binary,
    _K.TEXT: Reader.text,
}


def decode_properties(reader: Reader, place: PropertySet) -> Properties:
    """Read a property length and the properties.

    Raises:
        MalformedError: an unknown property, or one that does not belong here.
        ProtocolError: a property given twice, or a value out of its range.
    """
    inner = Reader(reader.take(reader.varint()))
    found = Properties()
    pairs: list[tuple[str, str]] = []
    while not inner.is_empty:
        number = inner.varint()
        kind, places = _TABLE.get(number, (None, frozenset()))  # type: ignore[call-overload]
        if kind is None or place not in places:
            raise MalformedError(f"property 0x{number:02x} does not belong in {place.value}")
        if kind is _K.PAIR:
            pairs.append((inner.text(), inner.text()))
            continue
        key = PropertyId(number)
        if key in found:
            raise ProtocolError(f"property 0x{number:02x} is given twice")
        value = _READ[kind](inner)
        _check_range(key, kind, value)
        found[key] = value
    if pairs:
        found[PropertyId.USER_PROPERTY] = tuple(pairs)
    return found


def _check_range(key: PropertyId, kind: _Kind, value: Value) -> None:
    is_bad_flag = kind is _K.BYTE and value not in (0, 1)
    if is_bad_flag or (key in _NOT_ZERO and value == 0):
        raise ProtocolError(f"property 0x{key:02x} may not be {value!r}")


def encode_properties(properties: Properties) -> bytes:
    """Return the properties behind their length."""
    body = encode_property_list(properties)
    return encode_varint(len(body)) + body


def encode_property_list(properties: Properties) -> bytes:
    """Return the properties without a length before them."""
    parts: list[bytes] = []
    for key, value in properties.items():
        tag = encode_varint(key)
        if isinstance(value, tuple):
            parts.extend(tag + encode_text(name) + encode_text(text) for name, text in value)
        elif isinstance(value, str):
            parts.append(tag + encode_text(value))
        elif isinstance(value, bytes):
            parts.append(tag + encode_binary(value))
        else:
            parts.append(tag + _encode_number(_TABLE[key][0], value))
    return b"".join(parts)


def _encode_number(kind: _Kind, value: int) -> bytes:
    return encode_varint(value) if kind is _K.VARINT else value.to_bytes(kind.value, "big")
