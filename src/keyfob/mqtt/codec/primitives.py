"""The data types MQTT packets are made of. Source: MQTT 5.0, section 1.5."""

from keyfob.mqtt.codec.errors import MalformedError

MAX_VARINT = 268_435_455
"""Largest variable byte integer, and so the largest remaining length."""


class Reader:
    """Takes values from the front of one packet's body.

    Every method raises `MalformedError` when the body ends too soon.
    """

    __slots__ = ("data", "offset")

    def __init__(self, data: bytes) -> None:
        """Read from the first byte of `data`."""
        self.data = data
        self.offset = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self.offset + count
        if end > len(self.data):
            raise MalformedError("the packet ends inside a field")
        taken = self.data[self.offset : end]
        self.offset = end
        return taken

    def u8(self) -> int:
        """Return a byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Return a two byte integer."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Return a four byte integer."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """Return a variable byte integer, which must be in its shortest form [MQTT-1.5.5-1]."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if shift and not byte:
                    raise MalformedError("a variable byte integer is longer than it need be")
                return value
        raise MalformedError("a variable byte integer has more than four bytes")

    def binary(self) -> bytes:
        """Return binary data with a two byte length."""
        return self.take(self.u16())

    def text(self) -> str:
        """Return a UTF-8 string: well-formed [MQTT-1.5.4-1], without U+0000 [MQTT-1.5.4-2]."""
        return decode_text(self.binary())

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self.take(len(self.data) - self.offset)

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.offset

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return self.offset >= len(self.data)


def decode_text(raw: bytes) -> str:
    """Return the text of a UTF-8 string field.

    Raises:
        MalformedError: ill-formed UTF-8, a surrogate, or U+0000.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"a string is not utf-8 at byte {error.start}") from None
    if "\0" in text:
        raise MalformedError("a string holds the null character")
    return text


def encode_varint(value: int) -> bytes:
    """Return a variable byte integer; `value` is at most `MAX_VARINT`."""
    if value < 0x80:
        return value.to_bytes(1, "big")
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_binary(value: bytes) -> bytes:
    """Return binary data with its two byte length."""
    return len(value).to_bytes(2, "big") + value


def encode_text(value: str) -> bytes:
    """Return a UTF-8 string with its two byte length."""
    return encode_binary(value.encode())


def frame_length(data: bytes, offset: int = 0) -> int | None:
    """Return how many bytes the packet at `offset` has in all; None when that cannot be told yet.

    Raises:
        MalformedError: the remaining length has more than four bytes.
    """
    value = shift = 0
    for index in range(offset + 1, min(offset + 5, len(data))):
        byte = data[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return index + 1 - offset + value
        shift += 7
    if shift == 28:
        raise MalformedError("the remaining length has more than four bytes")
    return None
