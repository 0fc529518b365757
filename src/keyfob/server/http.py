"""HTTP/1.1: httptools parses, this module holds requests to their bounds and answers in order.

Theory. A connection reads one request after another; whole requests wait in line and are
answered one at a time. While one is answered, reading rests as soon as another has begun, so a
client that pipelines fills the kernel's buffers and not ours. At any time at most one deadline
runs, named by the stage the connection is in:

    HEAD --headers--> BODY --whole--> ANSWER --written--> IDLE --bytes--> HEAD
      |408, 431, 400    |408, 413
      v                 v
    closed            DISCARD --> closed

A request's refusal takes its place in the line; nothing after it is read, but for the rest of
its body, for a bounded while.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum
from http import HTTPStatus
from typing import cast

import httptools

from keyfob.core import limits
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.server.cors import RESPONSE_FIELDS
from keyfob.server.settings import ListenerSettings

_logger = logging.getLogger(__name__)

Responder = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Answers one whole request; never raises."""

Upgrade = Callable[[HttpRequest, asyncio.Transport, bytes], None]
"""Takes a transport over whose client asks for a WebSocket; the bytes came after its head."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
"""Statuses whose answers have neither body nor length. Source: RFC 9110, section 8.6."""

_MAX_DISCARDED_BYTES = 16 * limits.MAX_BODY_BYTES
"""How much of a refused body is read on, so that the client gets to read the refusal.

