"""Many MQTT 5 clients over signed WebSockets at little cost: raw bytes on asyncio streams."""

import asyncio
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from keyfob.core.clock import SystemClock
from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.mqtt.codec import Properties, PropertyId, decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Ack,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    Publish,
    SubAck,
    Subscribe,
    SubscriptionRequest,
    Version,
)
from keyfob.sigv4 import SigningCredentials, presign
from keyfob.store.data_directory import Endpoints

ANSWER_TIMEOUT_S = 20.0
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def signing_credentials(found: dict[str, Any]) -> SigningCredentials:
    """Turn what `GetCredentialsForIdentity` answers into what signs."""
    return SigningCredentials(
        found["AccessKeyId"], Secret(found["SecretKey"]), found["SessionToken"]
    )


@dataclass
class Member:
    """One connected client."""

    client_id: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    buffer: bytes = b""
    packet_id: int = 0

    @classmethod
    async def arrive(
        cls,
        endpoints: Endpoints,
        region: str,
        credentials: SigningCredentials,
        client_id: str,
        **properties: Any,
    ) -> "tuple[Member, ConnAck]":
        """Upgrade, send CONNECT, and return the client with the broker's answer."""
        host = urlsplit(endpoints.endpoint_url).netloc
        name, port = host.rsplit(":", 1)
        unsigned = HttpRequest("GET", "/mqtt", "", (("host", host),), b"", "")
        signed = presign(
            unsigned,
            credentials,
            region=region,
            service="iotdevicegateway",
            now_s=SystemClock().now(),
            expires_s=300,
        )
        reader, writer = await asyncio.open_connection(name, int(port))
        writer.write(
            f"GET /mqtt?{signed.query} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: mqtt\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_TIMEOUT_S)
        assert head.startswith(b"HTTP/1.1 101"), head
        member = cls(client_id, reader, writer)
        given = Properties({PropertyId[key.upper()]: value for key, value in properties.items()})
        member.send(Connect(Version.V5, client_id, properties=given))
        answer = await member.receive()
        assert isinstance(answer, ConnAck)
        return member, answer

    def send(self, packet: Packet) -> None:
        """Send one packet in one masked frame."""
        payload, mask = encode(packet, Version.V5), os.urandom(4)
        length = len(payload)
        assert length < 65_536
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        key = (mask * (length // 4 + 1))[:length]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(
            length, "big"
        )
        self.writer.write(b"\x82" + size + mask + masked)

    async def receive(self) -> Packet:
        """Return the next packet.

        Raises:
            asyncio.IncompleteReadError: the server closed the connection.
        """
        while not (length := frame_length(self.buffer)) or len(self.buffer) < length:
            await asyncio.wait_for(self._read_frame(), ANSWER_TIMEOUT_S)
        frame = self.buffer[:length]
        self.buffer = self.buffer[length:]
        start = 2
        while frame[start - 1] & 0x80:
            start += 1
        return decode(frame[0], frame[start:], Version.V5)

    async def publish(self, topic: str, payload: bytes = b"x") -> Ack:
        """Publish with QoS 1 and return the PUBACK."""
        self.packet_id += 1
        self.send(Publish(topic, payload, qos=1, packet_id=self.packet_id))
        answer = await self.receive()
        assert isinstance(answer, Ack), answer
        assert answer.packet_id == self.packet_id
        return answer

    async def subscribe(self, topic_filter: str) -> SubAck:
        """Subscribe with QoS 1 and return the SUBACK."""
        self.packet_id += 1
        self.send(Subscribe(self.packet_id, (SubscriptionRequest(topic_filter, 1),)))
        answer = await self.receive()
        assert isinstance(answer, SubAck), answer
        return answer

    async def refused_publish(self, topic: str) -> Disconnect:
        """Publish with QoS 0 what is not allowed; return the DISCONNECT that answers it."""
        self.send(Publish(topic, b"x"))
        answer = await self.receive()
        assert isinstance(answer, Disconnect), answer
        return answer

    async def leave(self) -> None:
        """Close the connection."""
        self.writer.close()

    async def _read_frame(self) -> None:
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        body = await self.reader.readexactly(length)
        if first & 0x0F == 2:
            self.buffer += body
