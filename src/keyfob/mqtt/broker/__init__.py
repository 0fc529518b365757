"""The broker, without sockets: it drives outlets and asks authorizers."""

from keyfob.mqtt.broker.broker import Broker, ConnectionView, Peer
from keyfob.mqtt.broker.connection import Connection
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.broker.settings import BrokerSettings, oasis_settings

__all__ = [
    "Broker",
    "BrokerSettings",
    "Connection",
    "ConnectionView",
    "DisconnectReason",
    "Peer",
    "oasis_settings",
]
