"""What a client's session remembers, and the arithmetic of keep-alive; no I/O, no clock."""

from keyfob.mqtt.session.keepalive import silence_limit_s
from keyfob.mqtt.session.message import Message
from keyfob.mqtt.session.session import Offer, QueueBounds, Session, Subscription

__all__ = ["Message", "Offer", "QueueBounds", "Session", "Subscription", "silence_limit_s"]
