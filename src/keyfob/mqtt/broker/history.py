"""What is known of clients' connections: now, and for 30 minutes after they ended.

Source: IoT data plane API Reference, `GetConnection` (documented).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keyfob.mqtt.broker.events import DisconnectReason

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection

MEMORY_S = 1800.0
MAX_RECORDS = 100_000
"""Ended connections remembered; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What an administrator sees of a connection."""

    client_id: str
    source_ip: str
    source_port: int
    principal: str
    protocol_version: int
    connected_at_s: float
    is_persistent: bool
    keep_alive_s: int
    session_expiry_s: int
    subscriptions: tuple[tuple[str, int], ...]
    """Topic filters and the QoS granted."""
    disconnected_at_s: float | None = None
    disconnect_reason: DisconnectReason | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it is open."""
        return self.disconnected_at_s is None


def view(connection: Connection) -> ConnectionView:
    """Return what there is to see of an open connection."""
    session = connection.session
    return ConnectionView(
        client_id=session.client_id,
        source_ip=connection.peer.ip,
        source_port=connection.peer.port,
        principal=connection.authorizer.principal_identifier,
        protocol_version=connection.version,
        connected_at_s=connection.opened_at_s,
        is_persistent=session.is_persistent,
        keep_alive_s=connection.keep_alive_s,
        session_expiry_s=session.expiry_interval_s,
        subscriptions=tuple((name, s.qos) for name, s in session.subscriptions.items()),
    )


class History:
    """The last ended connection of each client id."""

    def __init__(self) -> None:
        """Start with none."""
        self._ended: OrderedDict[str, ConnectionView] = OrderedDict()

    def add(self, connection: Connection, reason: DisconnectReason, now_s: float) -> None:
        """Remember a connection that ended."""
        ended = replace(view(connection), disconnected_at_s=now_s, disconnect_reason=reason)
        self._ended.pop(ended.client_id, None)
        self._ended[ended.client_id] = ended
        if len(self._ended) > MAX_RECORDS:
            self._ended.popitem(last=False)

    def get(self, client_id: str, now_s: float) -> ConnectionView | None:
        """Return a client's last connection if it ended less than 30 minutes ago."""
        ended = self._ended.get(client_id)
        if ended is None or ended.disconnected_at_s is None:
            return None
        return ended if now_s - ended.disconnected_at_s <= MEMORY_S else None
