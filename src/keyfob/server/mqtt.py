"""MQTT connections: which broker and which authorizer, both ready before the first byte is read."""

import asyncio
import weakref
from collections.abc import Callable
from typing import Protocol, cast

from keyfob.authz.authorizer import Authorizer
from keyfob.authz.connection import PolicyConnectionAuthorizer, open_connection
from keyfob.authz.principal import Anonymous, ListenerClient, Principal
from keyfob.core.ids import AccountId, Region
from keyfob.mqtt.broker import Broker, BrokerSettings, Connection
from keyfob.mqtt.broker import Peer as BrokerPeer
from keyfob.server.reception import Opener, Peer


class BrokerLookup(Protocol):
    """The brokers there are, one per account and region; `app` makes them on first use."""

    async def find(self, account: AccountId, region: Region) -> Broker:
        """Return a started broker."""
        ...

    async def stop(self) -> None:
        """Disconnect every client of every broker and commit what waits."""
        ...


class MqttProtocol(asyncio.Protocol):
    """Joins a transport to the broker's connection and stays out of the way of its bytes."""

    def __init__(self, gate: "MqttGate", accept: Callable[[asyncio.Transport], Connection]) -> None:
        """Accept once the transport is there."""
        self._gate = gate
        self._accept = accept
        self._connection: Connection | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make the broker's connection; from here on the transport calls it directly."""
        self._transport = cast("asyncio.Transport", transport)
        self._connection = self._accept(self._transport)
        self._gate.connections.add(self)
        # No call in between on the packet path; uvloop keeps the method it finds here.
        self.data_received = self._connection.data_received  # type: ignore[method-assign]
        self._transport.set_protocol(self)

    def eof_received(self) -> bool:
        """Let the transport close: MQTT has no half-closed connections."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the broker."""
        self._gate.forget(self)
        if self._connection is not None:
            self._connection.connection_lost(exc)

    def peer_closed(self) -> None:
        """Tell the broker that the peer closed its WebSocket in order."""
        if self._connection is not None:
            self._connection.peer_closed()

    def pause_writing(self) -> None:
        """Tell the broker that the client reads too slowly."""
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Tell the broker that the client has caught up."""
        if self._connection is not None:
            self._connection.resume_writing()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()


class MqttGate:
    """Opens connections for principals that the listeners found out."""

    def __init__(self, brokers: BrokerLookup, authorizer: Authorizer) -> None:
        """Let connections in to `brokers`, each judged by `authorizer`'s policies."""
        self._brokers = brokers
        self._authorizer = authorizer
        self._loop = asyncio.get_running_loop()
        self._emptied = asyncio.Event()
        self.connections: set[MqttProtocol] = set()

    async def open(
        self,
        principal: Principal,
        region: Region,
        peer: Peer,
        settings: BrokerSettings | None = None,
    ) -> Callable[[], MqttProtocol]:
        """Return what makes the protocol of one connection.

        Args:
            principal: whose policies judge it; `Anonymous` is refused at CONNECT.
            region: the broker's region.
            peer: where the connection comes from.
            settings: its listener's, where they are not the broker's.

        Raises:
            Exception: a policy or the broker's state could not be loaded.
        """
        broker = await self._brokers.find(principal.account, region)
        authorizer = await open_connection(
            self._authorizer, principal, region, peer.address, is_tls=peer.is_tls
        )

        def accept(transport: asyncio.Transport) -> Connection:
            transport.set_write_buffer_limits(high=broker.settings.receiver_high_water_bytes)
            connection = broker.accept(
                transport, authorizer, BrokerPeer(peer.address, peer.port), settings
            )
            unwatched.detach()
            _close_with(connection, authorizer, self._loop)
            return connection

        def make() -> MqttProtocol:
            return protocol

        protocol = MqttProtocol(self, accept)
        # The connection may never be made: then the policies are let go with the protocol.
        unwatched = _close_with(protocol, authorizer, self._loop)
        return make

    def anonymous(self, account: AccountId, region: Region) -> Opener:
        """Return the opener of the shared port: its MQTT clients have no credentials."""
        return lambda peer: self.open(Anonymous(account), region, peer)

    def listener_client(
        self,
        account: AccountId,
        region: Region,
        policy_name: str,
        settings: BrokerSettings | None = None,
    ) -> Opener:
        """Return the opener of a listener whose clients are held to a named IoT policy."""
        principal = ListenerClient(account, policy_name)
        return lambda peer: self.open(principal, region, peer, settings)

    def forget(self, protocol: MqttProtocol) -> None:
        """A connection is lost."""
        self.connections.discard(protocol)
        if not self.connections:
            self._emptied.set()

    async def close(self, deadline_s: float) -> None:
        """Stop the brokers; cut what is not closed after the deadline."""
        await self._brokers.stop()
        if not self.connections:
            return
        self._emptied.clear()
        try:
            async with asyncio.timeout(deadline_s):
                await self._emptied.wait()
        except TimeoutError:
            for protocol in tuple(self.connections):
                protocol.abort()


def _close_with(
    owner: Connection | MqttProtocol,
    authorizer: PolicyConnectionAuthorizer,
    loop: asyncio.AbstractEventLoop,
) -> "weakref.finalize[..., Connection | MqttProtocol]":
    """Let go of the policies when nobody can ask about them any more.

    The end of the socket would be too early: a delayed will is judged after it, and keeps its
    connection until then.
    """
    watch = weakref.finalize(owner, _close, authorizer, loop)
    watch.atexit = False
    return watch


def _close(authorizer: PolicyConnectionAuthorizer, loop: asyncio.AbstractEventLoop) -> None:
    # The collector may run on any thread and amid anything.
    if not loop.is_closed():
        loop.call_soon_threadsafe(authorizer.close)
