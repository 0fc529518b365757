"""MQTT 3.1.1 and 5.0 on the wire: bytes to packets and back, without I/O."""

from keyfob.mqtt.codec.decode import decode
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.errors import MalformedError, ProtocolError, UnsupportedVersionError
from keyfob.mqtt.codec.primitives import frame_length
from keyfob.mqtt.codec.properties import Properties, PropertyId
from keyfob.mqtt.codec.reason import ReasonCode

__all__ = [
    "MalformedError",
    "Properties",
    "PropertyId",
    "ProtocolError",
    "ReasonCode",
    "UnsupportedVersionError",
    "decode",
    "encode",
    "frame_length",
]
