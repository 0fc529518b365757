"""Connections: DeleteConnection, GetConnection, ListSubscriptions, SendDirectMessage.

Source: IoT data plane API Reference (documented); error texts are inferred.
"""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.marker import MarkerError, build_marker, parse_marker
from keyfob.services.iot_data import errors
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.domain.properties import (
    parse_content_type,
    parse_correlation_data,
    parse_payload_format,
    parse_user_properties,
)
from keyfob.services.iot_data.operations.publish import MAX_PAYLOAD_BYTES, require_topic
from keyfob.services.iot_data.ports import Delivery, OutgoingMessage

DEFAULT_PAGE = 20
DEFAULT_TIMEOUT_S = 5
MAX_TIMEOUT_S = 15
"""Documented defaults and range."""

_LISTING = "subscriptions"


async def delete_connection(
    service: IotDataService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """End a client's connection, and its session on request."""
    params = request.params
    was_there = await service.connections.disconnect(
        request.account,
        request.region,
        params["clientId"],
        clean_session=params.get("cleanSession", False),
        prevent_will=params.get("preventWillMessage", False),
    )
    if not was_there:
        raise errors.no_such_client(params["clientId"])
    return {}


async def get_connection(service: IotDataService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Tell a client's connection, or its last one of the past 30 minutes."""
    client_id = request.params["clientId"]
    found = await service.connections.connection(request.account, request.region, client_id)
    if found is None:
        raise errors.no_such_client(client_id)
    answer: dict[str, Any] = {
        "connected": found.disconnected_at_s is None,
        "clientId": found.client_id,
        "cleanSession": not found.is_persistent,
        "keepAliveDuration": found.keep_alive_s,
        "sessionExpiry": found.session_expiry_s,
    }
    if found.disconnected_at_s is None:
        answer["connectedSince"] = round(found.connected_at_s * 1000)
    else:
        answer["disconnectedSince"] = round(found.disconnected_at_s * 1000)
        answer["disconnectReason"] = found.disconnect_reason
    if request.params.get("includeSocketInformation", False):
        answer["sourceIp"] = found.source_ip
        if found.source_port:
            answer["sourcePort"] = found.source_port
    return answer


async def list_subscriptions(
    service: IotDataService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List what a client with a session is subscribed to, connected or not."""
    params = request.params
    try:
        after = parse_marker(_LISTING, params.get("nextToken"))
    except MarkerError:
        raise errors.invalid_token() from None
    client_id, limit = params["clientId"], params.get("maxResults", DEFAULT_PAGE)
    found = await service.connections.subscriptions(request.account, request.region, client_id)
    if found is None:
        raise errors.no_such_client(client_id)
    rest = [item for item in found if after is None or item[0] > after]
    shown = [{"topicFilter": name, "qos": qos} for name, qos in rest[:limit]]
    if len(rest) <= limit:
        return {"subscriptions": shown}
    return {"subscriptions": shown, "nextToken": build_marker(_LISTING, rest[limit - 1][0])}


async def send_direct_message(
    service: IotDataService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Send a message to one client, which needs no subscription for it."""
    params = request.params
    topic, is_confirmed = params["topic"], params.get("confirmation", False)
    timeout_s = params.get("timeout", DEFAULT_TIMEOUT_S)
    if not 1 <= timeout_s <= MAX_TIMEOUT_S:
        raise errors.invalid_member("timeout", f"1 to {MAX_TIMEOUT_S} seconds")
    require_topic(service, topic)
    if params.get("responseTopic") is not None:
        require_topic(service, params["responseTopic"])
    payload = params.get("payload", b"")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise errors.direct_payload_too_large(MAX_PAYLOAD_BYTES)
    message = OutgoingMessage(
        topic=topic,
        payload=payload,
        qos=1 if is_confirmed else 0,
        content_type=parse_content_type(params.get("contentType")),
        response_topic=params.get("responseTopic"),
        correlation_data=parse_correlation_data(params.get("correlationData")),
        payload_format_indicator=parse_payload_format(params.get("payloadFormatIndicator")),
        user_properties=parse_user_properties(params.get("userProperties")),
    )
    delivery = await service.connections.send(
        request.account,
        request.region,
        params["clientId"],
        message,
        confirm_within_s=timeout_s if is_confirmed else None,
    )
    match delivery:
        case Delivery.NOT_CONNECTED:
            raise errors.no_such_client(params["clientId"])
        case Delivery.REFUSED:
            raise errors.receiver_refused(topic)
        case Delivery.UNCONFIRMED:
            raise errors.not_confirmed()
        case Delivery.DONE:
            return {"message": "OK", "traceId": request.call.request_id}
