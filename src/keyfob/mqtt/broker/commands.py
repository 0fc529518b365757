"""What a connected client asks for, packet by packet, off the hot path.

Refusals. A v3 client is disconnected without an answer (observed and confirmed by AWS in its
device SDK issues); a v5 client gets 0x87 in PUBACK and SUBACK and stays, and a DISCONNECT with
0x87 for a QoS 0 PUBLISH, which has no answer (inferred). In the `oasis` profile a v3 SUBACK says
0x80 instead of a closed connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec import MalformedError, Properties, PropertyId, ProtocolError
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import (
    Ack,
    Disconnect,
    Packet,
    PingReq,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    UnsubAck,
    Unsubscribe,
    Version,
)
from keyfob.mqtt.codec.primitives import decode_text
from keyfob.mqtt.codec.properties import encode_property_list
from keyfob.mqtt.codec.reason import ReasonCode
from keyfob.mqtt.ports import StoredSubscription, Subscribed, Unsubscribed
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import Message, Subscription
from keyfob.mqtt.topics import TopicError, check_topic_filter, check_topic_name, is_reserved

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

_PINGRESP = b"\xd0\x00"


def handle(connection: Connection, packet: Packet) -> None:
    """Handle any packet but CONNECT's first, PUBLISH and PUBACK.

    Raises:
        ProtocolError: a client may not send it, or not now.
    """
    match packet:
        case Subscribe():
            subscribe(connection, packet)
        case Unsubscribe():
            unsubscribe(connection, packet)
        case PingReq():
            connection.broker.metrics.ping_success += 1
            connection.send(_PINGRESP)
        case Disconnect():
            disconnect(connection, packet)
        case Ack():
            raise ProtocolError("QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
        case _:
            name = type(packet).__name__.upper()
            raise ProtocolError(f"{name} is not expected here")  # [MQTT-3.1.0-2] and others


# PUBLISH


def publish(connection: Connection, packet: Publish) -> None:
    """Handle a PUBLISH with everything it may carry."""
    broker, settings = connection.broker, connection.broker.settings
    if packet.qos > 1:
        raise ProtocolError("QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
    if len(packet.payload) > settings.max_payload_bytes:
        raise ProtocolError("the payload is too large", ReasonCode.QUOTA_EXCEEDED)
    packet_id = packet.packet_id.to_bytes(2, "big") if packet.qos else b""
    try:
        raw_topic = _resolve_topic(connection, packet)
        topic = decode_text(raw_topic)
        check_topic_name(topic, settings.profile)
        _check_properties(packet, topic, settings.profile)
        route = broker.router.admit(connection, raw_topic, retain=packet.retain)
    except TopicError as error:
        _reject_topic(connection, packet_id, error)
        return
    if route is None:
        if packet.retain:
            broker.metrics.publish_retained_auth_error += 1
        refuse_publish(connection, packet_id)
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
    is_commit_due = packet.retain and broker.retain(message)
    is_commit_due |= broker.router.deliver(route, message, connection)
    if packet_id:
        connection.accept(packet_id, is_commit_due=is_commit_due)


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
    if not 1 <= alias <= connection.broker.settings.topic_alias_maximum:
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


def refuse_publish(connection: Connection, packet_id: bytes) -> None:
    """Answer a PUBLISH that is not allowed; `packet_id` is empty at QoS 0."""
    connection.broker.metrics.publish_in_auth_error += 1
    why = connection.authorizer.reason()
    if connection.version is Version.V5 and packet_id:
        connection.refuse(packet_id, ReasonCode.NOT_AUTHORIZED, why)
    else:
        connection.close(DisconnectReason.AUTH_ERROR, ReasonCode.NOT_AUTHORIZED, why)


def _reject_topic(connection: Connection, packet_id: bytes, error: TopicError) -> None:
    connection.broker.metrics.publish_in_client_error += 1
    if connection.version is Version.V5 and packet_id:
        connection.refuse(packet_id, ReasonCode.TOPIC_NAME_INVALID, str(error))
    else:
        connection.close(DisconnectReason.CLIENT_ERROR, ReasonCode.TOPIC_NAME_INVALID, str(error))


# SUBSCRIBE and UNSUBSCRIBE


def subscribe(connection: Connection, packet: Subscribe) -> None:
    """Handle a SUBSCRIBE: judge all filters first, then take those that are allowed."""
    broker, session = connection.broker, connection.session
    if PropertyId.SUBSCRIPTION_IDENTIFIER in packet.properties:
        raise ProtocolError(
            "subscription identifiers are not supported",
            ReasonCode.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
        )
    codes = _judge_filters(connection, packet.requests)
    if codes is None:
        return
    new: list[tuple[str, Subscription]] = []
    fresh: set[str] = set()
    for request, code in zip(packet.requests, codes, strict=True):
        if code < ReasonCode.UNSPECIFIED_ERROR:
            subscription = Subscription(code, request.options)
            if broker.router.subscribe(session, request.topic_filter, subscription):
                fresh.add(request.topic_filter)
            new.append((request.topic_filter, subscription))
    broker.metrics.subscribe_success += len(new)
    if session.is_persistent and new:
        for topic_filter, subscription in new:
            stored = StoredSubscription(topic_filter, subscription.qos, subscription.options)
            broker.durable.add(Subscribed(session.client_id, stored))
        broker.durable.when_durable(
            lambda is_durable: _subscribed(connection, packet, codes, new, fresh, is_durable)
        )
    else:
        _subscribed(connection, packet, codes, new, fresh, True)


def _judge_filters(
    connection: Connection, requests: tuple[SubscriptionRequest, ...]
) -> list[int] | None:
    """Return a SUBACK code per filter; None when the connection was closed instead."""
    broker, settings = connection.broker, connection.broker.settings
    closes = settings.profile is Profile.AWS and connection.version is Version.V3
    wanted = set(connection.session.subscriptions)
    codes: list[int] = []
    for index, request in enumerate(requests):
        code, why = _judge_filter(connection, request, wanted, index)
        if code in (ReasonCode.NOT_AUTHORIZED, ReasonCode.TOPIC_FILTER_INVALID) and closes:
            reason = DisconnectReason.CLIENT_ERROR
            if code == ReasonCode.NOT_AUTHORIZED:
                reason = DisconnectReason.AUTH_ERROR
            connection.close(reason, ReasonCode(code), why)
            return None
        if code >= ReasonCode.UNSPECIFIED_ERROR and connection.version is Version.V3:
            code = ReasonCode.UNSPECIFIED_ERROR  # the only failure 3.1.1 knows
        codes.append(code)
    broker.metrics.subscribe_client_error += sum(
        code == ReasonCode.TOPIC_FILTER_INVALID for code in codes
    )
    return codes


def _judge_filter(
    connection: Connection, request: SubscriptionRequest, wanted: set[str], index: int
) -> tuple[int, str]:
    broker, settings = connection.broker, connection.broker.settings
    topic_filter = request.topic_filter
    if topic_filter.startswith("$share/"):
        return ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, "shared subscriptions are not built"
    if request.qos > 1 and settings.profile is Profile.AWS:
        raise ProtocolError("QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
    try:
        is_allowed = broker.router.may_subscribe(connection, topic_filter)
    except TopicError as error:
        return ReasonCode.TOPIC_FILTER_INVALID, str(error)
    if not is_allowed:
        broker.metrics.subscribe_auth_error += 1
        return ReasonCode.NOT_AUTHORIZED, connection.authorizer.reason()
    wanted.add(topic_filter)
    if index >= settings.max_filters_per_subscribe or len(wanted) > settings.max_subscriptions:
        wanted.discard(topic_filter)
        broker.metrics.subscribe_throttle += 1
        return ReasonCode.QUOTA_EXCEEDED, "too many subscriptions"
    return min(request.qos, 1), ""


def _subscribed(
    connection: Connection,
    packet: Subscribe,
    codes: list[int],
    new: list[tuple[str, Subscription]],
    fresh: set[str],
    is_durable: bool,
) -> None:
    """Answer a SUBSCRIBE, then send the retained messages; take it back when it was not kept."""
    broker, session = connection.broker, connection.session
    if not is_durable:
        broker.metrics.subscribe_server_error += len(new)
        for topic_filter in fresh:
            broker.router.unsubscribe(session, topic_filter)
        codes = [max(code, ReasonCode.UNSPECIFIED_ERROR) for code in codes]
        new = []
    if session.connection is not connection:
        return
    why = connection.authorizer.reason() if ReasonCode.NOT_AUTHORIZED in codes else ""
    answer = SubAck(packet.packet_id, tuple(codes), connection.explanation(why))
    connection.send(encode(answer, connection.version))
    for topic_filter, subscription in new:
        handling = subscription.retain_handling
        if handling == 0 or (handling == 1 and topic_filter in fresh):
            broker.send_retained(connection, topic_filter, subscription.qos)
    if new:
        broker.announce_subscriptions(connection, "subscribed", [name for name, _ in new])


def unsubscribe(connection: Connection, packet: Unsubscribe) -> None:
    """Handle an UNSUBSCRIBE."""
    broker, session = connection.broker, connection.session
    codes: list[int] = []
    dropped: list[str] = []
    for topic_filter in packet.topic_filters:
        if broker.router.unsubscribe(session, topic_filter):
            dropped.append(topic_filter)
            codes.append(ReasonCode.SUCCESS)
        else:
            codes.append(_code_of_unknown(topic_filter, broker.settings.profile))
    broker.metrics.unsubscribe_success += len(dropped)
    answer = encode(UnsubAck(packet.packet_id, tuple(codes)), connection.version)

    def answer_it(is_durable: bool) -> None:
        if session.connection is connection and is_durable:
            connection.send(answer)
            if dropped:
                broker.announce_subscriptions(connection, "unsubscribed", dropped)
        elif session.connection is connection:
            connection.close(DisconnectReason.SERVER_ERROR, ReasonCode.UNSPECIFIED_ERROR)

    if session.is_persistent and dropped:
        broker.durable.add(*(Unsubscribed(session.client_id, name) for name in dropped))
        broker.durable.when_durable(answer_it)
    else:
        answer_it(True)


def _code_of_unknown(topic_filter: str, profile: Profile) -> int:
    """AWS's table has no 0x11: dropping what was not there succeeds (documented table)."""
    try:
        check_topic_filter(topic_filter, profile)
    except TopicError:
        return ReasonCode.TOPIC_FILTER_INVALID
    is_aws = profile is Profile.AWS
    return ReasonCode.SUCCESS if is_aws else ReasonCode.NO_SUBSCRIPTION_EXISTED


# DISCONNECT


def disconnect(connection: Connection, packet: Disconnect) -> None:
    """Handle a DISCONNECT: the session may get another expiry, the will goes or stays."""
    session, settings = connection.session, connection.broker.settings
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
