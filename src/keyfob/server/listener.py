"""A listening socket and the loop that accepts from it."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from keyfob.core.errors import ConfigError
from keyfob.server.settings import ListenerSettings

_logger = logging.getLogger(__name__)

_BACKLOG = 2048

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Accepting again at once would fail again: the listening socket stays readable."""


def bind(host: str, port: int) -> socket.socket:
    """Return a non-blocking listening TCP socket.

    Args:
        host: address or name; the first address it resolves to is used.
        port: port number; 0 takes a free one.

    Raises:
        ConfigError: the address is taken, unknown, or not allowed.
    """
    if not 0 <= port <= 65_535:  # getaddrinfo would wrap it around
        raise ConfigError(f"cannot listen on `{host}:{port}`: no such port")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"cannot listen on `{host}`: no such address") from error
    listening = socket.socket(family, kind, proto)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigError(f"cannot listen on `{host}:{port}`: {error.strerror}") from error
    return listening


class Listener:
    """Accepts in bounded rounds and hands each socket on."""

    def __init__(
        self,
        listening: socket.socket,
        receive: Callable[[socket.socket], None],
        settings: ListenerSettings,
    ) -> None:
        """Take over a listening, non-blocking socket; nothing is accepted before `start`."""
        self._listening = listening
        self._receive = receive
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._rest: asyncio.TimerHandle | None = None

    @property
    def address(self) -> tuple[str, int]:
        """The host and port really bound."""
        name = self._listening.getsockname()
        return str(name[0]), int(name[1])

    def start(self) -> None:
        """Start, or resume, accepting."""
        self._rest = None
        self._loop.add_reader(self._listening, self._accept_some)

    def close(self) -> None:
        """Stop accepting and close the socket; a second call does nothing."""
        if self._listening.fileno() < 0:
            return
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _accept_some(self) -> None:
        for _ in range(self._settings.accepts_per_tick):
            try:
                accepted, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._pause(error)
                    return
                continue  # the peer went away while it queued (ECONNABORTED and its kin)
            self._receive(accepted)

    def _pause(self, error: OSError) -> None:
        _logger.warning(
            "accepting rests for %.1f s: %s", self._settings.exhausted_pause_s, error.strerror
        )
        self._loop.remove_reader(self._listening)
        self._rest = self._loop.call_later(self._settings.exhausted_pause_s, self.start)
