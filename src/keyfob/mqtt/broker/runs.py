"""Runs: consecutive PUBLISH packets that begin alike, and consecutive PUBACKs.

A run is judged once. No other code runs between its packets, so one look at the epochs covers all
of them.
"""

from __future__ import annotations

import struct
from operator import or_
from typing import TYPE_CHECKING

from keyfob.mqtt.broker import publishing
from keyfob.mqtt.broker.known import Known
from keyfob.mqtt.codec.packets import PacketType, Version

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection
    from keyfob.mqtt.broker.route import Route

_PUBACK = b"\x40\x02"
_PUBACK_BYTES = 4


def begin(connection: Connection, route: Route, packet: bytes, head: int) -> None:
    """Deliver a plain PUBLISH that was admitted, and know the next one by its first bytes.

    Args:
        connection: who sent it.
        route: its route, current.
        packet: all of it.
        head: length of the part before the packet id or, at QoS 0, before the payload.
    """
    _know(connection, packet[:head], len(packet), route)
    _accept(connection, route, packet, head, len(packet))


def forward(connection: Connection, known: Known, data: bytes, start: int, end: int) -> int:
    """Judge and deliver consecutive packets that begin with the known head.

    Returns:
        Up to where packets were handled: all, or one that is refused, or none because they are
        not alike after all.
    """
    if known.is_acknowledged and not _is_plain(connection, known, data, start, end):
        connection.known = None
        return start
    route, head = known.route, len(known.head)
    if not _is_current(connection, known):
        fresh = connection.router.admit(connection, route.raw_topic, retain=False)
        if fresh is None:
            connection.known = None
            packet_id = data[start + head : start + head + 2] if known.is_acknowledged else b""
            publishing.refuse(connection, PacketType.PUBACK, packet_id, route.raw_topic)
            return start + known.packet
        route = fresh
        _know(connection, known.head, known.packet, route)
    _accept(connection, route, data[start:end], head, known.packet)
    return end


def take_acknowledgements(connection: Connection, data: bytes, start: int) -> int:
    """Settle consecutive PUBACKs of the short form, one at least; return where they end."""
    end = start + _PUBACK_BYTES
    limit = len(data) - _PUBACK_BYTES
    startswith = data.startswith
    while end <= limit and startswith(_PUBACK, end):
        end += _PUBACK_BYTES
    session = connection.session
    packet_ids = struct.unpack(f">{(end - start) // 2}H", data[start:end])[1::2]
    for number in session.acknowledge_run(packet_ids):
        connection.broker.sessions.settle(session, number)
    if session.waiting:
        connection.send_waiting()
    return end


def _know(connection: Connection, head: bytes, packet: int, route: Route) -> None:
    source = connection.authorizer.epoch_source
    connection.known = Known(head, packet, route, source, connection.version)


def _is_current(connection: Connection, known: Known) -> bool:
    if known.source is not None:
        return known.epoch == known.source.epoch and known.version == connection.router.version
    return connection.authorizer.epoch == connection.epoch and connection.router.is_current(
        known.route
    )


def _is_plain(connection: Connection, known: Known, data: bytes, start: int, end: int) -> bool:
    """Whether all packets of a QoS 1 run have a packet id and no properties."""
    at, packet = start + len(known.head), known.packet
    if connection.version is Version.V5 and any(data[at + 2 : end : packet]):
        return False
    return all(map(or_, data[at:end:packet], data[at + 1 : end : packet]))


def _accept(connection: Connection, route: Route, run: bytes, head: int, packet: int) -> None:
    """Deliver admitted packets of one topic and length; answer those of QoS 1."""
    count = len(run) // packet
    if not run[0] & 0x02:
        connection.router.deliver_run(route, connection, run, count, head, packet)
        return
    acks = connection.acks
    if connection.router.deliver_acknowledged_run(route, connection, run, head, packet):
        acks.is_commit_due = True
    answers = bytearray(_PUBACK + b"\0\0") * count
    answers[2::4] = run[head::packet]
    answers[3::4] = run[head + 1 :: packet]
    acks.gathered.append(bytes(answers))
