"""HTTP/1.1: uvicorn's protocol with bounds of our own, and the adapter to `core.http` values.

Uvicorn and httptools parse and write; what they leave open is closed here: the size of a
request's head, how long head and body may take, and where a WebSocket upgrade goes.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from keyfob.core import limits
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.server.cors import RESPONSE_FIELDS
from keyfob.server.settings import ListenerSettings

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_logger = logging.getLogger(__name__)

Responder = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Answers one whole request; never raises."""

Upgrade = Callable[[HttpRequest, asyncio.Transport, bytes], None]
"""Takes a transport over whose client asks for a WebSocket; the bytes came after its head."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_MAX_DISCARDED_BYTES = 16 * limits.MAX_BODY_BYTES
"""How much of a refused body is read on, so that the client gets to read the refusal.

Closing at once resets the connection, and most clients then report the reset alone.
"""


class BodyTooLargeError(Exception):
    """The body is longer than `limits.MAX_BODY_BYTES`."""


class HeadTooLargeError(Exception):
    """The head is longer than `max_head_bytes`."""


class ClientGoneError(Exception):
    """The client closed before its request was whole."""


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
        {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code},
    )


class HttpApplication:
    """The ASGI callable: a whole request in, a whole answer out."""

    def __init__(self, respond: Responder, settings: ListenerSettings) -> None:
        """Answer through `respond`."""
        self._respond = respond
        self._settings = settings

    async def __call__(
        self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Serve one request of uvicorn's."""
        try:
            async with asyncio.timeout(self._settings.body_deadline_s):
                body = await _read_body(scope, receive)
        except BodyTooLargeError:
            await self._refuse(too_large(), receive, send)
        except TimeoutError:
            await self._refuse(timed_out(), receive, send)
        except ClientGoneError:
            return
        else:
            response = await self._respond(_build_request(scope, body))
            await _send(response, send)

    async def _refuse(
        self,
        response: HttpResponse,
        receive: "ASGIReceiveCallable",
        send: "ASGISendCallable",
    ) -> None:
        """Answer, read on for a bounded while, then close."""
        fields = {**RESPONSE_FIELDS, **response.headers, "connection": "close"}
        response = HttpResponse(response.status, response.body, fields)
        await _send(response, send, is_last=False)
        try:
            async with asyncio.timeout(self._settings.close_deadline_s):
                await _discard(receive)
        except TimeoutError:
            _logger.debug("a refused body was still coming in; the connection is closed")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read_body(scope: "Scope", receive: "ASGIReceiveCallable") -> bytes:
    announced = dict(cast("Any", scope)["headers"]).get(b"content-length")
    if announced is not None and int(announced) > limits.MAX_BODY_BYTES:
        raise BodyTooLargeError
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise ClientGoneError
        parts.append(event["body"])
        size += len(event["body"])
        if size > limits.MAX_BODY_BYTES:
            raise BodyTooLargeError
        if not event["more_body"]:
            return b"".join(parts)


async def _discard(receive: "ASGIReceiveCallable") -> None:
    size = 0
    while size < _MAX_DISCARDED_BYTES:
        event = await receive()
        if event["type"] != "http.request" or not event["more_body"]:
            return
        size += len(event["body"])


def _build_request(scope: "Scope", body: bytes) -> HttpRequest:
    facts = cast("Any", scope)
    client = facts["client"]
    return HttpRequest(
        method=facts["method"],
        path=facts["raw_path"].decode("latin-1"),
        query=facts["query_string"].decode("latin-1"),
        headers=decode_headers(facts["headers"]),
        body=body,
        source_ip=client[0] if client else "",
        is_tls=facts["scheme"] == "https",
    )


