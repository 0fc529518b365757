"""MQTT over WebSocket: the upgrade, the frames, and an outlet the broker writes to as to TCP.

Theory. A connection is deciding -> open -> closing -> lost. While deciding, nothing is read:
the signature is checked and the broker's connection prepared, then 101 and the swap happen in
one step. Frames are `websockets`' sans-I/O protocol's business; payloads go to the broker's
connection in the order they came, cut where the frames were cut, because MQTT bytes are a
stream. Each write of the broker's becomes one binary frame.

Differences from RFC 6455's freedom: no extension is negotiated (MQTT does not compress well and
the deflate state costs memory per connection), text frames end the connection with 1003
([MQTT-6.0.0-1]), one of the subprotocols `mqtt`, `mqttv3.1` must be offered ([MQTT-6.0.0-3]).
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest
from keyfob.server.mqtt import MqttProtocol
from keyfob.server.settings import ListenerSettings

_logger = logging.getLogger(__name__)

MQTT_PATH = "/mqtt"
"""Source: IoT Developer Guide, `protocols`."""

SUBPROTOCOLS = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))

_MAX_EARLY_BYTES = 65_536
"""What a client may send before its upgrade is answered; it should send nothing."""

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
        self._connection.connection_made(WebSocketOutlet(self, self._transport, self._frames))
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
        self, protocol: WebSocketProtocol, transport: asyncio.Transport, frames: Protocol
    ) -> None:
        """Write through `transport`; `frames` knows whether the connection is still open."""
        super().__init__()
        self._protocol = protocol
        self._transport = transport
        self._frames = frames

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` in one binary frame; once the connection closes it is dropped."""
        if self._frames.state is State.OPEN and data:
            frame = Frame(Opcode.BINARY, bytes(data))
            self._transport.write(frame.serialize(mask=False))

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


def _accept(request: HttpRequest) -> Response:
    """Return the 101, or the 400 or 426 that says what is wrong with the upgrade."""
    headers = Headers()
    for name, value in request.headers:
        headers[name] = value
    handshake = ServerProtocol(subprotocols=SUBPROTOCOLS, extensions=None, logger=_logger)
    target = f"{request.path}?{request.query}" if request.query else request.path
    with contextlib.suppress(KeyError):
        # Browsers send an origin that no setting here could judge: the signature decides.
        del headers["origin"]
    return handshake.accept(Request(target, headers))


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
