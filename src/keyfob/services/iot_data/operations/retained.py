"""Retained messages: GetRetainedMessage, ListRetainedMessages."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.marker import MarkerError, build_marker, parse_marker
from keyfob.services.iot_data import errors
from keyfob.services.iot_data.dependencies import IotDataService
from keyfob.services.iot_data.domain.properties import render_user_properties

DEFAULT_PAGE = 200
"""Items of a page when the caller does not say: the model's maximum (inferred)."""

_LISTING = "retained"


async def get_retained_message(
    service: IotDataService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a topic's retained message."""
    topic = request.params["topic"]
    message = await service.retained.get(request.account, request.region, topic)
    if message is None:
        raise errors.nothing_retained(topic)
    answer: dict[str, Any] = {
        "topic": message.topic,
        "payload": message.payload,
        "qos": message.qos,
        "lastModifiedTime": _milliseconds(message.modified_at_s),
    }
    if message.user_properties:
        answer["userProperties"] = render_user_properties(message.user_properties)
    return answer


async def list_retained_messages(
    service: IotDataService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of what is retained, without payloads."""
    try:
        after = parse_marker(_LISTING, request.params.get("nextToken"))
    except MarkerError:
        raise errors.invalid_token() from None
    limit = request.params.get("maxResults", DEFAULT_PAGE)
    page = await service.retained.page(request.account, request.region, after=after, limit=limit)
    topics = [
        {
            "topic": message.topic,
            "payloadSize": len(message.payload),
            "qos": message.qos,
            "lastModifiedTime": _milliseconds(message.modified_at_s),
        }
        for message in page.items
    ]
    if page.next_after is None:
        return {"retainedTopics": topics}
    return {"retainedTopics": topics, "nextToken": build_marker(_LISTING, page.next_after)}


def _milliseconds(time_s: float) -> int:
    """The data plane tells times in epoch milliseconds; they are longs in its model."""
    return round(time_s * 1000)
