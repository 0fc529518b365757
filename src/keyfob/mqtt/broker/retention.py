"""Retaining messages, and sending them to new subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.broker.retained import RetainedMessages
from keyfob.mqtt.broker.stored import restore_message, store_message
from keyfob.mqtt.ports import Retained, RetainedCleared, StoredMessage

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker
    from keyfob.mqtt.broker.connection import Connection
    from keyfob.mqtt.session import Message, Subscription


class Retention:
    """The retained messages of one broker, durable."""

    def __init__(self, broker: Broker) -> None:
        """Start empty; `restore` brings back what was committed."""
        self._broker = broker
        self._messages = RetainedMessages(broker.settings.max_retained)

    def __len__(self) -> int:
        return len(self._messages)

    def restore(self, stored: StoredMessage) -> None:
        """Keep again what was kept before the restart."""
        self._messages.put(stored.topic, restore_message(stored))

    def retain(self, message: Message) -> bool:
        """Keep an allowed message as its topic's last, or forget that with an empty payload.

        Returns:
            Whether a commit is due; if it fails, the former message stands again.
        """
        broker, topic = self._broker, message.topic
        former = self._messages.get(topic, broker.clock.now())
        if not message.payload:
            self._messages.put(topic, None)
            broker.durable.add(RetainedCleared(topic))
        elif not self._messages.has_room_for(topic):
            broker.metrics.publish_retained_throttle += 1
            return False
        else:
            self._messages.put(topic, message)
            broker.durable.add(Retained(store_message(message)))
        broker.metrics.publish_retained_success += 1
        kept = message if message.payload else None

        def undo(is_durable: bool) -> None:
            if not is_durable:
                broker.metrics.publish_retained_server_error += 1
                if self._messages.get(topic, broker.clock.now()) is kept:
                    self._messages.put(topic, former)

        broker.durable.when_durable(undo)
        return True

    def send(self, connection: Connection, topic_filter: str, subscription: Subscription) -> None:
        """Send a new subscription its retained messages, each delivery judged."""
        router, now_s = self._broker.router, self._broker.clock.now()
        identifiers = (subscription.identifier,) if subscription.identifier else ()
        for message in self._messages.matching(topic_filter, connection.settings.profile, now_s):
            if not router.may_receive(connection, message.raw_topic):
                self._broker.metrics.publish_out_auth_error += 1
                continue
            qos = min(message.qos, subscription.qos)
            copy = message.tailored(qos, retain=True, identifiers=identifiers)
            if qos:
                router.deliver_to((connection.session,), copy, None)
            else:
                router.send_qos_0(connection, copy, None)

    def get(self, topic: str) -> StoredMessage | None:
        """Return a topic's retained message."""
        message = self._messages.get(topic, self._broker.clock.now())
        return None if message is None else store_message(message)

    def all(self) -> list[StoredMessage]:
        """Return all retained messages, sorted by topic."""
        return [store_message(m) for _, m in self._messages.items(self._broker.clock.now())]
