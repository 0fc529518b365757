"""MQTT client libraries behind one small interface, each used as its documentation says."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

import aiomqtt
import gmqtt
import paho.mqtt.client as paho
from awscrt import io as crt_io
from awscrt import mqtt as crt3
from awscrt import mqtt5 as crt5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties

TIMEOUT_S = 10.0
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    retain: bool


class Client(Protocol):
    """One client id."""

    messages: "asyncio.Queue[Message]"

    async def connect(self, *, clean: bool, will: Message | None = None) -> None: ...
    async def subscribe(self, topic: str) -> bool:
        """Subscribe at QoS 1; False when it was refused or the connection closed instead."""
        ...

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None: ...
    async def leave(self) -> None: ...


class Paho:
    """paho-mqtt, its network loop in a thread."""

    def __init__(self, port: int, client_id: str, version: paho.MQTTProtocolVersion) -> None:
        self._port, self._client_id, self._version = port, client_id, version
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def connect(self, *, clean: bool, will: Message | None = None) -> None:
        loop = asyncio.get_running_loop()
        is_new = self._version == paho.MQTTv5
        self._client = client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=self._version,
            reconnect_on_failure=False,
            **({} if is_new else {"clean_session": clean}),
        )
        self._connected, self._closed = asyncio.Event(), asyncio.Event()
        self._granted: asyncio.Queue[bool] = asyncio.Queue()
        self._published: asyncio.Queue[int] = asyncio.Queue()

        def soon(function: Callable[..., Any], *values: Any) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(function, *values)

        client.on_connect = lambda *_: soon(self._connected.set)
        client.on_disconnect = lambda *_: soon(self._closed.set)
        client.on_publish = lambda *_: soon(self._published.put_nowait, 1)
        client.on_subscribe = lambda _c, _u, _m, codes, _p: soon(
            self._granted.put_nowait, not codes[0].is_failure
        )
        client.on_message = lambda _c, _u, m: soon(
            self.messages.put_nowait, Message(m.topic, m.payload, m.retain)
        )
        if will is not None:
            client.will_set(will.topic, will.payload, 1)
        more: dict[str, Any] = {}
        if is_new:
            properties = PahoProperties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 0 if clean else 3600
            more = {"clean_start": clean, "properties": properties}
        client.connect(HOST, self._port, **more)
        client.loop_start()
        await asyncio.wait_for(self._connected.wait(), TIMEOUT_S)

    async def subscribe(self, topic: str) -> bool:
        self._client.subscribe(topic, 1)
        granted = asyncio.create_task(self._granted.get())
        closed = asyncio.create_task(self._closed.wait())
        done, pending = await asyncio.wait(
            {granted, closed}, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
        return granted in done and granted.result()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, 1, retain)
        await asyncio.wait_for(self._published.get(), TIMEOUT_S)

    async def leave(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)


class Aiomqtt:
    """aiomqtt; a session is one `async with`, held open by a task."""

    def __init__(self, port: int, client_id: str) -> None:
        self._port, self._client_id = port, client_id
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def connect(self, *, clean: bool, will: Message | None = None) -> None:
        self._client = aiomqtt.Client(
            HOST,
            self._port,
            identifier=self._client_id,
            clean_session=clean,
            will=None if will is None else aiomqtt.Will(will.topic, will.payload, 1),
        )
        await self._client.__aenter__()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in self._client.messages:
                payload = message.payload
                assert isinstance(payload, bytes)
                await self.messages.put(Message(str(message.topic), payload, message.retain))

    async def subscribe(self, topic: str) -> bool:
        try:
            granted = await self._client.subscribe(topic, 1, timeout=TIMEOUT_S)
        except aiomqtt.MqttError:
            return False
        return int(getattr(granted[0], "value", granted[0])) < 0x80

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        await self._client.publish(topic, payload, 1, retain, timeout=TIMEOUT_S)

    async def leave(self) -> None:
        self._reader.cancel()
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)


class Gmqtt:
    """gmqtt, which speaks MQTT 5."""

    def __init__(self, port: int, client_id: str) -> None:
        self._port, self._client_id = port, client_id
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def connect(self, *, clean: bool, will: Message | None = None) -> None:
        their_will = None if will is None else gmqtt.Message(will.topic, will.payload, qos=1)
        self._client = client = gmqtt.Client(
            self._client_id,
            clean_session=clean,
            will_message=their_will,
            session_expiry_interval=0 if clean else 3600,
        )
        client.set_config({"reconnect_retries": 0})
        self._granted: asyncio.Queue[bool] = asyncio.Queue()
        client.on_message = self._on_message
        client.on_subscribe = lambda _c, _m, codes, _p: self._granted.put_nowait(codes[0] < 0x80)
        await asyncio.wait_for(client.connect(HOST, self._port), TIMEOUT_S)

    def _on_message(
        self, _client: Any, topic: str, payload: bytes, _qos: int, properties: dict[str, Any]
    ) -> int:
        self.messages.put_nowait(Message(topic, payload, bool(properties.get("retain"))))
        return 0

    async def subscribe(self, topic: str) -> bool:
        self._client.subscribe(topic, qos=1)
        return await asyncio.wait_for(self._granted.get(), TIMEOUT_S)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    async def leave(self) -> None:
        await self._client.disconnect()


class Crt3:
    """awscrt, MQTT 3.1.1."""

    def __init__(self, port: int, client_id: str) -> None:
        self._port, self._client_id = port, client_id
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def connect(self, *, clean: bool, will: Message | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._closed: Future[None] = Future()
        self._connection = crt3.Connection(
            crt3.Client(crt_io.ClientBootstrap.get_or_create_static_default()),
            HOST,
            self._port,
            self._client_id,
            clean_session=clean,
            reconnect_min_timeout_secs=60,
            reconnect_max_timeout_secs=60,
            on_connection_interrupted=self._interrupted,
            will=None
            if will is None
            else crt3.Will(will.topic, crt3.QoS.AT_LEAST_ONCE, will.payload, False),
        )
        self._connection.on_message(
            lambda topic, payload, retain, **_: loop.call_soon_threadsafe(
                self.messages.put_nowait, Message(topic, bytes(payload), retain)
            )
        )
        await asyncio.wrap_future(self._connection.connect())

    def _interrupted(self, **_facts: Any) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    async def subscribe(self, topic: str) -> bool:
        answered, _ = self._connection.subscribe(topic, crt3.QoS.AT_LEAST_ONCE)
        waiting = {asyncio.wrap_future(answered), asyncio.wrap_future(self._closed)}
        await asyncio.wait(waiting, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        return answered.done() and answered.exception() is None

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        sent, _ = self._connection.publish(topic, payload, crt3.QoS.AT_LEAST_ONCE, retain)
        await asyncio.wait_for(asyncio.wrap_future(sent), TIMEOUT_S)

    async def leave(self) -> None:
        ended = self._connection.disconnect()
        if not self._closed.done():  # a closed client waits to reconnect before it lets go
            await asyncio.wrap_future(ended)


class Crt5:
    """awscrt, MQTT 5."""

    def __init__(self, port: int, client_id: str) -> None:
        self._port, self._client_id = port, client_id
        self.messages: asyncio.Queue[Message] = asyncio.Queue()

    async def connect(self, *, clean: bool, will: Message | None = None) -> None:
        loop = asyncio.get_running_loop()
        connected: Future[None] = Future()
        self._stopped: Future[None] = Future()

        def on_message(data: Any) -> None:
            packet = data.publish_packet
            message = Message(packet.topic, bytes(packet.payload or b""), packet.retain)
            loop.call_soon_threadsafe(self.messages.put_nowait, message)

        def done(future: "Future[None]") -> None:
            if not future.done():
                future.set_result(None)

        behavior = crt5.ClientSessionBehaviorType
        self._client = crt5.Client(
            crt5.ClientOptions(
                host_name=HOST,
                port=self._port,
                session_behavior=behavior.CLEAN if clean else behavior.REJOIN_ALWAYS,
                connect_options=crt5.ConnectPacket(
                    client_id=self._client_id,
                    session_expiry_interval_sec=0 if clean else 3600,
                    will=None
                    if will is None
                    else crt5.PublishPacket(
                        topic=will.topic, payload=will.payload, qos=crt5.QoS.AT_LEAST_ONCE
                    ),
                ),
                on_publish_callback_fn=on_message,
                on_lifecycle_event_connection_success_fn=lambda _: done(connected),
                on_lifecycle_event_stopped_fn=lambda _: done(self._stopped),
            )
        )
        self._client.start()
        await asyncio.wait_for(asyncio.wrap_future(connected), TIMEOUT_S)

    async def subscribe(self, topic: str) -> bool:
        wanted = crt5.SubscribePacket([crt5.Subscription(topic, crt5.QoS.AT_LEAST_ONCE)])
        answer = await asyncio.wrap_future(self._client.subscribe(wanted))
        return bool(answer.reason_codes[0] < 0x80)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        packet = crt5.PublishPacket(
            topic=topic, payload=payload, qos=crt5.QoS.AT_LEAST_ONCE, retain=retain
        )
        await asyncio.wait_for(asyncio.wrap_future(self._client.publish(packet)), TIMEOUT_S)

    async def leave(self) -> None:
        self._client.stop(crt5.DisconnectPacket())
        await asyncio.wait_for(asyncio.wrap_future(self._stopped), TIMEOUT_S)


MAKERS: dict[str, Callable[[int, str], Client]] = {
    "paho 3.1.1": lambda port, client_id: Paho(port, client_id, paho.MQTTv311),
    "paho 5": lambda port, client_id: Paho(port, client_id, paho.MQTTv5),
    "aiomqtt": Aiomqtt,
    "gmqtt": Gmqtt,
    "awscrt 3.1.1": Crt3,
    "awscrt 5": Crt5,
}
