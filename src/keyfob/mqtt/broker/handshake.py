"""CONNECT: is it acceptable, is it allowed, which session does it open.

Source: MQTT 5.0, 3.1; IoT Developer Guide, MQTT; AWS IoT Core quotas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec import (
    MalformedError,
    Properties,
    PropertyId,
    ProtocolError,
    UnsupportedVersionError,
    decode,
)
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import ConnAck, Connect, Version
from keyfob.mqtt.codec.reason import RETURN_CODES, ReasonCode, ReturnCode
from keyfob.mqtt.ports import Will
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session.keepalive import clamp_for_aws
from keyfob.mqtt.topics import SHARE_PREFIX, TopicError, check_topic_name, is_reserved

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection

MIN_PACKET_LIMIT = 512
"""AWS: smallest maximum packet size a client may ask for (documented)."""


class _RefusedError(ProtocolError):
    """A CONNECT that is answered with a CONNACK and a closed connection."""


def open_session(connection: Connection, body: bytes) -> None:
    """Handle the first packet: CONNACK and an open session, or a refusal."""
    metrics = connection.broker.metrics
    try:
        packet = decode(0x10, body, Version.V3)
        if not isinstance(packet, Connect):
            raise MalformedError("the first packet is not CONNECT")
        connection.version = packet.version
        _read_limits(connection, packet)
        client_id = _check(connection, packet)
        _authorize(connection, packet, client_id)
    except UnsupportedVersionError as error:
        metrics.connect_client_error += 1
        connection.version = Version.V3 if error.level < Version.V5 else Version.V5
        _refuse(connection, error)
    except _RefusedError as error:
        _refuse(connection, error)
    except ProtocolError:
        metrics.connect_client_error += 1
        connection.close(DisconnectReason.CLIENT_ERROR)
    else:
        connection.broker.sessions.open(connection, packet, client_id)


def _read_limits(connection: Connection, packet: Connect) -> None:
    properties, settings = packet.properties, connection.settings
    connection.explains = bool(properties.integer(PropertyId.REQUEST_PROBLEM_INFORMATION, 1))
    connection.max_packet_bytes = properties.integer(
        PropertyId.MAXIMUM_PACKET_SIZE, connection.max_packet_bytes
    )
    is_aws = settings.profile is Profile.AWS
    connection.keep_alive_s = clamp_for_aws(packet.keep_alive_s) if is_aws else packet.keep_alive_s


def _check(connection: Connection, packet: Connect) -> str:
    """Return the client id, made up where the client left that to us.

    Raises:
        ProtocolError: not acceptable; `_RefusedError` where a CONNACK says so.
    """
    settings, client_id = connection.settings, packet.client_id
    if PropertyId.AUTHENTICATION_METHOD in packet.properties:
        code = ReasonCode.NOT_AUTHORIZED  # AWS's table has no 0x8C
        if settings.profile is Profile.OASIS:
            code = ReasonCode.BAD_AUTHENTICATION_METHOD  # [MQTT-4.12.0-1]
        raise _RefusedError("enhanced authentication is not supported", code)
    if len(client_id.encode()) > settings.max_client_id_bytes:
        raise _bad_client_id(f"the client id is longer than {settings.max_client_id_bytes} bytes")
    if client_id.startswith(SHARE_PREFIX):  # the queues of shared subscriptions are kept so
        raise _bad_client_id(f"a client id does not begin with {SHARE_PREFIX}")
    if settings.profile is Profile.AWS and connection.max_packet_bytes < MIN_PACKET_LIMIT:
        raise _RefusedError(
            f"the maximum packet size is below {MIN_PACKET_LIMIT}", ReasonCode.QUOTA_EXCEEDED
        )
    _check_will(connection, packet)
    if client_id:
        return client_id
    if packet.version is Version.V3 and not packet.clean_start:
        raise _bad_client_id("an empty client id needs a clean session")  # [MQTT-3.1.3-8]
    return connection.broker.new_client_id()


def _bad_client_id(why: str) -> _RefusedError:
    return _RefusedError(why, ReasonCode.CLIENT_IDENTIFIER_NOT_VALID)


def _check_will(connection: Connection, packet: Connect) -> None:
    will, settings = packet.will, connection.settings
    if will is None:
        return
    if will.qos > settings.max_qos:
        raise _RefusedError("a will of QoS 2 is not supported", ReasonCode.QOS_NOT_SUPPORTED)
    try:
        check_topic_name(will.topic, settings.profile)
    except TopicError as error:
        raise _RefusedError(str(error), ReasonCode.TOPIC_NAME_INVALID) from error
    if will.retain and is_reserved(will.topic) and settings.profile is Profile.AWS:
        raise _RefusedError("a reserved topic retains nothing", ReasonCode.TOPIC_NAME_INVALID)
    if len(will.payload) > settings.max_payload_bytes:
        raise _RefusedError("the will's payload is too large", ReasonCode.QUOTA_EXCEEDED)


def _authorize(connection: Connection, packet: Connect, client_id: str) -> None:
    if not connection.broker.connect_rates.admits(connection, client_id):
        connection.broker.metrics.connect_client_id_throttle += 1
        raise _RefusedError("too many connects with this client id", ReasonCode.QUOTA_EXCEEDED)
    will = None if packet.will is None else Will(packet.will.topic, packet.will.retain)
    expiry_s = session_expiry_s(connection, packet)
    if connection.authorizer.may_connect(client_id, will, is_persistent=expiry_s > 0):
        return
    connection.broker.metrics.connect_auth_error += 1
    connection.broker.lifecycle.refused(connection, client_id)
    raise _RefusedError(connection.authorizer.reason(), ReasonCode.NOT_AUTHORIZED)


def session_expiry_s(connection: Connection, packet: Connect) -> int:
    """Return how long the session will outlive the connection."""
    settings = connection.settings
    if packet.version is Version.V3:
        return 0 if packet.clean_start else settings.default_session_expiry_s
    asked = packet.properties.integer(PropertyId.SESSION_EXPIRY_INTERVAL, 0)
    return min(asked, settings.max_session_expiry_s)


def _refuse(connection: Connection, error: ProtocolError) -> None:
    """Send the CONNACK of a refusal, where the version has a word for it, and close."""
    code: int = error.code
    if connection.version is Version.V3:
        code = RETURN_CODES.get(error.code, ReturnCode.ACCEPTED)
        if code == ReturnCode.NOT_AUTHORIZED:
            code = connection.settings.refused_return_code
    if code:
        why = connection.explanation(str(error))
        connection.write(encode(ConnAck(False, code, why), connection.version))
    connection.close(DisconnectReason.CLIENT_ERROR)


def refuse_unavailable(connection: Connection) -> None:
    """Refuse a CONNECT whose session could not be made durable."""
    why = "the session could not be stored"
    _refuse(connection, ProtocolError(why, ReasonCode.SERVER_UNAVAILABLE))


def connack(connection: Connection, packet: Connect, *, client_id: str, is_present: bool) -> bytes:
    """Return the CONNACK of an accepted connection."""
    if packet.version is Version.V3:
        return encode(ConnAck(is_present, ReturnCode.ACCEPTED), Version.V3)
    settings = connection.settings
    properties = Properties(
        {
            PropertyId.SESSION_EXPIRY_INTERVAL: session_expiry_s(connection, packet),
            PropertyId.RECEIVE_MAXIMUM: settings.window,
            PropertyId.RETAIN_AVAILABLE: 1,
            PropertyId.MAXIMUM_PACKET_SIZE: settings.max_packet_bytes,
            PropertyId.TOPIC_ALIAS_MAXIMUM: settings.topic_alias_maximum,
            PropertyId.WILDCARD_SUBSCRIPTION_AVAILABLE: 1,
            PropertyId.SUBSCRIPTION_IDENTIFIER_AVAILABLE: int(
                settings.has_subscription_identifiers
            ),
            PropertyId.SHARED_SUBSCRIPTION_AVAILABLE: 1,
        }
    )
    if settings.max_qos < 2:  # [MQTT-3.2.2-9]: absent means 2
        properties[PropertyId.MAXIMUM_QOS] = settings.max_qos
    if client_id != packet.client_id:
        properties[PropertyId.ASSIGNED_CLIENT_IDENTIFIER] = client_id
    if connection.keep_alive_s != packet.keep_alive_s:
        properties[PropertyId.SERVER_KEEP_ALIVE] = connection.keep_alive_s
    return encode(ConnAck(is_present, ReasonCode.SUCCESS, properties), Version.V5)
