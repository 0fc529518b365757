"""One MQTT connection: bytes in, packets out; an `asyncio.Protocol` by shape.

Theory. AWAITING_CONNECT -> OPENING (a commit has to precede CONNACK) -> CONNECTED -> CLOSED.
`_consume` takes every whole packet out of what was read in one loop. Consecutive PUBLISH packets of
QoS 0 or 1 that share their first bytes (flags, length, topic, no properties) are one run: found by
comparing those bytes, judged once, and forwarded as the bytes they came in, at QoS 1 with other
packet ids. PUBACKs that follow each other are one run, too. Everything else is decoded packet by
packet.

Rules. Nothing here awaits. Between the packets of a run no other code runs, so one look at the
epochs covers all of them. After `close` no byte is read or written.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from keyfob.mqtt.broker import commands, handshake, publishing, runs
from keyfob.mqtt.broker.acks import Acknowledgements
from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec import MalformedError, Properties, PropertyId, ProtocolError, decode
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import Disconnect, PacketType, Publish, Version
from keyfob.mqtt.codec.primitives import MAX_VARINT, frame_length
from keyfob.mqtt.codec.reason import ReasonCode
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.session import Message
from keyfob.mqtt.topics import TopicError

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker, Peer
    from keyfob.mqtt.broker.client import ClientSession
    from keyfob.mqtt.broker.known import Known
    from keyfob.mqtt.broker.settings import BrokerSettings
    from keyfob.mqtt.codec.packets import WillMessage
    from keyfob.mqtt.ports import Cancellable, ConnectionAuthorizer, Outlet

MAX_REASON_BYTES = 500
"""Longest reason string; clients with room for less than twice as much are sent none."""


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

    is_metered: ClassVar[bool] = False
    """Whether its rate is held to a quota, so that messages go to it one by one."""

    __slots__ = (
        "__weakref__",
        "_held",
        "_holds",
        "_need",
        "_outbox",
        "_parts",
        "_parts_bytes",
        "_stall",
        "acks",
        "aliases",
        "authorizer",
        "broker",
        "epoch",
        "explains",
        "heard_at_s",
        "is_slow",
        "keep_alive_s",
        "known",
        "max_packet_bytes",
        "opened_at_s",
        "out",
        "outlet",
        "peer",
        "publish_decisions",
        "receive_decisions",
        "retain_decisions",
        "router",
        "session",
        "session_identifier",
        "settings",
        "state",
        "version",
        "version_number",
        "was_heard",
        "will",
        "write",
    )

    def __init__(
        self,
        broker: Broker,
        outlet: Outlet,
        authorizer: ConnectionAuthorizer,
        peer: Peer,
        settings: BrokerSettings,
    ) -> None:
        """Wait for a CONNECT on an open outlet."""
        self.broker = broker
        self.settings = settings
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
        self.router = broker.router
        self._outbox = broker.outbox
        self.known: Known | None = None
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._need = 0
        self.acks = Acknowledgements(self)
        self._holds = 0
        self._held: set[Connection] | None = None
        self._stall: Cancellable | None = None

    @property
    def client_id(self) -> str:
        """The client id; empty before CONNECT was accepted."""
        return self.session.client_id if self.state is State.CONNECTED else ""

    @property
    def is_connected(self) -> bool:
        """Whether its session is open."""
        return self.state is State.CONNECTED

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self.state is State.CLOSED

    @property
    def is_reading(self) -> bool:
        """Whether messages of QoS 1 and 2 may be sent now."""
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
        known = self.known
        if (
            known is not None
            and len(data) == known.packet
            and not self._parts_bytes
            and data.startswith(known.head)
            and not known.is_acknowledged
        ):
            # The commonest read: one packet. Often others wait for the same receivers.
            if (
                known.group is not None
                and known.epoch == known.source.epoch  # type: ignore[union-attr]  # set with group
                and known.version == self.router.version
                and self._outbox.append(known.group, data, self)
            ):
                metrics = self.broker.metrics
                metrics.publish_in_success += 1
                metrics.publish_out_success += known.receivers
            else:
                runs.forward(self, known, data, 0, known.packet)
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
        if self.acks.gathered:
            self.acks.release()

    def eof_received(self) -> bool:
        """Let the transport close: MQTT has no half-closed connections."""
        return False

    def pause_writing(self) -> None:
        """The outlet's buffer passed its high water: the client reads too slowly."""
        self.is_slow = True
        self._stall = self.broker.loop.call_later(self.settings.stall_s, self._release_publishers)

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
        if self.is_closed:
            return
        if self.acks.gathered:
            self.acks.release()
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
        is_wanted = self.explains and self.settings.explain_to_clients
        if is_wanted and why and self.max_packet_bytes >= 2 * MAX_REASON_BYTES:
            short = why.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
            return Properties({PropertyId.REASON_STRING: short})
        return Properties()

    def _end(self, reason: DisconnectReason) -> None:
        was, self.state = self.state, State.CLOSED
        if was is State.CLOSED:
            return
        self.write = _discard
        self.known = None
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

    def take_publish(self) -> bool:
        """Whether one more message may be sent now; see `MeteredConnection`."""
        return True

    def take_incoming(self, _kind: PacketType, _packet_id: bytes) -> bool:
        """Whether one more PUBLISH is taken; see `MeteredConnection`."""
        return True

    def send_message(self, message: Message, packet_id: int, *, dup: bool = False) -> None:
        """Send a message of QoS 1 or 2 under a packet id."""
        now_s = 0.0 if message.expires_at_s is None else self.broker.clock.now()
        if dup:
            frame = message.frame(self.version, packet_id=packet_id, dup=True, now_s=now_s)
        else:
            head, tail = message.parts(self.version, now_s)
            frame = b"".join((head, packet_id.to_bytes(2, "big"), tail))
        if len(frame) > self.max_packet_bytes:
            # [MQTT-3.1.2-25]: as if it had been delivered
            self.broker.sessions.settle(self.session, self.session.drop(packet_id))
            return
        self.broker.outbox.send(self, frame)

    def send_waiting(self) -> None:
        """Send what waits in the session while there is room, judging each delivery."""
        session, metrics = self.session, self.broker.metrics
        now_s = self.broker.clock.now()
        committed = self.router.committed
        while self.is_reading and (taken := session.next_waiting(now_s, committed)) is not None:
            if isinstance(taken, int):
                self.broker.sessions.settle(session, taken)
                continue
            packet_id, message = taken
            if not self.router.may_receive(self, message.raw_topic):
                metrics.publish_out_auth_error += 1
                self.broker.sessions.settle(session, session.drop(packet_id))
                continue
            metrics.publish_out_success += 1
            self.send_message(message, packet_id)

    def send_again(self) -> None:
        """Send what is in flight in a resumed session, judging each delivery [MQTT-4.4.0-1]."""
        session = self.session
        for packet_id, (message, _) in list(session.in_flight.items()):
            if message is None:
                publishing.send_release(self, packet_id)
            elif not self.router.may_receive(self, message.raw_topic):
                self.broker.metrics.publish_out_auth_error += 1
                self.broker.sessions.settle(session, session.drop(packet_id))
            else:
                self.send_message(message, packet_id, dup=True)

    def acknowledge(self, packet_id: int) -> None:
        """The client has a QoS 1 message."""
        session = self.session
        number = session.acknowledge(packet_id)
        if number:
            self.broker.sessions.settle(session, number)
        if session.waiting:
            self.send_waiting()

    # Receiving

    def _keep(self, rest: bytes) -> None:
        """Keep the front of a packet until enough of it is there."""
        length = frame_length(rest)
        if length is not None and length > self.settings.max_packet_bytes:
            raise self._too_large(length)
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
            known = self.known
            if known is not None and startswith(known.head, offset):
                head, packet = known.head, known.packet
                limit = size - packet
                if offset > limit:
                    break
                end = offset + packet
                while end <= limit and startswith(head, end):
                    end += packet
                end = runs.forward(self, known, data, offset, end)
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
                    if length > self.settings.max_packet_bytes:
                        raise self._too_large(length)
                    remaining = _body_length(data, length, offset)
                if end > size:
                    break
                end = self._handle(data, offset, end - remaining, end)
            offset = end
            if self.state is not State.CONNECTED:
                return
        if offset < size:
            self._keep(data[offset:])

    def _handle(self, data: bytes, start: int, body: int, end: int) -> int:
        """Handle one packet that is no part of a known run, or several PUBACKs.

        Returns:
            Where what was handled ends.
        """
        first = data[start]
        if first == 0x40 and end - body == 2:
            return runs.take_acknowledgements(self, data, start)
        # 0x30, 0x32: PUBLISH of QoS 0 or 1, not retained, DUP clear
        if first & 0xFD == 0x30 and self._publish_plain(data, start, body, end):
            return end
        packet = decode(first, data[body:end], self.version)
        if isinstance(packet, Publish):
            publishing.publish(self, packet)
        else:
            commands.handle(self, packet)
        return end

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
            route = self.router.admit(self, raw_topic, retain=False)
        except TopicError:
            return False
        if route is None:
            packet_id = data[after_topic : after_topic + 2] if is_acknowledged else b""
            publishing.refuse(self, PacketType.PUBACK, packet_id, raw_topic)
        else:
            head = after_topic if is_acknowledged else payload
            runs.begin(self, route, data[start:end], head - start)
        return True

    def _max_payload(self) -> int:
        return self.settings.max_payload_bytes

    def _too_large(self, length: int) -> ProtocolError:
        """AWS's table has no 0x95; 0x97 is the closest in it (inferred)."""
        is_aws = self.settings.profile is Profile.AWS
        code = ReasonCode.QUOTA_EXCEEDED if is_aws else ReasonCode.PACKET_TOO_LARGE
        return ProtocolError(f"a packet has {length} bytes", code)


def _body_length(data: bytes, length: int, offset: int = 0) -> int:
    """Return the remaining length of a packet of `length` bytes: all but its fixed header."""
    for index in range(offset + 1, offset + 5):
        if data[index] < 0x80:
            return length - (index + 1 - offset)
    raise MalformedError("the remaining length has more than four bytes")
