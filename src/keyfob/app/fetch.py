"""Fetching small documents from other servers: bounded in size and time, without redirects."""

import asyncio
import ssl
from urllib.parse import urlsplit

import httptools

MAX_BYTES = 262_144
TIMEOUT_S = 5.0

_HEAD_BYTES = 16_384


class FetchError(OSError):
    """A document cannot be had: no connection, no time, another status than 200, or too long."""


class _Answer:
    """Collects one response."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_complete = False
        self.is_framed = False
        """Whether it says where it ends; otherwise the connection's end is its own."""

    def on_header(self, name: bytes, _value: bytes) -> None:
        """Take note of how the body's end is told."""
        self.is_framed |= name.lower() in (b"content-length", b"transfer-encoding")

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self.body += data

    def on_message_complete(self) -> None:
        """Take note of the end."""
        self.is_complete = True


async def fetch(url: str) -> bytes:
    """Return the body that a GET of an http or https URL answers with.

    Certificates are checked against the system's authorities (`SSL_CERT_FILE` names others).

    Raises:
        FetchError: see there.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _get(url)
    except FetchError:
        raise
    except TimeoutError:
        raise FetchError("no answer in time") from None
    except (OSError, ValueError, httptools.HttpParserError) as error:
        raise FetchError(str(error) or type(error).__name__) from error


async def _get(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.hostname is None or not url.isascii() or not url.isprintable() or " " in url:
        raise FetchError("it is no URL")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n"
            "Connection: close\r\nUser-Agent: keyfob\r\n\r\n".encode("ascii")
        )
        return await _read(reader)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    received = 0
    while not answer.is_complete:
        data = await reader.read(65_536)
        received += len(data)
        if received > MAX_BYTES + _HEAD_BYTES:
            raise FetchError("the answer is too long")
        if not data:
            break
        parser.feed_data(data)
    if not received or (status := parser.get_status_code()) == 0:
        raise FetchError("there was no answer")
    if status != 200:
        raise FetchError(f"the answer has status {status}")
    if answer.is_framed and not answer.is_complete:
        raise FetchError("the answer was cut short")
    return bytes(answer.body)
