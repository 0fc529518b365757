"""What a peer can get wrong.

    ProtocolError                 carries the MQTT 5 reason code to answer with
    +-- MalformedError            the bytes are no MQTT packet (0x81 unless told otherwise)
    +-- UnsupportedVersionError   a CONNECT of a protocol level this is not

"Need more bytes" is not an error: `frame_length` returns None for it.
"""

from keyfob.core.errors import KeyfobError
from keyfob.mqtt.codec.reason import ReasonCode


class ProtocolError(KeyfobError):
    """The peer broke the protocol; the connection ends with `code`."""

    def __init__(self, message: str, code: ReasonCode = ReasonCode.PROTOCOL_ERROR) -> None:
        """Say what was wrong, in one lower-case sentence, and with which code to answer."""
        super().__init__(message)
        self.code = code


class MalformedError(ProtocolError):
    """The bytes do not form the packet they claim to be."""

    def __init__(self, message: str, code: ReasonCode = ReasonCode.MALFORMED_PACKET) -> None:
        """Say what was wrong."""
        super().__init__(message, code)


class UnsupportedVersionError(ProtocolError):
    """A CONNECT for a protocol that is neither 3.1.1 nor 5."""

    def __init__(self, name: str, level: int) -> None:
        """Name the protocol that was asked for."""
        super().__init__(
            f"protocol `{name[:20]}` level {level} is not supported",
            ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
        )
        self.level = level
