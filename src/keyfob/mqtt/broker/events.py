"""Lifecycle events: what AWS IoT publishes under `$aws/events/`.

Documented: IoT Developer Guide, `life-cycle-events`. The broker publishes them itself;
subscribers need the usual permission. A client whose id holds `+` or `#` has none.
"""

from enum import Enum


class DisconnectReason(Enum):
    """`disconnectReason` of a disconnected event."""

    AUTH_ERROR = "AUTH_ERROR"
    CLIENT_ERROR = "CLIENT_ERROR"
    CLIENT_INITIATED_DISCONNECT = "CLIENT_INITIATED_DISCONNECT"
    CONNECTION_LOST = "CONNECTION_LOST"
    DUPLICATE_CLIENTID = "DUPLICATE_CLIENTID"
    FORBIDDEN_ACCESS = "FORBIDDEN_ACCESS"
    MQTT_KEEP_ALIVE_TIMEOUT = "MQTT_KEEP_ALIVE_TIMEOUT"
    SERVER_ERROR = "SERVER_ERROR"
    SERVER_INITIATED_DISCONNECT = "SERVER_INITIATED_DISCONNECT"
    API_INITIATED_DISCONNECT = "API_INITIATED_DISCONNECT"
    THROTTLED = "THROTTLED"
    WEBSOCKET_TTL_EXPIRATION = "WEBSOCKET_TTL_EXPIRATION"
    CUSTOMAUTH_TTL_EXPIRATION = "CUSTOMAUTH_TTL_EXPIRATION"


def presence_topic(kind: str, client_id: str) -> str | None:
    """Return the topic of `connected`, `disconnected` or `connect_failed`; None: no event."""
    return _topic("presence", kind, client_id)


def subscriptions_topic(kind: str, client_id: str) -> str | None:
    """Return the topic of `subscribed` or `unsubscribed`; None: no event."""
    return _topic("subscriptions", kind, client_id)


def _topic(group: str, kind: str, client_id: str) -> str | None:
    if not client_id or "+" in client_id or "#" in client_id:
        return None
    return f"$aws/events/{group}/{kind}/{client_id}"