def decode_headers(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Return header fields as text: names in lower case, values stripped."""
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in headers
    )


async def _send(response: HttpResponse, send: "ASGISendCallable", *, is_last: bool = True) -> None:
    headers = [_encode_header(name, value) for name, value in response.headers.items()]
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": headers,
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": response.body, "more_body": not is_last})


def _encode_header(name: str, value: str) -> tuple[bytes, bytes]:
    """Encode a field; texts that clients wrote reach values, so control characters go."""
    return name.encode("latin-1"), _CONTROL.sub(" ", value).encode("latin-1", "replace")


class HttpServer:
    """What all HTTP connections share: the application, uvicorn's state, the upgrade."""

    def __init__(self, respond: Responder, upgrade: Upgrade, settings: ListenerSettings) -> None:
        """Serve `respond`; WebSocket upgrades go to `upgrade`."""
        self.settings = settings
        self.upgrade = upgrade
        self.state = ServerState()
        self.config = Config(
            HttpApplication(respond, settings),
            http=HttpToolsProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=settings.max_http_connections,
            timeout_keep_alive=cast("int", settings.keep_alive_s),  # a float serves call_later
        )
        self.config.load()

    def protocol(self) -> "HttpProtocol":
        """Return the protocol of a new connection."""
        return HttpProtocol(self)

    async def close(self) -> None:
        """Let answers in flight finish until the deadline, then close every connection."""
        for protocol in tuple(self.state.connections):
            protocol.shutdown()
        tasks = tuple(self.state.tasks)
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=self.settings.drain_deadline_s)
            for task in late:
                task.cancel()
        for protocol in tuple(self.state.connections):
            if protocol.transport is not None:
                protocol.transport.close()


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection."""

    def __init__(self, server: HttpServer) -> None:
        """Join the connections of `server`."""
        super().__init__(server.config, server.state, {})
        # Uvicorn prints the application's failures itself unless told not to; ours never fails.
        self.access_log = False
        self._server = server
        self._is_head_due = True
        self._is_head_begun = False
        self._head_bytes = 0
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the head's deadline: the peer has begun to speak already."""
        super().connection_made(transport)
        self._require_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._cancel_head_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; keep head size and time within their bounds."""
        self._unset_keepalive_if_required()
        if self._is_head_due:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, HeadTooLargeError):
                self._refuse(431, "request head too large")
            else:
                self._refuse(400, "bad HTTP request")
            return
        if not self._is_head_due or self.transport.is_closing():
            return
        if self._head_bytes > self._server.settings.max_head_bytes:
            self._refuse(431, "request head too large")
        elif self.cycle is None or self.cycle.response_complete:
            self._require_head()

    def on_message_begin(self) -> None:
        """A head begins, perhaps behind a request that is not answered yet."""
        self._is_head_begun = True
        super().on_message_begin()

    def on_response_complete(self) -> None:
        """A head that began meanwhile has its own deadline, not that of an idle connection."""
        super().on_response_complete()
        if self._is_head_due and self._is_head_begun and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._require_head()

    def on_headers_complete(self) -> None:
        """The head is whole; one that came at once has not been measured yet."""
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) + fields > self._server.settings.max_head_bytes:
            raise HeadTooLargeError
        self._cancel_head_deadline()
        self._is_head_due = self._is_head_begun = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes are another request's head."""
        self._is_head_due = True
        self._head_bytes = 0
        super().on_message_complete()

    def _should_upgrade_to_ws(self) -> bool:
        return True

    def _upgrade(self, rest: bytes) -> None:
        if not self._should_upgrade():
            # Another protocol is only offered (h2c): the request itself is answered as it is.
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._refuse(400, "an upgrade cannot follow a request that is not answered yet")
            return
        self._cancel_head_deadline()
        self.connections.discard(self)
        path, _, query = self.url.decode("latin-1").partition("?")
        request = HttpRequest(
            method=self.scope["method"],
            path=path,
            query=query,
            headers=decode_headers(self.headers),
            body=b"",
            source_ip=self.client[0] if self.client else "",
            is_tls=self.scheme == "https",
        )
        self._server.upgrade(request, self.transport, rest)

    def _require_head(self) -> None:
        if self._head_deadline is None:
            self._head_deadline = self.loop.call_later(
                self._server.settings.head_deadline_s,
                lambda: self._refuse(408, "the request's head did not arrive in time"),
            )

    def _cancel_head_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _refuse(self, status: int, reason: str) -> None:
        """Answer what never became a request, and close."""
        self._cancel_head_deadline()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = reason.encode("ascii")
            self.transport.write(
                b"%scontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
                b"access-control-allow-origin: *\r\nconnection: close\r\n\r\n%s"
                % (STATUS_LINE[status], len(body), body)
            )
        self.transport.close()
