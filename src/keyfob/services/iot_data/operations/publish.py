"""Publish."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iot_data import errors
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.domain.properties import (
    parse_content_type,
    parse_correlation_data,
    parse_expiry,
    parse_payload_format,
    parse_user_properties,
)
from keyfob.services.iot_data.ports import OutgoingMessage

MAX_PAYLOAD_BYTES = 131_072
"""128 KB; AWS General Reference, IoT Core quotas (documented)."""


async def publish(service: IotDataService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Publish a message, under the rules that MQTT clients are held to."""
    params = request.params
    topic, payload = params["topic"], params.get("payload", b"")
    is_retained = params.get("retain", False)
    require_topic(service, topic)
    if is_retained and topic.startswith("$"):
        raise errors.invalid_topic(topic, "a reserved topic keeps no message")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise errors.payload_too_large(MAX_PAYLOAD_BYTES)
    response_topic = params.get("responseTopic")
    if response_topic is not None:
        require_topic(service, response_topic)
    message = OutgoingMessage(
        topic=topic,
        payload=payload,
        qos=params.get("qos", 0),
        retain=is_retained,
        content_type=parse_content_type(params.get("contentType")),
        response_topic=response_topic,
        correlation_data=parse_correlation_data(params.get("correlationData")),
        payload_format_indicator=parse_payload_format(params.get("payloadFormatIndicator")),
        message_expiry_s=parse_expiry(params.get("messageExpiry")),
        user_properties=parse_user_properties(params.get("userProperties")),
    )
    await service.publisher.publish(request.account, request.region, message)
    return {}


def require_topic(service: IotDataService, topic: str) -> None:
    """Check a topic by the broker's rules.

    Raises:
        AwsError: `InvalidRequestException`.
    """
    why = service.topics.refusal(topic)
    if why is not None:
        raise errors.invalid_topic(topic, why)
