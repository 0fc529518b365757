r"""What a new connection speaks, found from its first bytes.

Theory. A connection is *undecided* from accept until a protocol of its own reads from it. On a
plain socket the first byte is peeked, not read, so that the protocol it belongs to gets the
socket untouched. A TLS ClientHello leads to a handshake and, inside it, to a second decision by
ALPN or by the first decrypted byte.

    accepted --peek--> 0x16 TLS --handshake--> ALPN, or first byte --> MQTT | HTTP
                  \--> 0x10 MQTT        \--> anything else: HTTP

Limits. One deadline spans the whole way; the number of undecided connections is bounded, and
when it is reached the one that has waited longest is ended: honest peers speak at once.
Source. MQTT 3.1.1 section 2.2 (CONNECT is 0x10), RFC 8446 section 5.1 (handshake record is 22),
IoT Developer Guide, `protocols` (ALPN names).
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import cast

from keyfob.server.settings import ListenerSettings

_logger = logging.getLogger(__name__)


class Speech(Enum):
    """What a peer speaks once it is past TLS."""

    HTTP = "http"
    MQTT = "mqtt"


_TLS_HANDSHAKE = 0x16
_MQTT_CONNECT = 0x10

_SPEECH_BY_ALPN = {
    "mqtt": Speech.MQTT,
    "x-amzn-mqtt-ca": Speech.MQTT,
    "x-amzn-http-ca": Speech.HTTP,
    "http/1.1": Speech.HTTP,
}
ALPN_NAMES = tuple(_SPEECH_BY_ALPN)
"""Names the server's TLS context offers, in order of preference."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection."""

    address: str
    port: int
    is_tls: bool


ProtocolFactory = Callable[[], asyncio.Protocol]
"""Makes the protocol of one connection."""

Opener = Callable[[Peer], Awaitable[ProtocolFactory]]
"""Prepares a connection; what it waits for is ready before the first byte is read."""


def speech_of(first_byte: int) -> Speech:
    """Return what a connection speaks whose first application byte is `first_byte`."""
    return Speech.MQTT if first_byte == _MQTT_CONNECT else Speech.HTTP


