"""What a connected client asks for besides publishing: packet by packet, off the hot path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.broker import publishing, subscribing
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec import MalformedError, PropertyId, ProtocolError
from keyfob.mqtt.codec.packets import (
    Ack,
    Disconnect,
    Packet,
    PacketType,
    PingReq,
    Subscribe,
    Unsubscribe,
)
from keyfob.mqtt.codec.reason import ReasonCode

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection

_PINGRESP = b"\xd0\x00"


def handle(connection: Connection, packet: Packet) -> None:
    """Handle any packet but CONNECT's first and PUBLISH.

    Raises:
        ProtocolError: a client may not send it, or not now.
    """
    match packet:
        case Subscribe():
            subscribing.subscribe(connection, packet)
        case Unsubscribe():
            subscribing.unsubscribe(connection, packet)
        case PingReq():
            connection.broker.metrics.ping_success += 1
            connection.send(_PINGRESP)
        case Disconnect():
            disconnect(connection, packet)
        case Ack():
            _acknowledge(connection, packet)
        case _:
            name = type(packet).__name__.upper()
            raise ProtocolError(f"{name} is not expected here")  # [MQTT-3.1.0-2] and others


def _acknowledge(connection: Connection, packet: Ack) -> None:
    if packet.type is PacketType.PUBACK:
        connection.acknowledge(packet.packet_id)
        return
    if connection.settings.max_qos < 2:
        raise ProtocolError("QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
    match packet.type:
        case PacketType.PUBREC:
            publishing.client_received(connection, packet)
        case PacketType.PUBREL:
            publishing.release(connection, packet)
        case _:
            publishing.client_completed(connection, packet.packet_id)


def disconnect(connection: Connection, packet: Disconnect) -> None:
    """Handle a DISCONNECT: the session may get another expiry, the will goes or stays."""
    session, settings = connection.session, connection.settings
    if PropertyId.SESSION_EXPIRY_INTERVAL in packet.properties:
        expiry_s = packet.properties.integer(PropertyId.SESSION_EXPIRY_INTERVAL, 0)
        if expiry_s and not session.is_persistent:
            raise ProtocolError("a session that ends with its connection cannot be prolonged")
        session.expiry_interval_s = min(expiry_s, settings.max_session_expiry_s)
    if packet.code not in (ReasonCode.SUCCESS, ReasonCode.DISCONNECT_WITH_WILL) and (
        packet.code < ReasonCode.UNSPECIFIED_ERROR
    ):
        raise MalformedError(f"reason code 0x{packet.code:02x} is none of DISCONNECT's")
    if packet.code == ReasonCode.SUCCESS:
        connection.will = None
    connection.close(DisconnectReason.CLIENT_INITIATED_DISCONNECT)
