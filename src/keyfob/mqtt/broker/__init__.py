"""The broker, without sockets: it drives outlets and asks authorizers."""

from keyfob.mqtt.broker.broker import Broker, Peer
from keyfob.mqtt.broker.connection import Connection
from keyfob.mqtt.broker.direct import (
    NotConnectedError,
    ReceiverRefusedError,
    UnconfirmedError,
)
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.broker.history import ConnectionView
from keyfob.mqtt.broker.settings import BrokerSettings, RateQuotas, oasis_settings

__all__ = [
    "Broker",
    "BrokerSettings",
    "Connection",
    "ConnectionView",
    "DisconnectReason",
    "NotConnectedError",
    "Peer",
    "RateQuotas",
    "ReceiverRefusedError",
    "UnconfirmedError",
    "oasis_settings",
]
