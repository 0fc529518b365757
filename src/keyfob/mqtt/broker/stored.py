"""Messages and wills as the journal keeps them."""

from __future__ import annotations

from keyfob.mqtt.ports import StoredMessage
from keyfob.mqtt.session import Message


def store_message(message: Message) -> StoredMessage:
    """Return a message as it is kept."""
    return StoredMessage(
        topic=message.topic,
        payload=message.payload,
        qos=message.qos,
        properties=message.properties,
        expires_at_s=message.expires_at_s,
        published_at_s=message.published_at_s,
        retain=message.retain,
    )


def restore_message(stored: StoredMessage) -> Message:
    """Return a kept message."""
    return Message(
        stored.topic.encode(),
        stored.payload,
        stored.qos,
        stored.properties,
        stored.expires_at_s,
        stored.published_at_s,
        stored.retain,
    )
