"""Messages that clients publish, and the steps of QoS 2 in both directions.

Refusals. A v3 client is disconnected without an answer (observed and confirmed by AWS in its
device SDK issues); a v5 client gets 0x87 in PUBACK or PUBREC and stays, and a DISCONNECT with 0x87
for a QoS 0 PUBLISH, which has no answer (inferred).

QoS 2, in. PUBREC says that the message and its packet id are durable; the message goes to its
receivers with the same commit (method B of MQTT 5.0, 4.3.3). Until PUBREL the id is not taken
again. PUBCOMP follows the commit that frees it: else a message under the same id could be lost.

QoS 2, out. A message for a persistent session is sent once it is durable, PUBREL once PUBREC is:
after a crash neither is sent for something that never was, or that is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec import Properties, PropertyId, ProtocolError
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import Ack, PacketType, Publish, Version
from keyfob.mqtt.codec.primitives import decode_text
from keyfob.mqtt.codec.properties import encode_property_list
from keyfob.mqtt.codec.reason import ReasonCode
from keyfob.mqtt.ports import MessageReceived, PublishReleased, PublishTaken
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import Message
from keyfob.mqtt.topics import TopicError, check_topic_name, is_reserved

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection

MAX_CONTENT_TYPE_BYTES = 256
MAX_PROPERTY_BYTES = 8 * 1024
"""AWS: content type 256 bytes; correlation data, and all user properties, 8 KB (documented)."""

FORWARDED = (
    PropertyId.PAYLOAD_FORMAT_INDICATOR,
    PropertyId.CONTENT_TYPE,
    PropertyId.RESPONSE_TOPIC,
    PropertyId.CORRELATION_DATA,
    PropertyId.USER_PROPERTY,
)
"""What receivers get as it came; the message expiry interval is counted down instead."""

_PUBACK, _PUBREC, _PUBREL, _PUBCOMP = b"\x40\x02", b"\x50\x02", b"\x62\x02", b"\x70\x02"


# PUBLISH


def publish(connection: Connection, packet: Publish) -> None:
    """Handle a PUBLISH with everything it may carry."""
    broker, settings = connection.broker, connection.settings
    if packet.qos > settings.max_qos:
        raise ProtocolError("QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
    if len(packet.payload) > settings.max_payload_bytes:
        raise ProtocolError("the payload is too large", ReasonCode.QUOTA_EXCEEDED)
    kind = PacketType.PUBREC if packet.qos == 2 else PacketType.PUBACK
    packet_id = packet.packet_id.to_bytes(2, "big") if packet.qos else b""
    try:
        raw_topic = _resolve_topic(connection, packet)
        if packet.qos == 2 and _is_taken(connection, packet.packet_id):
            connection.acks.add(_PUBREC + packet_id, is_commit_due=True)
            return
        topic = decode_text(raw_topic)
        check_topic_name(topic, settings.profile)
        _check_properties(packet, topic, settings.profile)
        if not connection.take_incoming(kind, packet_id):
            return
        route = broker.router.admit(connection, raw_topic, retain=packet.retain)
    except TopicError as error:
        _reject_topic(connection, kind, packet_id, error)
        return
    if route is None:
        if packet.retain:
            broker.metrics.publish_retained_auth_error += 1
        refuse(connection, kind, packet_id, raw_topic)
        return
    if packet.retain and not broker.retain_rates.admits(connection, topic):
        _throttle_retained(connection, kind, packet_id)
        return
    broker.metrics.publish_in_success += 1
    message = build_message(
        raw_topic,
        packet.payload,
        packet.qos,
        packet.properties,
        now_s=broker.clock.now(),
        max_expiry_s=settings.max_message_expiry_s,
    )
    is_commit_due = packet.qos == 2 and _take(connection, packet.packet_id)
    is_commit_due |= packet.retain and broker.retained.retain(message)
    is_commit_due |= broker.router.deliver(route, message, connection, is_retained=packet.retain)
    if packet_id:
        answer = _PUBREC if packet.qos == 2 else _PUBACK
        connection.acks.add(answer + packet_id, is_commit_due=is_commit_due)


def build_message(
    raw_topic: bytes,
    payload: bytes,
    qos: int,
    properties: Properties,
    *,
    now_s: float,
    max_expiry_s: int,
) -> Message:
    """Return the message to deliver: what is forwarded of its properties, when it expires.

    An expiry of 0 becomes 1, one too long the longest (documented: IoT Developer Guide, MQTT).
    """
    expires_at_s = None
    if PropertyId.MESSAGE_EXPIRY_INTERVAL in properties:
        expiry_s = properties.integer(PropertyId.MESSAGE_EXPIRY_INTERVAL, 0)
        expires_at_s = now_s + min(max(expiry_s, 1), max_expiry_s)
    forwarded = Properties({key: properties[key] for key in FORWARDED if key in properties})
    encoded = encode_property_list(forwarded) if forwarded else b""
    return Message(raw_topic, payload, qos, encoded, expires_at_s, now_s)


def _resolve_topic(connection: Connection, packet: Publish) -> bytes:
    """Return the topic, from or into the client's topic aliases."""
    raw_topic = packet.topic.encode()
    if PropertyId.TOPIC_ALIAS not in packet.properties:
        if not raw_topic and connection.version is Version.V5:
            raise ProtocolError("a PUBLISH without topic and alias")
        return raw_topic
    alias = packet.properties.integer(PropertyId.TOPIC_ALIAS, 0)
    if not 1 <= alias <= connection.settings.topic_alias_maximum:
        raise ProtocolError(f"topic alias {alias} is out of range", ReasonCode.TOPIC_ALIAS_INVALID)
    if connection.aliases is None:
        connection.aliases = {}
    if raw_topic:
        connection.aliases[alias] = raw_topic
        return raw_topic
    known = connection.aliases.get(alias)
    if known is None:
        raise ProtocolError(f"topic alias {alias} was never set", ReasonCode.PROTOCOL_ERROR)
    return known


