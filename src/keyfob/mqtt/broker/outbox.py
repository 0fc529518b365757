"""Outgoing bytes, gathered during one loop tick and written once per receiver.

QoS 0 messages for a whole group of receivers are kept once per group, as the byte strings they
came in; at the flush they are joined once and every receiver is handed the same object. Only
when a receiver also gets other bytes in the same tick are they spread to per-receiver lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection
    from keyfob.mqtt.broker.metrics import BrokerMetrics
    from keyfob.mqtt.ports import Loop

FLUSH_BYTES = 4 * 1024 * 1024
"""Gathered bytes at which a flush does not wait for the end of the tick."""


class Group:
    """Receivers of one topic that are sent identical QoS 0 bytes."""

    __slots__ = ("connections", "max_packet_bytes")

    def __init__(self, connections: tuple[Connection, ...]) -> None:
        """Group connections that speak the same version."""
        self.connections = connections
        self.max_packet_bytes = min(c.max_packet_bytes for c in connections)


class _Run:
    __slots__ = ("chunks", "count", "group", "publishers")

    def __init__(
        self, group: Group, chunk: bytes, count: int, publisher: Connection | None
    ) -> None:
        self.group = group
        self.chunks = [chunk]
        self.count = count
        self.publishers = [publisher]


class Outbox:
    """What one broker sends in the current tick."""

    def __init__(self, loop: Loop, metrics: BrokerMetrics, receiver_max_bytes: int) -> None:
        """Flush through `loop`; drop QoS 0 for receivers with more unsent than the bound."""
        self._call_soon = loop.call_soon
        self._metrics = metrics
        self._receiver_max_bytes = receiver_max_bytes
        self._runs: list[_Run] = []
        self._dirty: list[Connection] = []
        self._bytes = 0
        self._is_scheduled = False

    def send_group(
        self, group: Group, chunk: bytes, count: int, publisher: Connection | None
    ) -> None:
        """Send whole QoS 0 packets (`count` of them) to every receiver of a group."""
        runs = self._runs
        if runs and runs[-1].group is group:
            run = runs[-1]
            run.chunks.append(chunk)
            run.count += count
            if run.publishers[-1] is not publisher:
                run.publishers.append(publisher)
        else:
            runs.append(_Run(group, chunk, count, publisher))
            if not self._is_scheduled:
                self._is_scheduled = True
                self._call_soon(self.flush)
        self._bytes += len(chunk)
        if self._bytes > FLUSH_BYTES:
            self.flush()

    def append(self, group: Group, packet: bytes, publisher: Connection | None) -> bool:
        """Send one QoS 0 packet with others that wait for the same group; False: none do."""
        runs = self._runs
        if not runs or runs[-1].group is not group:
            return False
        run = runs[-1]
        run.chunks.append(packet)
        run.publishers.append(publisher)
        run.count += 1
        self._bytes += len(packet)
        if self._bytes > FLUSH_BYTES:
            self.flush()
        return True

    def send(self, connection: Connection, data: bytes) -> None:
        """Send bytes to one receiver, after everything it was sent before."""
        if self._runs:
            self._spread()
        out = connection.out
        if not out:
            self._dirty.append(connection)
            if not self._is_scheduled:
                self._is_scheduled = True
                self._call_soon(self.flush)
        out.append(data)

    def flush(self) -> None:
        """Write everything."""
        self._is_scheduled = False
        self._bytes = 0
        runs = self._runs
        if len(runs) == 1 and not self._dirty:
            self._runs = []
            self._write_run(runs[0])
            return
        if runs:
            self._spread()
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            out = connection.out
            if out:
                connection.out = []
                connection.write(out[0] if len(out) == 1 else b"".join(out))

    def _write_run(self, run: _Run) -> None:
        chunks = run.chunks
        blob = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        for connection in run.group.connections:
            if connection.is_slow and not self._is_taken(connection, run):
                continue
            connection.write(blob)

    def _spread(self) -> None:
        """Move the groups' bytes to their receivers' own lists, in order."""
        runs, self._runs = self._runs, []
        dirty = self._dirty
        for run in runs:
            chunks = run.chunks
            blob = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            for connection in run.group.connections:
                if connection.is_slow and not self._is_taken(connection, run):
                    continue
                out = connection.out
                if not out:
                    dirty.append(connection)
                out.append(blob)

    def _is_taken(self, connection: Connection, run: _Run) -> bool:
        """Hold back the publishers of a slow receiver; say whether its bound has room."""
        for publisher in run.publishers:
            if publisher is not None:
                connection.hold(publisher)
        if connection.outlet.get_write_buffer_size() < self._receiver_max_bytes:
            return True
        self._metrics.publish_out_throttle += run.count
        self._metrics.publish_out_success -= run.count
        return False
