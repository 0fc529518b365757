"""Packets to bytes; the inverse of `decode`."""

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
    UnsubAck,
    Unsubscribe,
    Version,
)
from keyfob.mqtt.codec.primitives import encode_binary, encode_text, encode_varint
from keyfob.mqtt.codec.properties import Properties, encode_properties


def encode(packet: Packet, version: Version) -> bytes:  # noqa: C901 - one arm per type
    """Encode one packet for a connection that speaks `version`."""
    match packet:
        case Publish():
            return _encode_publish(packet, version)
        case Ack():
            flags = 2 if packet.type is PacketType.PUBREL else 0
            tail = _coded(packet.code, packet.properties, version)
            return _frame(packet.type << 4 | flags, _u16(packet.packet_id) + tail)
        case Connect():
            return _encode_connect(packet)
        case ConnAck():
            head = bytes((packet.session_present, packet.code))
            return _frame(0x20, head + _props(packet.properties, version))
        case Subscribe():
            requests = b"".join(
                encode_text(r.topic_filter) + bytes((r.options,)) for r in packet.requests
            )
            return _identified(0x82, packet.packet_id, packet.properties, requests, version)
        case SubAck():
            codes = bytes(packet.codes)
            return _identified(0x90, packet.packet_id, packet.properties, codes, version)
        case Unsubscribe():
            filters = b"".join(map(encode_text, packet.topic_filters))
            return _identified(0xA2, packet.packet_id, packet.properties, filters, version)
        case UnsubAck():
            codes = bytes(packet.codes) if version is Version.V5 else b""
            return _identified(0xB0, packet.packet_id, packet.properties, codes, version)
        case PingReq():
            return b"\xc0\x00"
        case PingResp():
            return b"\xd0\x00"
        case Disconnect():
            return _frame(0xE0, _coded(packet.code, packet.properties, version))
        case Auth():
            if not packet.code and not packet.properties:
                return b"\xf0\x00"
            return _frame(0xF0, bytes((packet.code,)) + encode_properties(packet.properties))


def _frame(first: int, body: bytes) -> bytes:
    return bytes((first,)) + encode_varint(len(body)) + body


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _props(properties: Properties, version: Version) -> bytes:
    return encode_properties(properties) if version is Version.V5 else b""


def _coded(code: int, properties: Properties, version: Version) -> bytes:
    """A reason code and properties, both left out where nothing is to be said."""
    if version is Version.V3 or (not code and not properties):
        return b""
    return bytes((code,)) + (encode_properties(properties) if properties else b"")


def _identified(
    first: int, packet_id: int, properties: Properties, payload: bytes, version: Version
) -> bytes:
    return _frame(first, _u16(packet_id) + _props(properties, version) + payload)


def _encode_publish(packet: Publish, version: Version) -> bytes:
    first = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = _u16(packet.packet_id) if packet.qos else b""
    properties = _props(packet.properties, version)
    return _frame(first, encode_text(packet.topic) + packet_id + properties + packet.payload)


def _encode_connect(packet: Connect) -> bytes:
    version, will = packet.version, packet.will
    flags = packet.clean_start << 1
    payload = [encode_text(packet.client_id)]
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        payload += (_props(will.properties, version), encode_text(will.topic))
        payload.append(encode_binary(will.payload))
    if packet.user_name is not None:
        flags |= 0x80
        payload.append(encode_text(packet.user_name))
    if packet.password is not None:
        flags |= 0x40
        payload.append(encode_binary(packet.password))
    head = encode_text("MQTT") + bytes((version, flags)) + _u16(packet.keep_alive_s)
    return _frame(0x10, head + _props(packet.properties, version) + b"".join(payload))