Closing at once resets the connection, and most clients then report the reset alone.
"""


class HeadTooLargeError(Exception):
    """The head is longer than `max_head_bytes`."""


def too_large() -> HttpResponse:
    """Return the answer to a body over the bound.

    Source: botocore's `iot-data` model, `RequestEntityTooLargeException`, 413; inferred for the
    other services, which refuse earlier.
    """
    message = f"the body exceeds {limits.MAX_BODY_BYTES} bytes"
    return _refusal(413, "RequestEntityTooLargeException", message)


def timed_out() -> HttpResponse:
    """Return the answer to a body that does not arrive (inferred)."""
    return _refusal(408, "RequestTimeoutException", "the request's body did not arrive in time")


def _refusal(status: int, code: str, message: str) -> HttpResponse:
    return HttpResponse(
        status,
        f'{{"__type":"{code}","message":"{message}"}}'.encode(),
        {
            "content-type": "application/x-amz-json-1.1",
            "x-amzn-errortype": code,
            **RESPONSE_FIELDS,
        },
    )


def _plain(status: int, reason: str) -> HttpResponse:
    """Return the answer to what never became a request."""
    fields = {"content-type": "text/plain; charset=utf-8", "access-control-allow-origin": "*"}
    return HttpResponse(status, reason.encode("ascii"), fields)


class HttpServer:
    """What all HTTP connections share."""

    def __init__(self, respond: Responder, upgrade: Upgrade, settings: ListenerSettings) -> None:
        """Answer through `respond`; WebSocket upgrades go to `upgrade`."""
        self.respond = respond
        self.upgrade = upgrade
        self.settings = settings
        self.connections: set[HttpProtocol] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        """Answers in flight."""

    def protocol(self) -> "HttpProtocol":
        """Return the protocol of a new connection."""
        return HttpProtocol(self)

    async def close(self) -> None:
        """Let answers in flight finish until the deadline, then close every connection."""
        for protocol in tuple(self.connections):
            protocol.shutdown()
        if self.tasks:
            _done, late = await asyncio.wait(self.tasks, timeout=self.settings.drain_deadline_s)
            for task in late:
                task.cancel()
        for protocol in tuple(self.connections):
            protocol.cut()


class _Stage(Enum):
    """What a connection waits for."""

    IDLE = "another request"
    HEAD = "the end of a head"
    BODY = "the end of a body"
    ANSWER = "an answer of ours"
    DISCARD = "the end of a refused body"


class _Message:
    """A request while it is read."""

    __slots__ = ("body", "body_bytes", "headers", "is_upgrade", "path", "query", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[str, str]] = []
        self.path = ""
        self.query = ""
        self.is_upgrade = False
        self.body: list[bytes] = []
        self.body_bytes = 0

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def split_url(self) -> None:
        """Set path and query.

        Raises:
            ValueError: the target is no path, or not ASCII.
        """
        url = httptools.parse_url(self.url)
        if url.path is None:
            raise ValueError("the target has no path")
        self.path = url.path.decode("ascii")
        self.query = (url.query or b"").decode("latin-1")

    def asks_for_websocket(self) -> bool:
        tokens = self.header("connection").lower().split(",")
        is_upgrade = "upgrade" in (token.strip() for token in tokens)
        return is_upgrade and self.header("upgrade").lower() == "websocket"


class HttpProtocol(asyncio.Protocol):
    """One HTTP connection."""

    def __init__(self, server: HttpServer) -> None:
        """Serve one connection of `server`."""
        self._server = server
        self._settings = server.settings
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        # what follows a request with `connection: close` is not ours to refuse
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._message = _Message()
        self._is_in_body = False
        self._is_head_begun = True
        self._head_bytes = 0
        self._is_continue_due = False
        self._line: deque[HttpRequest | HttpResponse] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._is_last_taken = False
        """Nothing in the line will be followed by anything."""
        self._is_discarding = False
        self._discarded_bytes = 0
        self._is_reading_paused = False
        self._drained: asyncio.Future[None] | None = None
        self._stage = _Stage.ANSWER
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the head's deadline: the peer has begun to speak already."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._source_ip = str(peer[0]) if peer else ""
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        connections = self._server.connections
        self._is_surplus = len(connections) >= self._settings.max_http_connections
        connections.add(self)
        self._enter(_Stage.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; an answer in flight finishes, and is dropped."""
        self._let_go()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse; keep head size and time within their bounds."""
        if self._is_last_taken and not self._is_discarding:
            return
        if not self._is_in_body:
            self._is_head_begun = True
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._message.is_upgrade:
                self._upgrade(data[upgrade.args[0] :])
                return
            # Another protocol is only offered (h2c): the request itself is answered as it is.
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, HeadTooLargeError):
                self._refuse(431, "request head too large")
            else:
                self._refuse(400, "bad HTTP request")
        if not self._is_in_body and self._head_bytes > self._settings.max_head_bytes:
            self._refuse(431, "request head too large")
        self._settle()

    def pause_writing(self) -> None:
        """The peer reads slowly: the next answer waits."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """The peer has caught up, or is gone."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def shutdown(self) -> None:
        """Close once the requests in the line are answered."""
        if self._answering is None:
            self._transport.close()
        self._is_last_taken = True

    def cut(self) -> None:
        """Close at once."""
        self._transport.close()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A head begins, perhaps behind a request that is not answered yet."""
        self._message = _Message()
        self._is_head_begun = True

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._message.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field: its name in lower case, its value stripped."""
        field = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        self._message.headers.append(field)

    def on_headers_complete(self) -> None:
        """The head is whole; one that came at once has not been measured yet."""
        message = self._message
        fields = sum(len(name) + len(value) + 4 for name, value in message.headers)
        if len(message.url) + fields > self._settings.max_head_bytes:
            raise HeadTooLargeError
        message.split_url()
        message.is_upgrade = self._parser.should_upgrade() and message.asks_for_websocket()
        self._is_in_body = True
        self._is_head_begun = False
        if int(message.header("content-length") or 0) > limits.MAX_BODY_BYTES:
            self._refuse_body(too_large())
        self._is_continue_due = message.header("expect").lower() == "100-continue"

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, or drop it."""
        message = self._message
        if self._is_discarding:
            self._discarded_bytes += len(body)
            if self._discarded_bytes > _MAX_DISCARDED_BYTES:
                self._transport.close()
            return
        message.body.append(body)
        message.body_bytes += len(body)
        if message.body_bytes > limits.MAX_BODY_BYTES:
            self._refuse_body(too_large())

    def on_message_complete(self) -> None:
        """The request is whole; the next bytes are another one's head."""
        self._is_in_body = self._is_continue_due = False
        self._head_bytes = 0
        if self._is_discarding:
            self._is_discarding = False
            if not self._line and self._answering is None:
                self._transport.close()
        if self._is_last_taken or self._message.is_upgrade:
            return
        if self._is_surplus:
            self._refuse(503, "too many connections")
            return
        version = self._parser.get_http_version()
        self._is_last_taken = version == "1.0" or not self._parser.should_keep_alive()
        self._line.append(self._build_request())
        self._serve()

    def _build_request(self) -> HttpRequest:
        message = self._message
        return HttpRequest(
            method=self._parser.get_method().decode("ascii"),
            path=message.path,
            query=message.query,
            headers=tuple(message.headers),
            body=message.body[0] if len(message.body) == 1 else b"".join(message.body),
            source_ip=self._source_ip,
            is_tls=self._is_tls,
        )

    def _upgrade(self, rest: bytes) -> None:
        if self._answering is not None:
            self._refuse(400, "an upgrade cannot follow a request that is not answered yet")
        if not self._is_last_taken:
            self._let_go()
            self._server.upgrade(self._build_request(), self._transport, rest)

    # Answering.

    def _serve(self) -> None:
        """Answer the first in the line, unless an answer is in flight."""
        if self._answering is not None or not self._line:
            return
        first = self._line.popleft()
        if isinstance(first, HttpResponse):
            self._write(first)
            return
        self._answering = task = self._loop.create_task(self._answer(first))
        self._server.tasks.add(task)

    async def _answer(self, request: HttpRequest) -> None:
        task = self._answering
        try:
            response = await self._server.respond(request)
        except Exception:
            _logger.exception("a request failed")
            response = _plain(500, "Internal Server Error")
            self._line.clear()
            self._is_last_taken, self._is_discarding = True, False
        finally:
            self._server.tasks.discard(cast("asyncio.Task[None]", task))
        if self._drained is not None:
            await self._drained
        self._answering = None
        self._write(response, is_head=request.method == "HEAD")
        self._serve()
        self._settle()

    def _write(self, response: HttpResponse, *, is_head: bool = False) -> None:
        if self._transport.is_closing():
            return
        is_last = self._is_last_taken and not self._line
        self._transport.write(_render(response, is_head=is_head, is_last=is_last))
        if is_last and not self._is_discarding:
            self._transport.close()

    def _refuse(self, status: int, reason: str) -> None:
        """Let an answer to what never became a request end the line."""
        self._is_discarding = False
        if not self._is_last_taken:
            self._is_last_taken = True
            self._line.append(_plain(status, reason))
            self._serve()
        elif self._answering is None:
            self._transport.close()

    def _refuse_body(self, response: HttpResponse) -> None:
        """Let a refusal end the line, and read on for a bounded while."""
        if not self._is_last_taken:
            self._is_last_taken = self._is_discarding = True
            self._message.body.clear()
            self._line.append(response)
            self._serve()

    # Deadlines and back-pressure.

    def _settle(self) -> None:
        """Start the deadline of what is waited for now, and pause or resume reading."""
        if self._transport.is_closing():
            return
        is_behind = self._answering is not None and (
            self._is_head_begun or self._is_in_body or bool(self._line)
        )
        if is_behind is not self._is_reading_paused:
            self._is_reading_paused = is_behind
            if is_behind:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()
        if self._answering is not None:
            self._enter(_Stage.ANSWER)
        elif self._is_discarding:
            self._enter(_Stage.DISCARD)
        elif self._is_in_body:
            if self._is_continue_due:
                self._is_continue_due = False
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._enter(_Stage.BODY)
        else:
            self._enter(_Stage.HEAD if self._is_head_begun else _Stage.IDLE)

    def _enter(self, stage: _Stage) -> None:
        if stage is self._stage:
            return
        self._stage = stage
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if stage is not _Stage.ANSWER:
            self._deadline = self._loop.call_later(self._seconds(stage), self._expire)

    def _seconds(self, stage: _Stage) -> float:
        if stage is _Stage.IDLE:
            return self._settings.keep_alive_s
        if stage is _Stage.HEAD:
            return self._settings.head_deadline_s
        if stage is _Stage.BODY:
            return self._settings.body_deadline_s
        return self._settings.close_deadline_s

    def _expire(self) -> None:
        if self._stage is _Stage.HEAD:
            self._refuse(408, "the request's head did not arrive in time")
        elif self._stage is _Stage.BODY:
            self._refuse_body(timed_out())
            self._settle()
        else:
            self._transport.close()

    def _let_go(self) -> None:
        """The connection is lost, or another protocol's."""
        self._server.connections.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _render(response: HttpResponse, *, is_head: bool, is_last: bool) -> bytes:
    """Return an answer's bytes.

    Texts that clients wrote reach header values, so control characters go.
    """
    status = response.status
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}"]
    lines += [f"{name}: {_CONTROL.sub(' ', value)}" for name, value in response.headers.items()]
    if status not in _BODILESS:
        lines.append(f"content-length: {len(response.body)}")
    if is_last:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    return head if is_head or status in _BODILESS else head + response.body
