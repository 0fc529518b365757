"""The server: its ports, and how it stops.

Stopping takes four steps, each with its deadline: accept no more; end who has not spoken yet;
let HTTP answers in flight finish; disconnect MQTT clients (version 5: 0x8B) and close.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from keyfob.authz.ports import CredentialLookup
from keyfob.config import MqttListener
from keyfob.core.clock import Clock
from keyfob.core.http import HttpRequest
from keyfob.core.ids import AccountId, Region
from keyfob.mqtt.broker import BrokerSettings
from keyfob.server.authentication import authenticate
from keyfob.server.http import HttpServer, Responder
from keyfob.server.listener import Listener, bind
from keyfob.server.mqtt import MqttGate, MqttProtocol
from keyfob.server.reception import Opener, Peer, ProtocolFactory, Reception, Speech
from keyfob.server.settings import ListenerSettings
from keyfob.server.websocket import WebSocketServer
from keyfob.sigv4 import SignatureError, to_aws_error

DEVICE_GATEWAY = "iotdevicegateway"
"""Signing name of an upgrade. Source: IoT Developer Guide, `protocols`."""


@dataclass(frozen=True, slots=True)
class _Port:
    listener: Listener
    reception: Reception


class Server:
    """Every port of one keyfob, over the same HTTP server, WebSocket server and MQTT gate."""

    def __init__(
        self,
        *,
        respond: Responder,
        gate: MqttGate,
        credentials: CredentialLookup,
        clock: Clock,
        account: AccountId,
        region: Region,
        tls: ssl.SSLContext | None,
        settings: ListenerSettings | None = None,
        mqtt_settings: Callable[[MqttListener], BrokerSettings | None] = lambda _listener: None,
    ) -> None:
        """Join the parts; nothing listens before `listen`.

        Args:
            respond: answers HTTP requests, for instance `Pipeline.respond`.
            gate: where MQTT connections go.
            credentials: access keys, for WebSocket upgrades.
            clock: the time signatures are held against.
            account: account of MQTT clients without credentials.
            region: region of MQTT clients without credentials.
            tls: context of the server certificate.
            settings: bounds and deadlines.
            mqtt_settings: how the clients of an extra listener are spoken to; None: as the
                broker's settings say.
        """
        self._settings = settings or ListenerSettings()
        self._gate = gate
        self._mqtt_settings = mqtt_settings
        self._credentials = credentials
        self._clock = clock
        self._account = account
        self._region = region
        self._tls = tls
        self._websockets = WebSocketServer(self._open_websocket, self._settings)
        self._http = HttpServer(respond, self._websockets.upgrade, self._settings)
        self._ports: list[_Port] = []

    def listen(self, host: str, port: int) -> tuple[str, int]:
        """Open a port that speaks everything, and return the address bound.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        return self.listen_on(bind(host, port))

    def listen_on(self, listening: socket.socket) -> tuple[str, int]:
        """Speak everything on a socket that `listener.bind` made, and return its address."""
        openers: dict[Speech, Opener] = {
            Speech.HTTP: self._open_http,
            Speech.MQTT: self._gate.anonymous(self._account, self._region),
        }
        return self._open_port(listening, Reception(openers, self._settings, tls=self._tls))

    def listen_mqtt(self, listen: MqttListener) -> tuple[str, int]:
        """Open a port that speaks MQTT only, and return the address bound.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        opener = self._gate.listener_client(
            self._account, self._region, listen.policy, self._mqtt_settings(listen)
        )
        reception = Reception(
            {Speech.MQTT: opener},
            self._settings,
            tls=self._tls if listen.is_tls else None,
            is_plain_allowed=not listen.is_tls,
        )
        return self._open_port(bind(listen.host, listen.port), reception)

    async def close(self) -> None:
        """Stop serving; returns when every connection is closed or its deadline has passed."""
        for port in self._ports:
            port.listener.close()
        for port in self._ports:
            await port.reception.close()
        self._ports.clear()
        await self._http.close()
        await self._websockets.close()
        await self._gate.close(self._settings.close_deadline_s)

    def _open_port(self, listening: socket.socket, reception: Reception) -> tuple[str, int]:
        listener = Listener(listening, reception.receive, self._settings)
        listener.start()
        self._ports.append(_Port(listener, reception))
        return listener.address

    async def _open_http(self, _peer: Peer) -> ProtocolFactory:
        return self._http.protocol

    async def _open_websocket(self, request: HttpRequest) -> Callable[[], MqttProtocol]:
        """Let an upgrade in whose signature holds; `iot:Connect` is judged at CONNECT."""
        try:
            signer = await authenticate(
                self._credentials, request, (DEVICE_GATEWAY,), self._clock.now()
            )
        except SignatureError as error:
            raise to_aws_error(error, "rest-json") from error
        peer = Peer(request.source_ip, 0, is_tls=request.is_tls)
        return await self._gate.open(signer.principal, signer.region, peer)
