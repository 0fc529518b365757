"""Answers to what a client publishes: in order, and not before they are true.

PUBACKs of one read go out together, in the order of their PUBLISH packets [MQTT-4.6.0-2]; PUBREC
and PUBCOMP stand in the same line. When a commit is due the line waits for it. When the commit
fails a v3 client is disconnected, so that it sends again, and a v5 client is told with 0x83; a
PUBCOMP that cannot be given ends the connection in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyfob.mqtt.broker.events import DisconnectReason
from keyfob.mqtt.codec.encode import encode
from keyfob.mqtt.codec.packets import Ack, PacketType, Version
from keyfob.mqtt.codec.reason import ReasonCode

if TYPE_CHECKING:
    from keyfob.mqtt.broker.connection import Connection

_PUBREC, _PUBCOMP = 0x50, 0x70
_PUBACKS = b"\x40\x02"
_PUBACK_BYTES = 4


class Acknowledgements:
    """The line of answers of one connection."""

    __slots__ = ("_connection", "_waiting", "gathered", "is_commit_due")

    def __init__(self, connection: Connection) -> None:
        """Answer on one connection."""
        self._connection = connection
        self._waiting = 0
        self.gathered: list[bytes] = []
        """Answers of the read at hand; PUBACKs of a run are one item."""
        self.is_commit_due = False
        """Whether one of them must wait for a commit."""

    def add(self, answer: bytes, *, is_commit_due: bool) -> None:
        """Answer a packet, after the commit when one is due."""
        self.is_commit_due |= is_commit_due
        self.gathered.append(answer)

    def refuse(self, kind: PacketType, packet_id: bytes, code: ReasonCode, why: str) -> None:
        """Answer a v5 PUBLISH with a failure."""
        self.gathered.append(self._refusal(kind, packet_id, code, why))

    def release(self) -> None:
        """Send what was gathered, or let it wait for the commit."""
        connection = self._connection
        answers, self.gathered = self.gathered, []
        if not self.is_commit_due and not self._waiting:
            connection.send(answers[0] if len(answers) == 1 else b"".join(answers))
            return
        self.is_commit_due = False
        answers = [answer for several in answers for answer in _split(several)]
        window = connection.settings.window
        was_full = self._waiting > window
        self._waiting += len(answers)
        if self._waiting > window and connection.version is Version.V5:
            why = f"more than {window} messages are unacknowledged"
            connection.close(
                DisconnectReason.CLIENT_ERROR, ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, why
            )
        durable = connection.broker.durable
        durable.when_durable(lambda is_durable: self._settled(answers, is_durable))
        if self._waiting > window and not was_full:
            connection.pause()

    def _settled(self, answers: list[bytes], is_durable: bool) -> None:
        connection, window = self._connection, self._connection.settings.window
        was_full = self._waiting > window
        self._waiting -= len(answers)
        if was_full and self._waiting <= window:
            connection.resume()
        if not is_durable:
            self._take_back(answers)
        if not connection.is_connected:
            return
        if is_durable:
            connection.send(b"".join(answers))
            return
        connection.broker.metrics.publish_in_server_error += len(answers)
        if connection.version is Version.V3 or any(answer[0] == _PUBCOMP for answer in answers):
            connection.close(DisconnectReason.SERVER_ERROR, ReasonCode.UNSPECIFIED_ERROR)
            return
        code, why = ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, "the message was not stored"
        failed = [self._refusal(PacketType(a[0] >> 4), a[2:4], code, why) for a in answers]
        connection.send(b"".join(failed))

    def _take_back(self, answers: list[bytes]) -> None:
        """Make the session's QoS 2 state what the journal still says."""
        session = self._connection.session
        received = session.received = session.received or set()
        for answer in answers:
            packet_id = int.from_bytes(answer[2:4], "big")
            if answer[0] == _PUBREC:
                received.discard(packet_id)
            elif answer[0] == _PUBCOMP:
                received.add(packet_id)

    def _refusal(self, kind: PacketType, packet_id: bytes, code: ReasonCode, why: str) -> bytes:
        number = int.from_bytes(packet_id, "big")
        return encode(Ack(kind, number, code, self._connection.explanation(why)), Version.V5)


def _split(answers: bytes) -> list[bytes]:
    """Return PUBACKs of a run one by one; another answer as it is."""
    if not answers.startswith(_PUBACKS) or len(answers) == _PUBACK_BYTES:
        return [answers]
    return [answers[at : at + _PUBACK_BYTES] for at in range(0, len(answers), _PUBACK_BYTES)]