def _check_properties(packet: Publish, topic: str, profile: Profile) -> None:
    properties = packet.properties
    if PropertyId.SUBSCRIPTION_IDENTIFIER in properties:
        raise ProtocolError("a client sends no subscription identifier")  # [MQTT-3.3.4-6]
    response_topic = properties.text(PropertyId.RESPONSE_TOPIC)
    if response_topic is not None and (set("+#") & set(response_topic)):
        raise TopicError("the response topic holds a wildcard")  # [MQTT-3.3.2-14]
    if profile is not Profile.AWS:
        return
    if packet.retain and is_reserved(topic):
        raise TopicError("a reserved topic retains nothing")
    content_type = properties.text(PropertyId.CONTENT_TYPE) or ""
    correlation = properties.binary(PropertyId.CORRELATION_DATA)
    user_bytes = sum(len(name.encode()) + len(value.encode()) for name, value in properties.pairs())
    if (
        len(content_type.encode()) > MAX_CONTENT_TYPE_BYTES
        or len(correlation) > MAX_PROPERTY_BYTES
        or user_bytes > MAX_PROPERTY_BYTES
    ):
        raise ProtocolError("a property is too long", ReasonCode.QUOTA_EXCEEDED)


def refuse(connection: Connection, kind: PacketType, packet_id: bytes, raw_topic: bytes) -> None:
    """Answer a PUBLISH that is not allowed; `packet_id` is empty at QoS 0."""
    connection.broker.metrics.publish_in_auth_error += 1
    why = connection.authorizer.reason()
    connection.broker.log.publish_refused(connection, raw_topic.decode(), why)
    if connection.version is Version.V5 and packet_id:
        connection.acks.refuse(kind, packet_id, ReasonCode.NOT_AUTHORIZED, why)
    else:
        connection.close(DisconnectReason.AUTH_ERROR, ReasonCode.NOT_AUTHORIZED, why)


def _reject_topic(
    connection: Connection, kind: PacketType, packet_id: bytes, error: TopicError
) -> None:
    connection.broker.metrics.publish_in_client_error += 1
    code = ReasonCode.TOPIC_NAME_INVALID
    if connection.version is Version.V5 and packet_id:
        connection.acks.refuse(kind, packet_id, code, str(error))
    else:
        connection.close(DisconnectReason.CLIENT_ERROR, code, str(error))


