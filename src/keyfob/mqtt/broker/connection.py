"""One MQTT connection: bytes in, packets out; an `asyncio.Protocol` by shape.

Theory. AWAITING_CONNECT -> OPENING (a commit has to precede CONNACK) -> CONNECTED -> CLOSED.
`_consume` takes every whole packet out of what was read in one loop. Consecutive QoS 0 PUBLISH
packets that share their first bytes (flags, length, topic, no properties) are one run: found by
comparing those bytes, judged once, and forwarded as the bytes they came in. Everything else is
decoded packet by packet.

Rules. Nothing here awaits. Between the packets of a run no other code runs, so one look at the
epochs covers all of them. After `close` no byte is read or written.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from keyfob.mqtt.broker import commands, handshake
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec import MalformedError, Properties, PropertyId, ProtocolError, decode
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import Ack, Disconnect, PacketType, Publish, Version
from keyfob.mqtt.codec.primitives import MAX_VARINT, frame_length
from keyfob.mqtt.codec.reason import ReasonCode
from keyfob.mqtt.session import Message
from keyfob.mqtt.topics import TopicError

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker, Peer
    from keyfob.mqtt.broker.client import ClientSession
    from keyfob.mqtt.broker.router import Route
    from keyfob.mqtt.codec.packets import WillMessage
    from keyfob.mqtt.ports import Cancellable, ConnectionAuthorizer, Outlet

_PUBACK = b"\x40\x02"


_Known = tuple[bytes, int, "Route"]
"""What the last plain QoS 0 PUBLISH began with, its length, and its route."""


class State(Enum):
    """Where a connection is in its life."""

    AWAITING_CONNECT = 1
    OPENING = 2
    CONNECTED = 3
    CLOSED = 4


def _discard(_data: bytes) -> None:
    """Stand in for `Outlet.write` once a connection is closed."""


class Connection:
    """The broker's side of one client connection."""

    __slots__ = (
        "__weakref__",
        "_acks",
        "_acks_waiting",
        "_held",
        "_holds",
        "_is_commit_due",
        "_known",
        "_need",
        "_parts",
        "_parts_bytes",
        "_router",
        "_stall",
        "aliases",
        "authorizer",
        "broker",
        "epoch",
        "explains",
        "heard_at_s",
        "is_slow",
        "keep_alive_s",
        "max_packet_bytes",
        "opened_at_s",
        "out",
        "outlet",
        "peer",
        "publish_decisions",
        "receive_decisions",
        "retain_decisions",
        "session",
        "session_identifier",
        "state",
        "version",
        "version_number",
        "was_heard",
        "will",
        "write",
    )

    def __init__(
        self, broker: Broker, outlet: Outlet, authorizer: ConnectionAuthorizer, peer: Peer
    ) -> None:
        """Wait for a CONNECT on an open outlet."""
        self.broker = broker
        self.outlet = outlet
        self.authorizer = authorizer
        self.peer = peer
        self.state = State.AWAITING_CONNECT
        self.version = Version.V3
        self.write: Callable[[bytes], None] = outlet.write
        self.opened_at_s = self.heard_at_s = broker.clock.now()
        self.was_heard = False
        self.keep_alive_s = 0
        self.explains = False
        self.max_packet_bytes = MAX_VARINT + 5
        self.session: ClientSession
        self.will: WillMessage | None = None
        self.session_identifier = ""
        self.version_number = 0
        self.aliases: dict[int, bytes] | None = None
        self.out: list[bytes] = []
        self.is_slow = False
        self.epoch = authorizer.epoch
        self.publish_decisions: dict[bytes, bool] = {}
        self.retain_decisions: dict[bytes, bool] = {}
        self.receive_decisions: dict[bytes, bool] = {}
        self._router = broker.router
        self._known: _Known | None = None
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._need = 0
        self._acks: list[bytes] = []
        self._acks_waiting = 0
        self._is_commit_due = False
        self._holds = 0
        self._held: set[Connection] | None = None
        self._stall: Cancellable | None = None

    @property
    def client_id(self) -> str:
        """The client id; empty before CONNECT was accepted."""
        return self.session.client_id if self.state is State.CONNECTED else ""

    @property
    def is_reading(self) -> bool:
        """Whether QoS 1 messages may be sent now."""
        return self.state is State.CONNECTED and not self.is_slow

    def forget_decisions(self, epoch: int) -> None:
        """Drop every kept answer: the authorizer's epoch moved."""
        self.epoch = epoch
        self.publish_decisions.clear()
        self.retain_decisions.clear()
        self.receive_decisions.clear()

    # Transport side

    def connection_made(self, transport: object) -> None:
        """Do nothing: the outlet was given at the start."""

    def data_received(self, data: bytes) -> None:
        """Take what was read, cut anywhere."""
        self.was_heard = True
        known = self._known
        if (
            known is not None
            and len(data) == known[1]
            and not self._parts_bytes
            and data.startswith(known[0])
        ):
            self._forward_run(known, data, 0, known[1])  # the commonest read: one packet
            return
        if self._parts_bytes:
            self._parts.append(data)
            self._parts_bytes += len(data)
            if self._parts_bytes < self._need:
                return
            data = b"".join(self._parts)
            self._parts = []
            self._parts_bytes = 0
        try:
            if self.state is State.CONNECTED:
                self._consume(data)
            else:
                self._receive_early(data)
        except ProtocolError as error:
            self.fail(error)
        if self._acks:
            self._release_acks()

    def eof_received(self) -> bool:
        """Let the transport close: MQTT has no half-closed connections."""
        return False

    def pause_writing(self) -> None:
        """The outlet's buffer passed its high water: the client reads too slowly."""
        self.is_slow = True
        self._stall = self.broker.loop.call_later(
            self.broker.settings.stall_s, self._release_publishers
        )

    def resume_writing(self) -> None:
        """The buffer has drained: publishers go on, and waiting messages are sent."""
        self.is_slow = False
        self._release_publishers()
        if self.state is State.CONNECTED:
            self.send_waiting()

    def connection_lost(self, _error: Exception | None) -> None:
        """The outlet closed."""
        self._end(DisconnectReason.CONNECTION_LOST)

    def peer_closed(self) -> None:
        """The peer closed its WebSocket in order, which counts as a DISCONNECT: no will."""
        self.will = None
        self._end(DisconnectReason.CLIENT_INITIATED_DISCONNECT)

    # Ends

    def close(
        self,
        reason: DisconnectReason = DisconnectReason.SERVER_INITIATED_DISCONNECT,
        code: ReasonCode | None = None,
        why: str = "",
    ) -> None:
        """End the connection from our side; a v5 client is told `code` first."""
        if self.state is State.CLOSED:
            return
        if self._acks:
            self._release_acks()
        if self.state is State.CONNECTED and code is not None and self.version is Version.V5:
            self.send(encode(Disconnect(code, self.explanation(why)), self.version))
        self.broker.outbox.flush()
        self.outlet.close()
        self._end(reason)

    def fail(self, error: ProtocolError) -> None:
        """End the connection over something the client sent."""
        if self.state is State.CONNECTED:
            self.broker.metrics.publish_in_client_error += 1
        self.close(DisconnectReason.CLIENT_ERROR, error.code, str(error))

    def explanation(self, why: str) -> Properties:
        """Return a reason string where the client asked for them and the settings allow it."""
        if self.explains and why and self.broker.settings.explain_to_clients:
            return Properties({PropertyId.REASON_STRING: why[:500]})
        return Properties()

    def _end(self, reason: DisconnectReason) -> None:
        was, self.state = self.state, State.CLOSED
        if was is State.CLOSED:
            return
        self.write = _discard
        self._known = None
        self._parts = []
        self._parts_bytes = 0
        self._release_publishers()
        self.broker.ended(self, was is State.CONNECTED, reason)

    # Back-pressure

    def hold(self, publisher: Connection) -> None:
        """Stop reading from a publisher until this client has caught up, or has stalled."""
        if self._stall is None:
            return
        if self._held is None:
            self._held = set()
        if publisher not in self._held and publisher is not self:
            self._held.add(publisher)
            publisher.pause()

    def _release_publishers(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        held, self._held = self._held, None
        for publisher in held or ():
            publisher.resume()

    def pause(self) -> None:
        """Stop reading; counted, so that every `pause` needs its `resume`."""
        self._holds += 1
        if self._holds == 1 and self.state is not State.CLOSED:
            self.outlet.pause_reading()

    def resume(self) -> None:
        """Read on, when nothing else holds the connection back."""
        self._holds -= 1
        if not self._holds and self.state is not State.CLOSED:
            self.outlet.resume_reading()

    # Sending

    def send(self, data: bytes) -> None:
        """Send one or more whole packets at the end of the tick."""
        self.broker.outbox.send(self, data)

    def send_qos_1(self, message: Message, packet_id: int, *, dup: bool = False) -> None:
        """Send a message under a packet id."""
        now_s = 0.0 if message.expires_at_s is None else self.broker.clock.now()
        if dup:
            frame = message.frame(self.version, packet_id=packet_id, dup=True, now_s=now_s)
        else:
            head, tail = message.parts(self.version, now_s)
            frame = b"".join((head, packet_id.to_bytes(2, "big"), tail))
        if len(frame) > self.max_packet_bytes:
            self.acknowledge(packet_id)  # [MQTT-3.1.2-25]: as if it had been delivered
            return
        self.broker.outbox.send(self, frame)

    def send_waiting(self) -> None:
        """Send what waits in the session while there is room, judging each delivery."""
        session, metrics = self.session, self.broker.metrics
        now_s = self.broker.clock.now()
        while self.is_reading and (taken := session.next_waiting(now_s)) is not None:
            if isinstance(taken, int):
                self.broker.settle(session, taken)
                continue
            packet_id, message = taken
            if not self._router.may_receive(self, message.raw_topic):
                metrics.publish_out_auth_error += 1
                self.broker.settle(session, session.acknowledge(packet_id) or 0)
                continue
            metrics.publish_out_success += 1
            self.send_qos_1(message, packet_id)

    def acknowledge(self, packet_id: int) -> None:
        """The client has a QoS 1 message."""
        session = self.session
        number = session.acknowledge(packet_id)
        if number:
            self.broker.settle(session, number)
        if session.waiting:
            self.send_waiting()

    # Receiving

    def _keep(self, rest: bytes) -> None:
        """Keep the front of a packet until enough of it is there."""
        length = frame_length(rest)
        if length is not None and length > self.broker.settings.max_packet_bytes:
            raise _too_large(length)
        self._parts = [rest]
        self._parts_bytes = len(rest)
        self._need = length or 0

    def _receive_early(self, data: bytes) -> None:
        """Take bytes before the session is open: one CONNECT, then what must wait for CONNACK."""
        if self.state is State.CLOSED:
            return
        if self.state is State.OPENING:
            self._parts = [data]
            self._parts_bytes = len(data)
            self._need = MAX_VARINT
            return
        if data[0] != 0x10:
            raise MalformedError("the first packet is not CONNECT")  # [MQTT-3.1.0-1]
        length = frame_length(data)
        if length is None or length > len(data):
            self._keep(data)
            return
        rest = data[length:]
        handshake.open_session(self, data[length - _body_length(data, length) : length])
        if rest:
            self.data_received(rest)

    def opened(self) -> None:
        """Go on with what came before CONNACK was out; `handshake` calls it."""
        if self._parts_bytes:
            self._need = 0
            self.data_received(b"")

    def _consume(self, data: bytes) -> None:
        """Handle every whole packet in `data`, keep what is left."""
        size = len(data)
        offset = 0
        startswith = data.startswith
        while offset < size:
            known = self._known
            if known is not None and startswith(known[0], offset):
                head, packet, _ = known
                limit = size - packet
                if offset > limit:
                    break
                end = offset + packet
                while end <= limit and startswith(head, end):
                    end += packet
                self._forward_run(known, data, offset, end)
            else:
                if size - offset < 2:
                    break
                remaining = data[offset + 1]
                end = offset + 2 + remaining
                if remaining > 127:
                    length = frame_length(data, offset)
                    if length is None:
                        break
                    end = offset + length
                    if length > self.broker.settings.max_packet_bytes:
                        raise _too_large(length)
                    remaining = _body_length(data, length, offset)
                if end > size:
                    break
                self._handle(data, offset, end - remaining, end)
            offset = end
            if self.state is not State.CONNECTED:
                return
        if offset < size:
            self._keep(data[offset:])

    def _handle(self, data: bytes, start: int, body: int, end: int) -> None:
        """Handle one packet that is no part of a known run."""
        first = data[start]
        if first & 0xFD == 0x30:  # PUBLISH, QoS 0 or 1, not retained, DUP clear
            if self._publish_plain(data, start, body, end):
                return
        elif first == 0x40 and end - body == 2:
            self.acknowledge(data[body] << 8 | data[body + 1])
            return
        packet = decode(first, data[body:end], self.version)
        if isinstance(packet, Publish):
            commands.publish(self, packet)
        elif isinstance(packet, Ack) and packet.type is PacketType.PUBACK:
            self.acknowledge(packet.packet_id)
        else:
            commands.handle(self, packet)

    def _publish_plain(self, data: bytes, start: int, body: int, end: int) -> bool:
        """Handle a PUBLISH without properties or special flags; False: decode it in full."""
        is_acknowledged = data[start] & 0x02
        after_topic = body + 2 + int.from_bytes(data[body : body + 2], "big")
        payload = after_topic + 2 if is_acknowledged else after_topic
        if self.version is Version.V5:
            if payload >= end or data[payload]:
                return False
            payload += 1
        raw_topic = data[body + 2 : after_topic]
        if payload > end or not raw_topic or end - payload > self._max_payload():
            return False
        if is_acknowledged and not (data[after_topic] or data[after_topic + 1]):
            return False
        try:
            route = self._router.admit(self, raw_topic, retain=False)
        except TopicError:
            return False
        if route is None:
            packet_id = data[after_topic : after_topic + 2] if is_acknowledged else b""
            commands.refuse_publish(self, packet_id)
        elif is_acknowledged:
            self._accept_qos_1(route, data, after_topic, payload, end)
        else:
            self._known = data[start:payload], end - start, route
            self._router.deliver_run(route, self, data[start:end], 1, payload - start, end - start)
        return True

    def _max_payload(self) -> int:
        return self.broker.settings.max_payload_bytes

    def _accept_qos_1(
        self, route: Route, data: bytes, after_topic: int, payload: int, end: int
    ) -> None:
        self.broker.metrics.publish_in_success += 1
        message = Message(route.raw_topic, data[payload:end], 1)
        if self._router.deliver(route, message, self):
            self._is_commit_due = True
        self._acks.append(_PUBACK + data[after_topic : after_topic + 2])

    def _forward_run(self, known: _Known, data: bytes, start: int, end: int) -> None:
        """Judge and deliver consecutive packets that begin with the known head."""
        head, packet, route = known
        if self.authorizer.epoch != self.epoch or not self._router.is_current(route):
            fresh = self._router.admit(self, route.raw_topic, retain=False)
            if fresh is None:
                self._known = None
                commands.refuse_publish(self, b"")
                return
            route = fresh
            self._known = head, packet, route
        count = 1 if end - start == packet else (end - start) // packet
        self._router.deliver_run(route, self, data[start:end], count, len(head), packet)

    # Acknowledging

    def accept(self, packet_id: bytes, *, is_commit_due: bool) -> None:
        """Acknowledge a QoS 1 PUBLISH, after the commit when one is due."""
        self._is_commit_due |= is_commit_due
        self._acks.append(_PUBACK + packet_id)

    def refuse(self, packet_id: bytes, code: ReasonCode, why: str) -> None:
        """Answer a v5 QoS 1 PUBLISH with a failure, in order with the other answers."""
        ack = Ack(PacketType.PUBACK, int.from_bytes(packet_id, "big"), code, self.explanation(why))
        self._acks.append(encode(ack, Version.V5))

    def _release_acks(self) -> None:
        """Send the gathered acknowledgements, in order [MQTT-4.6.0-2], once they are true."""
        acks, self._acks = self._acks, []
        if not self._is_commit_due and not self._acks_waiting:
            self.broker.outbox.send(self, b"".join(acks))
            return
        self._is_commit_due = False
        window = self.broker.settings.window
        was_full = self._acks_waiting > window
        self._acks_waiting += len(acks)
        if self._acks_waiting > window and self.version is Version.V5:
            why = f"more than {window} messages are unacknowledged"
            self.close(DisconnectReason.CLIENT_ERROR, ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, why)
        self.broker.durable.when_durable(lambda is_durable: self._settled(acks, is_durable))
        if self._acks_waiting > window and not was_full:
            self.pause()

    def _settled(self, acks: list[bytes], is_durable: bool) -> None:
        was_full = self._acks_waiting > self.broker.settings.window
        self._acks_waiting -= len(acks)
        if was_full and self._acks_waiting <= self.broker.settings.window:
            self.resume()
        if self.state is not State.CONNECTED:
            return
        if is_durable:
            self.send(b"".join(acks))
            return
        self.broker.metrics.publish_in_server_error += len(acks)
        if self.version is Version.V3:
            self.close(DisconnectReason.SERVER_ERROR)
            return
        for ack in acks:
            self.refuse(
                ack[2:4], ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, "the message was not stored"
            )
        failed, self._acks = self._acks, []
        self.send(b"".join(failed))


def _body_length(data: bytes, length: int, offset: int = 0) -> int:
    """Return the remaining length of a packet of `length` bytes: all but its fixed header."""
    for index in range(offset + 1, offset + 5):
        if data[index] < 0x80:
            return length - (index + 1 - offset)
    raise MalformedError("the remaining length has more than four bytes")


def _too_large(length: int) -> ProtocolError:
    """AWS names no code for this; 0x97 is the closest in its table (inferred)."""
    return ProtocolError(f"a packet has {length} bytes", ReasonCode.QUOTA_EXCEEDED)
