"""MQTT 5 properties as the HTTPS API carries them.

Source: IoT data plane API Reference, `Publish` (documented).
"""

import base64
import binascii
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from keyfob.services.iot_data import errors

MAX_EXPIRY_S = 604_800
"""Longest message expiry: seven days; longer ones are cut (documented: IoT Core quotas)."""

MAX_CORRELATION_BYTES = 8_192
"""AWS General Reference, IoT Core quotas (documented)."""

MAX_USER_PROPERTY_BYTES = 8_192
"""All user properties of a message together; AWS General Reference, IoT Core (documented)."""

MAX_CONTENT_TYPE_BYTES = 256
"""AWS General Reference, IoT Core quotas (documented)."""

_FORMATS: dict[str, Literal[0, 1]] = {"UNSPECIFIED_BYTES": 0, "UTF8_DATA": 1}


def parse_user_properties(value: Any) -> tuple[tuple[str, str], ...]:
    """Read user properties.

    Args:
        value: JSON text, or what it decodes to: a list of objects, each property a member, as in
            `[{"deviceName": "alpha"}, {"deviceCnt": "45"}]`; None when there are none.

    Raises:
        AwsError: `InvalidRequestException`.
    """
    if value is None:
        return ()
    if isinstance(value, str | bytes):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise errors.invalid_member("userProperties", "not JSON") from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise errors.invalid_member("userProperties", "not a list of objects")
    pairs = tuple(_pairs(value))
    size = sum(len(name.encode()) + len(text.encode()) for name, text in pairs)
    if size > MAX_USER_PROPERTY_BYTES:
        raise errors.invalid_member("userProperties", f"more than {MAX_USER_PROPERTY_BYTES} bytes")
    return pairs


def parse_correlation_data(text: str | None) -> bytes | None:
    """Read correlation data, base64 in its header.

    Raises:
        AwsError: `InvalidRequestException`.
    """
    if text is None:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise errors.invalid_member("correlationData", "not base64") from None
    if len(data) > MAX_CORRELATION_BYTES:
        raise errors.invalid_member("correlationData", f"more than {MAX_CORRELATION_BYTES} bytes")
    return data


def parse_expiry(expiry_s: int | None) -> int | None:
    """Read a message expiry: 0 becomes 1 second, more than seven days become seven days.

    Source: IoT Core Developer Guide, MQTT 5 (documented).

    Raises:
        AwsError: `InvalidRequestException` for a negative one.
    """
    if expiry_s is None:
        return None
    if expiry_s < 0:
        raise errors.invalid_member("messageExpiry", "negative")
    return min(max(expiry_s, 1), MAX_EXPIRY_S)


def parse_payload_format(name: str | None) -> Literal[0, 1] | None:
    """Return the payload format indicator of the model's name for it."""
    return None if name is None else _FORMATS[name]


def parse_content_type(text: str | None) -> str | None:
    """Check a content type's length.

    Raises:
        AwsError: `InvalidRequestException`.
    """
    if text is not None and len(text.encode()) > MAX_CONTENT_TYPE_BYTES:
        raise errors.invalid_member("contentType", f"more than {MAX_CONTENT_TYPE_BYTES} bytes")
    return text


def render_user_properties(pairs: tuple[tuple[str, str], ...]) -> bytes:
    """Return user properties as the JSON that `GetRetainedMessage` answers with."""
    return msgspec.json.encode([{name: value} for name, value in pairs])


def _pairs(items: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str]]:
    for item in items:
        for name, value in item.items():
            if not isinstance(value, str):
                raise errors.invalid_member("userProperties", f"`{name[:80]}` is not a string")
            yield name, value
