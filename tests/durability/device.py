"""A blocking MQTT 3.1.1 client that keeps its half of the session over lost connections."""

import contextlib
import socket
import threading

from keyfob.mqtt.codec import decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Packet,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    Version,
)


class Device:
    """One client id; `run` it in a thread, again after every crash of the server."""

    def __init__(self, port: int, client_id: str, qos: int) -> None:
        self._port = port
        self._client_id = client_id
        self._qos = qos
        self._socket: socket.socket | None = None
        self._sent: dict[int, Publish | None] = {}  # None: PUBREL is out
        self._packet_id = 0
        self._held: set[int] = set()  # ids of QoS 2 messages not yet released
        self._topics: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self.is_publishing = threading.Event()
        self.acknowledged: list[bytes] = []
        self.received: list[bytes] = []
        self.subscribed = threading.Event()
        self._count = 0

    def subscribe(self, *topics: str) -> None:
        self._topics = topics

    def run(self) -> None:
        """Be connected until the connection is lost."""
        address = ("127.0.0.1", self._port)
        with contextlib.suppress(OSError), socket.create_connection(address, 10) as sock:
            sock.settimeout(60)
            self._socket = sock
            self._talk(sock)

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _talk(self, sock: socket.socket) -> None:
        sock.sendall(encode(Connect(Version.V3, self._client_id, clean_start=False), Version.V3))
        data = b""
        while chunk := sock.recv(65_536):
            data += chunk
            while (length := frame_length(data)) is not None and length <= len(data):
                body = next(i for i in range(1, 5) if data[i] < 0x80) + 1
                packet = decode(data[0], data[body:length], Version.V3)
                data = data[length:]
                with self._lock:
                    answers = self._handle(packet)
                if answers:
                    sock.sendall(b"".join(encode(answer, Version.V3) for answer in answers))

    def _handle(self, packet: Packet) -> list[Packet]:
        match packet:
            case ConnAck(code=0):
                return self._connected(packet)
            case SubAck():
                self.subscribed.set()
            case Publish():
                return self._receive(packet)
            case Ack():
                return self._acknowledge(packet)
        return []

    def _connected(self, answer: ConnAck) -> list[Packet]:
        packets: list[Packet] = []
        if self._topics and not answer.session_present:
            requests = tuple(SubscriptionRequest(topic, self._qos) for topic in self._topics)
            packets.append(Subscribe(9, requests))
        for packet_id, message in self._sent.items():
            if message is None:
                packets.append(Ack(PacketType.PUBREL, packet_id))
            else:
                packets.append(Publish(message.topic, message.payload, message.qos, dup=True,
                                       packet_id=packet_id))  # fmt: skip
        return packets + self._publish_more()

    def _publish_more(self) -> list[Packet]:
        packets: list[Packet] = []
        while self.is_publishing.is_set() and len(self._sent) < 10:
            self._count += 1
            self._packet_id = self._packet_id % 60_000 + 1
            payload = f"{self._client_id}-{self._count}".encode()
            message = Publish("load", payload, self._qos, packet_id=self._packet_id)
            self._sent[self._packet_id] = message
            packets.append(message)
        return packets

    def _receive(self, packet: Publish) -> list[Packet]:
        if packet.qos < 2:
            self.received.append(packet.payload)
            return [Ack(PacketType.PUBACK, packet.packet_id)]
        if packet.packet_id not in self._held:
            self._held.add(packet.packet_id)
            self.received.append(packet.payload)
        return [Ack(PacketType.PUBREC, packet.packet_id)]

    def _acknowledge(self, packet: Ack) -> list[Packet]:
        packet_id = packet.packet_id
        if packet.type is PacketType.PUBREL:
            self._held.discard(packet_id)
            return [Ack(PacketType.PUBCOMP, packet_id)]
        message = self._sent.get(packet_id)
        if packet.type is PacketType.PUBREC:
            if message is not None:
                self.acknowledged.append(message.payload)
                self._sent[packet_id] = None
            return [Ack(PacketType.PUBREL, packet_id)]
        if packet_id in self._sent:
            del self._sent[packet_id]
            if message is not None:
                self.acknowledged.append(message.payload)
        return self._publish_more()

    @property
    def is_idle(self) -> bool:
        """Whether everything that was published is acknowledged to the end."""
        with self._lock:
            return not self._sent

    def has(self, payloads: list[bytes]) -> bool:
        """Whether all of them arrived."""
        with self._lock:
            return set(payloads) <= set(self.received)
