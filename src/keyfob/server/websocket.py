"""MQTT over WebSocket: the upgrade, the frames, and an outlet the broker writes to as to TCP.

Theory. A connection is deciding -> open -> closing -> lost. While deciding, nothing is read:
the signature is checked and the broker's connection prepared, then 101 and the swap happen in
one step. Masked binary frames in one piece, which is what MQTT clients send, are taken out of
their frames here; from the first other frame on (closing, mostly) everything is the business of
`websockets`' sans-I/O protocol. Payloads go to the broker's connection in the order they came, cut
anywhere, because MQTT bytes are a stream. Each write of the broker's becomes one binary frame.

Differences from RFC 6455's freedom: no extension is negotiated (MQTT does not compress well and
the deflate state costs memory per connection), text frames end the connection with 1003
([MQTT-6.0.0-1]), one of the subprotocols `mqtt`, `mqttv3.1` must be offered ([MQTT-6.0.0-3]).
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask
from websockets.typing import Subprotocol
from websockets.utils import accept_key

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest
from keyfob.server.mqtt import MqttProtocol
from keyfob.server.settings import ListenerSettings

_logger = logging.getLogger(__name__)

MQTT_PATH = "/mqtt"
"""Source: IoT Developer Guide, `protocols`."""

SUBPROTOCOLS = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))

_KEY = re.compile("[A-Za-z0-9+/]{21}[AQgw]==")  # 16 bytes

_MAX_EARLY_BYTES = 65_536
"""What a client may send before its upgrade is answered; it should send nothing."""

_BINARY = 0x82  # FIN, no extension bit, opcode 2
_MASKED = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_SHORTEST_HEAD = 6  # of a masked frame: two bytes, and the mask
# Source: RFC 6455 section 5.2.

MqttFactory = Callable[[], MqttProtocol]
"""Makes the MQTT side of one connection."""

WebSocketOpener = Callable[[HttpRequest], Awaitable[MqttFactory]]
"""Checks an upgrade's signature and prepares the connection; raises `AwsError` to refuse."""


