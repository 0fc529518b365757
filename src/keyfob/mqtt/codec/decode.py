"""Bytes to packets. `decode` takes one whole packet's first byte and body.

Source: MQTT 3.1.1 and 5.0, chapters 2 and 3; the tags name the statement a refusal comes from.
"""

from collections.abc import Callable

from keyfob.mqtt.codec.errors import MalformedError, ProtocolError, UnsupportedVersionError
from keyfob.mqtt.codec.packets import (
    Ack,
    Auth,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Unsubscribe,
    Version,
    WillMessage,
)
from keyfob.mqtt.codec.primitives import Reader
from keyfob.mqtt.codec.properties import Properties, PropertyId, PropertySet, decode_properties

_FLAGS_2 = frozenset({PacketType.PUBREL, PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE})
"""Types whose reserved flags are 0010; all others but PUBLISH have 0000. [MQTT-2.1.3-1]"""


def decode(first: int, body: bytes, version: Version) -> Packet:
    """Decode one packet.

    Args:
        first: the fixed header's first byte.
        body: variable header and payload, exactly the remaining length.
        version: what the connection speaks; a CONNECT says its own.

    Raises:
        MalformedError: the bytes are not such a packet.
        ProtocolError: they are, with something the protocol forbids.
        UnsupportedVersionError: a CONNECT of another protocol level.
    """
    number = first >> 4
    if not number:
        raise MalformedError("packet type 0 is reserved")
    kind = PacketType(number)
    if kind is PacketType.PUBLISH:
        return _decode_publish(first, Reader(body), version)
    if first & 0x0F != (2 if kind in _FLAGS_2 else 0):
        raise MalformedError(f"the reserved flags of {kind.name} are not as fixed")
    reader = Reader(body)
    packet = _DECODERS[kind](kind, reader, version)
    if not reader.is_empty:
        raise MalformedError(f"{kind.name} has {len(body) - reader.offset} bytes too many")
    return packet


def _properties(reader: Reader, version: Version, place: PropertySet) -> Properties:
    return decode_properties(reader, place) if version is Version.V5 else Properties()


def _packet_id(reader: Reader) -> int:
    packet_id = reader.u16()
    if not packet_id:
        raise ProtocolError("packet identifier 0 is not allowed")  # [MQTT-2.2.1-3]
    return packet_id


def _optional_code(reader: Reader, version: Version, place: PropertySet) -> tuple[int, Properties]:
    """Return a reason code and properties, either of which may be left out; 3.1.1 has none."""
    code, properties = 0, Properties()
    if version is Version.V5 and not reader.is_empty:
        code = reader.u8()
        rest = reader.remaining
        if rest:
            properties = decode_properties(reader, place)
    return code, properties


def _decode_connect(_kind: PacketType, reader: Reader, _version: Version) -> Packet:
    name, level = reader.text(), reader.u8()
    if name not in ("MQTT", "MQIsdp"):
        raise MalformedError("the protocol name is not `MQTT`")  # [MQTT-3.1.2-1]
    if name != "MQTT" or level not in (4, 5):
        raise UnsupportedVersionError(name, level)  # [MQTT-3.1.2-2]
    version = Version(level)
    flags, keep_alive_s = reader.u8(), reader.u16()
    _check_connect_flags(flags, version)
    properties = _properties(reader, version, PropertySet.CONNECT)
    if (
        PropertyId.AUTHENTICATION_DATA in properties
        and PropertyId.AUTHENTICATION_METHOD not in properties
    ):
        raise ProtocolError("authentication data without a method")
    client_id = reader.text()
    will = _decode_will(flags, reader, version) if flags & 0x04 else None
    return Connect(
        version=version,
        client_id=client_id,
        clean_start=bool(flags & 0x02),
        keep_alive_s=keep_alive_s,
        will=will,
        user_name=reader.text() if flags & 0x80 else None,
        password=reader.binary() if flags & 0x40 else None,
        properties=properties,
    )


def _check_connect_flags(flags: int, version: Version) -> None:
    if flags & 0x01:
        raise MalformedError("the reserved connect flag is set")  # [MQTT-3.1.2-3]
    qos = flags >> 3 & 3
    if qos == 3 or (not flags & 0x04 and flags & 0x38):
        raise MalformedError("the will flags contradict each other")  # [MQTT-3.1.2-11..15]
    if version is Version.V3 and flags & 0x40 and not flags & 0x80:
        raise MalformedError("a password without a user name")  # 3.1.1 [MQTT-3.1.2-22]


