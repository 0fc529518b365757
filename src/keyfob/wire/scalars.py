"""Single values as text: timestamps, numbers, booleans and blobs in the forms AWS uses.

Timestamps are epoch seconds inside. All readers raise `ValueError` with one sentence; the
protocols turn it into their own error.
"""

import binascii
import math
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

INTEGER_BITS = {"integer": 32, "long": 64}
"""Width of the model's integer types."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_FLOAT = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_EPOCH = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?")
_EARLIEST_S = -62_135_596_800
_LATEST_S = 253_402_300_799


def check_timestamp(epoch_s: float) -> float:
    """Return a time as it is.

    Raises:
        ValueError: not a number, or outside the years 1 to 9999.
    """
    if not _EARLIEST_S <= epoch_s <= _LATEST_S:
        raise ValueError("the timestamp is out of range")
    return float(epoch_s)


def parse_timestamp(text: str) -> float:
    """Read a timestamp in any of the three forms: ISO 8601, RFC 822 date, epoch seconds."""
    if _EPOCH.fullmatch(text):
        return check_timestamp(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _parse_http_date(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.timestamp()
    except OverflowError:
        raise ValueError("the timestamp is out of range") from None


def _parse_http_date(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise ValueError(f"`{text[:60]}` is not a timestamp") from None


def render_iso8601(epoch_s: float) -> str:
    """Return `2026-11-23T02:15:00Z`, with milliseconds where there are any."""
    moment = datetime.fromtimestamp(epoch_s, UTC)
    if moment.microsecond // 1000:
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def render_http_date(epoch_s: float) -> str:
    """Return an RFC 822 date in GMT, as HTTP headers have it."""
    return format_datetime(datetime.fromtimestamp(int(epoch_s), UTC), usegmt=True)


def check_integer(number: int, kind: str) -> int:
    """Return `number` if it fits the model's `integer` or `long`.

    Raises:
        ValueError: it does not fit.
    """
    bound = 1 << (INTEGER_BITS[kind] - 1)
    if not -bound <= number < bound:
        raise ValueError("the number is out of range")
    return number


def parse_integer(text: str, kind: str) -> int:
    """Read a decimal `integer` or `long`."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"`{text[:40]}` is not an integer")
    return check_integer(int(text), kind)


def parse_float(text: str) -> float:
    """Read a finite decimal number."""
    if not _FLOAT.fullmatch(text):
        raise ValueError(f"`{text[:40]}` is not a number")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("the number is out of range")
    return number


def parse_boolean(text: str) -> bool:
    """Read `true` or `false`, in any case."""
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError(f"`{text[:40]}` is not a boolean")
    return lowered == "true"


def parse_blob(text: str) -> bytes:
    """Read base64 with its padding; nothing but the alphabet is let through."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ValueError("the value is not base64") from None


def render_blob(value: bytes) -> str:
    """Return base64 without line breaks."""
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def check_text(value: str) -> str:
    """Return a text that UTF-8 can hold.

    Raises:
        ValueError: it has lone surrogates.
    """
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("the text is not valid Unicode") from None
    return value