class WebSocketServer:
    """What all WebSocket connections share."""

    def __init__(self, open_connection: WebSocketOpener, settings: ListenerSettings) -> None:
        """Serve upgrades that `open_connection` lets through."""
        self.open_connection = open_connection
        self.settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._framed = b"", b""

    def frame(self, data: bytes) -> bytes:
        """Return `data` in a binary frame: the same object for the next receiver of the same."""
        last, framed = self._framed
        if last is not data:
            framed = _frame_head(len(data)) + data
            self._framed = data, framed
        return framed

    def upgrade(self, request: HttpRequest, transport: asyncio.Transport, rest: bytes) -> None:
        """Take a transport over whose client asked for a WebSocket.

        Args:
            request: the upgrade request.
            transport: the connection; its protocol is replaced at once.
            rest: bytes that came behind the request's head.
        """
        protocol = WebSocketProtocol(self, transport, rest)
        transport.set_protocol(protocol)
        task = asyncio.ensure_future(protocol.decide(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cut upgrades that are not decided; the MQTT gate ends the connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class WebSocketProtocol(asyncio.Protocol):
    """One WebSocket connection, from the upgrade request on."""

    def __init__(self, server: WebSocketServer, transport: asyncio.Transport, rest: bytes) -> None:
        """Start deciding; nothing more is read until `decide` has answered."""
        self._server = server
        self._transport = transport
        self._frames = Protocol(
            Side.SERVER,
            state=State.OPEN,
            max_size=server.settings.max_websocket_message_bytes,
            logger=_logger,
        )
        self._early = bytearray(rest)
        self._is_simple = True
        """Whether no frame came yet but masked binary ones in one piece."""
        self._partial = b""
        """What has come of such a frame."""
        self._connection: MqttProtocol | None = None
        self._is_lost = False
        self._is_finishing = False
        self._is_write_paused = False
        self._deadline: asyncio.TimerHandle | None = None
        transport.pause_reading()

    async def decide(self, request: HttpRequest) -> None:
        """Answer the upgrade: 101, or why not."""
        try:
            response, factory = await self._judge(request)
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        if self._transport.is_closing():
            return
        self._transport.write(response.serialize())
        if factory is None:
            self._transport.close()
        else:
            self._open(factory)

    async def _judge(self, request: HttpRequest) -> tuple[Response, MqttFactory | None]:
        if request.path != MQTT_PATH:
            return _refusal(404, f"no WebSocket at `{request.path[:200]}`"), None
        if request.method != "GET":
            return _refusal(405, "a WebSocket upgrade is a GET"), None
        response = _accept(request)
        if response.status_code != 101:
            return response, None
        try:
            return response, await self._server.open_connection(request)
        except AwsError as error:
            # AWS answers 403 to every failed check of an upgrade, whatever its code elsewhere.
            return _refusal(403, error.message, error.code), None
        except Exception:
            _logger.exception("an upgrade failed")
            return _refusal(500, "internal failure"), None

    def _open(self, factory: MqttFactory) -> None:
        self._connection = factory()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(
            self._server.settings.websocket_life_s,
            self.finish,
            CloseCode.GOING_AWAY,
            "the connection has reached its longest life",
        )
        self._connection.connection_made(
            WebSocketOutlet(self, self._transport, self._frames, self._server.frame)
        )
        early, self._early = bytes(self._early), bytearray()
        if early:
            self.data_received(early)
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Unwrap what came; feed payloads to the broker's connection."""
        if self._connection is None:
            self._early += data
            if len(self._early) > _MAX_EARLY_BYTES:
                self._transport.abort()
            return
        if self._is_simple:
            data = self._take_simple(data, self._connection)
            if not data:
                return
        frames = self._frames
        frames.receive_data(data)
        for event in frames.events_received():
            frame = cast("Frame", event)
            opcode = frame.opcode
            if opcode is Opcode.BINARY or opcode is Opcode.CONT:
                # Frames before the peer's own closing frame still count: a DISCONNECT, mostly.
                if frame.data and not self._is_finishing:
                    self._connection.data_received(bytes(frame.data))
            elif opcode is Opcode.TEXT:
                frames.fail(CloseCode.UNSUPPORTED_DATA, "mqtt travels in binary frames")
                break
            elif opcode is Opcode.CLOSE and not self._is_finishing:
                self._connection.peer_closed()
        self.flush()

    def _take_simple(self, data: bytes, connection: MqttProtocol) -> bytes:
        """Feed whole simple frames to the broker's connection; return what the library takes."""
        if self._partial:
            data = self._partial + data
        payloads, end, self._is_simple = split_frames(
            data, self._server.settings.max_websocket_message_bytes
        )
        rest = data[end:]
        self._partial = rest if self._is_simple else b""
        if payloads and not self._is_finishing:
            connection.data_received(payloads[0] if len(payloads) == 1 else b"".join(payloads))
        return b"" if self._is_simple else rest

    def eof_received(self) -> bool:
        """The peer half-closed without a closing handshake: there is nothing to wait for."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the broker's connection, once."""
        self._is_lost = True
        if self._deadline is not None:
            self._deadline.cancel()
        if self._connection is not None:
            self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass the transport's back-pressure on."""
        self._is_write_paused = True
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Pass the end of back-pressure on."""
        self._is_write_paused = False
        if self._connection is not None:
            self._connection.resume_writing()

    def finish(self, code: CloseCode, reason: str = "") -> None:
        """Start the closing handshake; a peer that does not answer it is cut at a deadline."""
        if self._is_lost or self._frames.state is not State.OPEN:
            return
        self._is_finishing = True
        if self._connection is None:
            self._transport.close()
            return
        self._frames.send_close(code, reason)
        self.flush()

    def flush(self) -> None:
        """Write what the frame protocol has to say, and close when it says so."""
        chunks = self._frames.data_to_send()
        if self._is_write_paused and self._frames.state is State.OPEN:
            # Only pongs come here then; a peer that pings and does not read gets no more memory.
            return
        for chunk in chunks:
            if chunk:
                self._transport.write(chunk)
            else:
                self._transport.close()  # its end of stream: both closing frames are through
        if self._frames.close_expected() and not self._is_lost:
            self._arm_close_deadline()

    def _arm_close_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(
            self._server.settings.websocket_close_deadline_s, self._transport.abort
        )


class WebSocketOutlet(asyncio.Transport):
    """The transport the broker's connection sees: bytes in, binary frames out."""

    def __init__(
        self,
        protocol: WebSocketProtocol,
        transport: asyncio.Transport,
        frames: Protocol,
        frame: Callable[[bytes], bytes],
    ) -> None:
        """Write through `transport`; `frames` knows whether the connection is still open."""
        super().__init__()
        self._protocol = protocol
        self._transport = transport
        self._frames = frames
        self._frame = frame

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` in one binary frame; once the connection closes it is dropped."""
        if self._frames.state is State.OPEN and data:
            self._transport.write(self._frame(bytes(data)))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send the parts, joined, in one binary frame."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Start the closing handshake; what was written before still arrives."""
        self._protocol.finish(CloseCode.NORMAL_CLOSURE)

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether closing has begun, on either level."""
        return self._frames.state is not State.OPEN or self._transport.is_closing()

    def pause_reading(self) -> None:
        """Stop reading from the socket; frames already read still come."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Return the bytes waiting in the socket's transport, frame headers included."""
        return self._transport.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Do nothing: the WebSocket's protocol looks the receiver's methods up on each call."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks of `pause_writing` and `resume_writing`."""
        self._transport.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the socket transport's information."""
        return self._transport.get_extra_info(name, default)


def split_frames(data: bytes, max_bytes: int) -> tuple[list[bytes], int, bool]:
    """Take masked binary frames in one piece from the start of `data`.

    Returns:
        The payloads of those that are there as a whole, where the last of them ends, and whether
        what follows may be another: it is not, if the frame is of another kind or too large.
    """
    payloads: list[bytes] = []
    start, size = 0, len(data)
    while size - start >= _SHORTEST_HEAD:
        head, length = _SHORTEST_HEAD, data[start + 1] - _MASKED
        if data[start] != _BINARY or length < 0:
            return payloads, start, False
        if length >= _TWO_BYTES:
            head += 2 if length == _TWO_BYTES else 8
            if size - start < head:
                break
            length = int.from_bytes(data[start + 2 : start + head - 4], "big")
        if length > max_bytes:
            return payloads, start, False
        body = start + head
        if size - body < length:
            break
        start = body + length
        payloads.append(apply_mask(data[body:start], data[body - 4 : body]))
    return payloads, start, not data[start:] or data[start] == _BINARY


def _frame_head(size: int) -> bytes:
    """Return what stands before the payload of an unmasked binary frame."""
    if size < _TWO_BYTES:
        return bytes((_BINARY, size))
    if size < 1 << 16:
        return bytes((_BINARY, _TWO_BYTES)) + size.to_bytes(2, "big")
    return bytes((_BINARY, _EIGHT_BYTES)) + size.to_bytes(8, "big")


def _accept(request: HttpRequest) -> Response:
    """Return the 101, or the 400 or 426 that says what is wrong with the upgrade."""
    response = _accept_usual(request)
    if response is not None:
        return response
    headers = Headers()
    for name, value in request.headers:
        headers[name] = value
    handshake = ServerProtocol(subprotocols=SUBPROTOCOLS, extensions=None, logger=_logger)
    target = f"{request.path}?{request.query}" if request.query else request.path
    with contextlib.suppress(KeyError):
        # Browsers send an origin that no setting here could judge: the signature decides.
        del headers["origin"]
    return handshake.accept(Request(target, headers))


def _accept_usual(request: HttpRequest) -> Response | None:
    """Return the 101 to an upgrade as most clients write it; None: the library is to judge it."""
    fields = dict(request.headers)
    protocol = fields.get("sec-websocket-protocol", "")
    key = fields.get("sec-websocket-key", "")
    if (
        len(fields) != len(request.headers)
        or fields.get("upgrade", "").lower() != "websocket"
        or fields.get("connection", "").lower() != "upgrade"
        or fields.get("sec-websocket-version") != "13"
        or protocol not in SUBPROTOCOLS
        or not _KEY.fullmatch(key)
    ):
        return None
    headers = Headers(
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": accept_key(key),
            "Sec-WebSocket-Protocol": protocol,
        }
    )
    return Response(101, "Switching Protocols", headers)


def _refusal(status: int, message: str, code: str | None = None) -> Response:
    fields = {"message": message} if code is None else {"message": message, "code": code}
    body = json.dumps(fields).encode()
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
    )
    if code is not None:
        headers["x-amzn-ErrorType"] = code
    phrases = {403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
    return Response(status, phrases.get(status, "Internal Server Error"), headers, body)