class Reception:
    """Takes accepted sockets in and connects each to the protocol it speaks."""

    def __init__(
        self,
        openers: Mapping[Speech, Opener],
        settings: ListenerSettings,
        *,
        tls: ssl.SSLContext | None = None,
        is_plain_allowed: bool = True,
    ) -> None:
        """Serve the speeches that have an opener.

        Args:
            openers: what is served; a peer that speaks anything else is closed.
            settings: deadlines and bounds.
            tls: the server's context; without it TLS peers are closed.
            is_plain_allowed: False closes peers that do not begin with TLS.
        """
        self.openers = openers
        self.settings = settings
        self.tls = tls
        self.is_plain_allowed = is_plain_allowed
        self.loop = asyncio.get_running_loop()
        self._undecided: dict[_Arrival, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def undecided(self) -> int:
        """How many connections have not said what they speak."""
        return len(self._undecided)

    def receive(self, accepted: socket.socket) -> None:
        """Take an accepted socket over; it is closed here if it never becomes a connection."""
        if len(self._undecided) >= self.settings.max_undecided:
            next(iter(self._undecided)).end()
        arrival = _Arrival(self, accepted)
        self._undecided[arrival] = None
        arrival.begin()

    def settle(self, arrival: "_Arrival") -> None:
        """Forget an arrival: it is decided, or ended."""
        self._undecided.pop(arrival, None)

    def start_task(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run an arrival's waiting part as a task that `close` ends."""
        task: asyncio.Task[None] = asyncio.ensure_future(_as_coroutine(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End every connection that is still undecided."""
        for arrival in tuple(self._undecided):
            arrival.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


class _Arrival:
    """One undecided connection: its socket, its deadline, and how to end it at this stage."""

    def __init__(self, reception: Reception, accepted: socket.socket) -> None:
        self._reception = reception
        self._socket = accepted
        self._deadline: asyncio.TimerHandle | None = None
        self._end_stage: Callable[[], object] = accepted.close

    def begin(self) -> None:
        """Wait for the first byte."""
        loop = self._reception.loop
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):  # not a TCP socket, or gone already
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._deadline = loop.call_later(self._reception.settings.undecided_deadline_s, self.end)
        self._end_stage = self._close_socket
        loop.add_reader(self._socket, self._peek)

    def end(self) -> None:
        """Close the connection, at whatever stage it is."""
        self.settle()
        self._end_stage()

    def settle(self) -> None:
        """Leave the undecided; the deadline no longer applies."""
        self._reception.settle(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def _close_socket(self) -> None:
        self._reception.loop.remove_reader(self._socket)
        self._socket.close()

    def _peek(self) -> None:
        try:
            first = self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            first = b""
        if not first:
            self.end()
            return
        self._reception.loop.remove_reader(self._socket)
        self._end_stage = self._socket.close
        if first[0] == _TLS_HANDSHAKE:
            self._connect(self._connect_tls)
        elif self._reception.is_plain_allowed:
            opener = self._reception.openers.get(speech_of(first[0]))
            self._connect(lambda: self._connect_plain(opener))
        else:
            self.end()

    def _connect(self, connect: Callable[[], Awaitable[None]]) -> None:
        task = self._reception.start_task(self._guard(connect))
        # Cancelled before its first step, a task runs nothing, not even an `except`.
        task.add_done_callback(self._close_if_cancelled)
        self._end_stage = task.cancel

    def _close_if_cancelled(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._socket.close()

    async def _guard(self, connect: Callable[[], Awaitable[None]]) -> None:
        """Run one connecting stage; a peer that fails it costs a debug line and its socket."""
        try:
            await connect()
        except OSError as error:  # includes ssl.SSLError and timeouts
            _logger.debug("a connection failed before it spoke: %s", error)
            self.settle()
            self._socket.close()
        except Exception:
            _logger.exception("a connection could not be opened")
            self.settle()
            self._socket.close()

    async def _connect_plain(self, opener: Opener | None) -> None:
        if opener is None:
            self.settle()
            self._socket.close()
            return
        host, port = self._socket.getpeername()[:2]
        factory = await opener(Peer(host, port, is_tls=False))
        await self._reception.loop.connect_accepted_socket(factory, self._socket)
        self.settle()

    async def _connect_tls(self) -> None:
        reception = self._reception
        if reception.tls is None:
            self.settle()
            self._socket.close()
            return
        sniffing = SniffingProtocol(reception, self.settle)
        await reception.loop.connect_accepted_socket(
            lambda: sniffing,
            self._socket,
            ssl=reception.tls,
            ssl_handshake_timeout=reception.settings.undecided_deadline_s,
            ssl_shutdown_timeout=reception.settings.close_deadline_s,
        )
        if not sniffing.is_settled:
            self._end_stage = sniffing.abort


class SniffingProtocol(asyncio.Protocol):
    """The first protocol inside TLS: finds what is spoken, then gives its place away."""

    def __init__(self, reception: Reception, settle: Callable[[], None]) -> None:
        """Start undecided; `settle` is called once, when decided or lost."""
        self._reception = reception
        self._settle = settle
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._speech: Speech | None = None
        self.is_settled = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done: ALPN may decide at once."""
        self._transport = cast("asyncio.Transport", transport)
        tls = transport.get_extra_info("ssl_object")
        name = tls.selected_alpn_protocol() if tls is not None else None
        if name is not None:
            self._decide(self._transport, _SPEECH_BY_ALPN[name])

    def data_received(self, data: bytes) -> None:
        """The first byte decides; what comes until the swap is kept for the protocol chosen."""
        self._received += data
        if self._speech is None and self._transport is not None:
            self._decide(self._transport, speech_of(data[0]))

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer went away undecided."""
        self._finish()

    def abort(self) -> None:
        """End the connection undecided."""
        if self._transport is not None:
            self._transport.abort()

    def _finish(self) -> None:
        self.is_settled = True
        self._settle()

    def _decide(self, transport: asyncio.Transport, speech: Speech) -> None:
        self._speech = speech
        # Bounds `_received` to what one read delivers while the opener works.
        transport.pause_reading()
        self._reception.start_task(self._swap(transport, speech))

    async def _swap(self, transport: asyncio.Transport, speech: Speech) -> None:
        opener = self._reception.openers.get(speech)
        if opener is None:
            self._finish()
            transport.close()
            return
        peer_name = transport.get_extra_info("peername") or ("", 0)
        try:
            factory = await opener(Peer(peer_name[0], peer_name[1], is_tls=True))
        except Exception:
            _logger.exception("a connection could not be opened")
            transport.abort()
            return
        if transport.is_closing():
            return
        protocol = factory()
        transport.set_protocol(protocol)
        self._finish()
        protocol.connection_made(transport)
        if self._received:
            protocol.data_received(bytes(self._received))
        if not transport.is_closing():
            transport.resume_reading()
