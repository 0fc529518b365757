"""Retained messages: the last one of each topic."""

from collections.abc import Iterator

from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import Message
from keyfob.mqtt.topics import has_wildcard, is_match


class RetainedMessages:
    """Retained messages by topic."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` topics."""
        self._limit = limit
        self._messages: dict[str, Message] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def get(self, topic: str, now_s: float) -> Message | None:
        """Return a topic's message unless it has expired."""
        message = self._messages.get(topic)
        return None if message is None or message.is_expired(now_s) else message

    def put(self, topic: str, message: Message | None) -> None:
        """Replace a topic's message, or remove it with None."""
        if message is None:
            self._messages.pop(topic, None)
        else:
            self._messages[topic] = message

    def has_room_for(self, topic: str) -> bool:
        """Whether the bound allows this topic a message."""
        return topic in self._messages or len(self._messages) < self._limit

    def matching(self, topic_filter: str, profile: Profile, now_s: float) -> Iterator[Message]:
        """Yield what a new subscription is sent.

        AWS sends retained messages only to subscriptions without wildcards (documented: IoT
        Developer Guide, MQTT).
        """
        if not has_wildcard(topic_filter):
            exact = self.get(topic_filter, now_s)
            if exact is not None:
                yield exact
            return
        if profile is Profile.AWS:
            return
        for topic, message in list(self._messages.items()):
            if is_match(topic_filter, topic, profile) and not message.is_expired(now_s):
                yield message

    def items(self, now_s: float) -> list[tuple[str, Message]]:
        """Return all by topic, sorted."""
        return sorted(
            ((t, m) for t, m in self._messages.items() if not m.is_expired(now_s)),
            key=lambda item: item[0],
        )