def _throttle_retained(connection: Connection, kind: PacketType, packet_id: bytes) -> None:
    """Discard a message beyond the rates of retained ones; only v5 has an answer for it."""
    connection.broker.metrics.publish_retained_throttle += 1
    if connection.version is Version.V5 and packet_id:
        why = "too many retained messages a second"
        connection.acks.refuse(kind, packet_id, ReasonCode.QUOTA_EXCEEDED, why)


# QoS 2


def _is_taken(connection: Connection, packet_id: int) -> bool:
    """Whether the message of a packet id was taken and not yet released [MQTT-4.3.3-10]."""
    received = connection.session.received
    return received is not None and packet_id in received


def _take(connection: Connection, packet_id: int) -> bool:
    """Remember a packet id; return whether that must become durable."""
    session = connection.session
    if session.received is None:
        session.received = set()
    if len(session.received) >= connection.settings.window and connection.version is Version.V5:
        raise ProtocolError(
            f"more than {connection.settings.window} messages are unreleased",
            ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
        )
    session.received.add(packet_id)
    if session.is_persistent:
        connection.broker.durable.add(PublishTaken(session.client_id, packet_id))
    return session.is_persistent


def release(connection: Connection, packet: Ack) -> None:
    """Handle a PUBREL: free the packet id, then PUBCOMP."""
    session, packet_id = connection.session, packet.packet_id
    raw_id = packet_id.to_bytes(2, "big")
    if session.received is not None and packet_id in session.received:
        session.received.discard(packet_id)
        if session.is_persistent:
            connection.broker.durable.add(PublishReleased(session.client_id, packet_id))
        connection.acks.add(_PUBCOMP + raw_id, is_commit_due=session.is_persistent)
    elif connection.version is Version.V5:
        unknown = Ack(PacketType.PUBCOMP, packet_id, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)
        connection.acks.add(encode(unknown, Version.V5), is_commit_due=False)
    else:
        connection.acks.add(_PUBCOMP + raw_id, is_commit_due=False)


def client_received(connection: Connection, packet: Ack) -> None:
    """Handle a PUBREC: the client has the message, or refuses it; PUBREL follows its commit."""
    broker, session, packet_id = connection.broker, connection.session, packet.packet_id
    kept = session.in_flight.get(packet_id)
    number = session.note_received(packet_id)
    if number is None:
        if packet.code < ReasonCode.UNSPECIFIED_ERROR:
            send_release(connection, packet_id, is_known=False)
        return
    if packet.code >= ReasonCode.UNSPECIFIED_ERROR:
        broker.sessions.settle(session, session.drop(packet_id))
        connection.send_waiting()
        return
    if number <= 0:
        send_release(connection, packet_id)
        return

    def go_on(is_durable: bool) -> None:
        if is_durable and session.connection is connection:
            send_release(connection, packet_id)
        elif not is_durable and kept is not None:
            session.in_flight[packet_id] = kept
            connection.close(DisconnectReason.SERVER_ERROR, ReasonCode.UNSPECIFIED_ERROR)

    broker.durable.add(MessageReceived(session.client_id, number))
    broker.durable.when_durable(go_on)


def client_completed(connection: Connection, packet_id: int) -> None:
    """Handle a PUBCOMP: the message is delivered."""
    number = connection.session.complete(packet_id)
    if number:
        connection.broker.sessions.settle(connection.session, number)
    if connection.session.waiting:
        connection.send_waiting()


def send_release(connection: Connection, packet_id: int, *, is_known: bool = True) -> None:
    """Send a PUBREL; in v5 it says so when the packet id belongs to no message."""
    if is_known or connection.version is Version.V3:
        connection.send(_PUBREL + packet_id.to_bytes(2, "big"))
        return
    unknown = Ack(PacketType.PUBREL, packet_id, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)
    connection.send(encode(unknown, Version.V5))