def _decode_will(flags: int, reader: Reader, version: Version) -> WillMessage:
    properties = _properties(reader, version, PropertySet.WILL)
    topic, payload = reader.text(), reader.binary()
    return WillMessage(topic, payload, flags >> 3 & 3, bool(flags & 0x20), properties)


def _decode_connack(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    flags = reader.u8()
    if flags & 0xFE:
        raise MalformedError("reserved bits of the acknowledge flags are set")
    code = reader.u8()
    return ConnAck(bool(flags), code, _properties(reader, version, PropertySet.CONNACK))


def _decode_publish(first: int, reader: Reader, version: Version) -> Packet:
    qos = first >> 1 & 3
    if qos == 3 or first & 0x0E == 0x08:
        raise MalformedError("the flags of PUBLISH are not allowed")  # [MQTT-3.3.1-2], [..-4]
    topic = reader.text()
    packet_id = _packet_id(reader) if qos else 0
    properties = _properties(reader, version, PropertySet.PUBLISH)
    return Publish(
        topic=topic,
        payload=reader.rest(),
        qos=qos,
        retain=bool(first & 0x01),
        dup=bool(first & 0x08),
        packet_id=packet_id,
        properties=properties,
    )


def _decode_ack(kind: PacketType, reader: Reader, version: Version) -> Packet:
    packet_id = _packet_id(reader)
    code, properties = _optional_code(reader, version, PropertySet.ACK)
    return Ack(kind, packet_id, code, properties)


def _decode_subscribe(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, PropertySet.SUBSCRIBE)
    requests: list[SubscriptionRequest] = []
    while not reader.is_empty:
        topic_filter, options = reader.text(), reader.u8()
        reserved = 0xC0 if version is Version.V5 else 0xFC
        if options & reserved or options & 3 == 3 or options & 0x30 == 0x30:
            raise MalformedError("the subscription options are not allowed")  # [MQTT-3.8.3-5]
        requests.append(SubscriptionRequest(topic_filter, options))
    if not requests:
        raise ProtocolError("SUBSCRIBE without a topic filter")  # [MQTT-3.8.3-2]
    return Subscribe(packet_id, tuple(requests), properties)


def _decode_suback(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, PropertySet.SUBACK)
    return SubAck(packet_id, tuple(reader.rest()), properties)


def _decode_unsubscribe(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, PropertySet.UNSUBSCRIBE)
    filters: list[str] = []
    while not reader.is_empty:
        filters.append(reader.text())
    if not filters:
        raise ProtocolError("UNSUBSCRIBE without a topic filter")  # [MQTT-3.10.3-2]
    return Unsubscribe(packet_id, tuple(filters), properties)


def _decode_unsuback(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    packet_id = _packet_id(reader)
    properties = _properties(reader, version, PropertySet.UNSUBACK)
    codes = reader.rest() if version is Version.V5 else b""
    return UnsubAck(packet_id, tuple(codes), properties)


def _decode_disconnect(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    code, properties = _optional_code(reader, version, PropertySet.DISCONNECT)
    return Disconnect(code, properties)


def _decode_auth(_kind: PacketType, reader: Reader, version: Version) -> Packet:
    if version is Version.V3:
        raise MalformedError("packet type 15 is reserved")
    if reader.is_empty:
        return Auth()
    return Auth(reader.u8(), decode_properties(reader, PropertySet.AUTH))


_DECODERS: dict[PacketType, Callable[[PacketType, Reader, Version], Packet]] = {
    PacketType.CONNECT: _decode_connect,
    PacketType.CONNACK: _decode_connack,
    PacketType.PUBACK: _decode_ack,
    PacketType.PUBREC: _decode_ack,
    PacketType.PUBREL: _decode_ack,
    PacketType.PUBCOMP: _decode_ack,
    PacketType.SUBSCRIBE: _decode_subscribe,
    PacketType.SUBACK: _decode_suback,
    PacketType.UNSUBSCRIBE: _decode_unsubscribe,
    PacketType.UNSUBACK: _decode_unsuback,
    PacketType.PINGREQ: lambda _kind, _reader, _version: PingReq(),
    PacketType.PINGRESP: lambda _kind, _reader, _version: PingResp(),
    PacketType.DISCONNECT: _decode_disconnect,
    PacketType.AUTH: _decode_auth,
}
