"""Real sockets on loopback: what the tests of the listeners share."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import uvloop

from keyfob.core.clock import SystemClock
from keyfob.server import listener, tls
from keyfob.server.listener import Listener
from keyfob.server.reception import Peer, ProtocolFactory, Reception, Speech
from keyfob.server.settings import ListenerSettings

Dial = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tls.TlsFiles:
    directory: Path = tmp_path_factory.mktemp("certificates") / "tls"
    return tls.ensure_certificates(directory, tls.server_names(()), SystemClock().now())


@pytest.fixture
def server_tls(tls_files: tls.TlsFiles) -> ssl.SSLContext:
    return tls.server_context(tls_files)


@pytest.fixture
def client_tls(tls_files: tls.TlsFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls_files.ca))


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until `condition` holds."""
    for _ in range(2_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the condition never held")


@dataclass
class Recorder(asyncio.Protocol):
    """A protocol that answers every read with its name, and keeps what came."""

    name: bytes
    received: bytearray = field(default_factory=bytearray)
    is_lost: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.transport.write(self.name + b"%d." % len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True


@dataclass
class Openers:
    """Counts and remembers what was opened."""

    peers: list[tuple[Speech, Peer]] = field(default_factory=list)
    protocols: list[Recorder] = field(default_factory=list)

    def opener(self, speech: Speech) -> Callable[[Peer], Awaitable[ProtocolFactory]]:
        async def open_connection(peer: Peer) -> ProtocolFactory:
            self.peers.append((speech, peer))

            def make() -> Recorder:
                self.protocols.append(Recorder(speech.value.encode()))
                return self.protocols[-1]

            return make

        return open_connection

    @property
    def both(self) -> dict[Speech, Callable[[Peer], Awaitable[ProtocolFactory]]]:
        return {speech: self.opener(speech) for speech in Speech}


@dataclass
class Port:
    """A listening port of a test."""

    listener: Listener
    reception: Reception

    async def dial(
        self, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.listener.address
        name = "localhost" if context is not None else None
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=name)

    async def close(self) -> None:
        self.listener.close()
        await self.reception.close()


OpenPort = Callable[..., Port]


@pytest.fixture
async def open_port() -> AsyncIterator[OpenPort]:
    ports: list[Port] = []

    def open_one(
        openers: dict[Speech, Callable[[Peer], Awaitable[ProtocolFactory]]],
        settings: ListenerSettings | None = None,
        **options: object,
    ) -> Port:
        settings = settings or ListenerSettings()
        reception = Reception(openers, settings, **options)  # type: ignore[arg-type]
        port = Port(Listener(listener.bind("127.0.0.1", 0), reception.receive, settings), reception)
        port.listener.start()
        ports.append(port)
        return port

    yield open_one
    for port in ports:
        await port.close()
