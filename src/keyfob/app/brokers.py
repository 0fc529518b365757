"""The brokers of this server, one for each account and region, started when first asked for."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from keyfob.authz.audit import DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.connection import PolicyConnectionAuthorizer, reopen_connection
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region
from keyfob.mqtt.broker import (
    Broker,
    NotConnectedError,
    ReceiverRefusedError,
    UnconfirmedError,
)
from keyfob.mqtt.broker.publishing import build_message
from keyfob.mqtt.codec import Properties, PropertyId
from keyfob.mqtt.codec.primitives import Reader, encode_varint
from keyfob.mqtt.codec.properties import PropertySet, Value, decode_properties
from keyfob.mqtt.ports import ConnectionAuthorizer, ReopenAuthorizer, StoredMessage
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.topics import TopicError, check_topic_name
from keyfob.server.metrics import render_metrics
from keyfob.services.iot_data.ports import (
    ClientConnection,
    Delivery,
    OutgoingMessage,
    RetainedMessage,
)
from keyfob.store.ports.page import Page

BuildBroker = Callable[[AccountId, Region, ReopenAuthorizer], Broker]

MAX_BROKERS = 256
"""Whoever has credentials can name a region; this many are more than AWS has."""


class Brokers:
    """Finds brokers, and is the data plane's way to them."""

    def __init__(self, build: BuildBroker) -> None:
        """Make brokers with `build`."""
        self._build = build
        self.authorizer: Authorizer | None = None
        """Judges the wills that brokers find in their journals; set before the first is asked."""
        self._brokers: dict[tuple[AccountId, Region], asyncio.Task[Broker]] = {}

    async def find(self, account: AccountId, region: Region) -> Broker:
        """Return a started broker; its state is loaded at the first call.

        Raises:
            OSError: its state cannot be read.
            AwsError: too many regions are in use.
        """
        starting = self._brokers.get((account, region))
        if starting is None:
            if len(self._brokers) >= MAX_BROKERS:
                raise AwsError("ServiceUnavailableException", "too many regions", status=503)
            starting = asyncio.create_task(self._start(account, region), name="start broker")
            self._brokers[account, region] = starting
        try:
            return await asyncio.shield(starting)
        except OSError:
            self._brokers.pop((account, region), None)
            raise

    async def find_connection(self, client_id: str) -> PolicyConnectionAuthorizer | None:
        """Return what judges a connected client of any region; None when there is none."""
        for broker in await self.running():
            authorizer = broker.authorizer_of(client_id)
            if isinstance(authorizer, PolicyConnectionAuthorizer):
                return authorizer
        return None

    async def running(self) -> list[Broker]:
        """Return the brokers that were asked for so far and have started."""
        return [
            task.result()
            for task in self._brokers.values()
            if task.done() and not task.cancelled() and task.exception() is None
        ]

    async def stop(self) -> None:
        """Disconnect every client of every broker and commit what waits."""
        starting, self._brokers = self._brokers, {}
        for broker in await asyncio.gather(*starting.values()):
            await broker.stop()

    async def publish(self, account: AccountId, region: Region, message: OutgoingMessage) -> None:
        """Publish what an authorised API call sends.

        Raises:
            OSError: it could not be made durable; nobody gets it.
        """
        broker = await self.find(account, region)
        await broker.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            properties=_properties(message),
        )

    async def get(self, account: AccountId, region: Region, topic: str) -> RetainedMessage | None:
        """Return a topic's retained message."""
        stored = (await self.find(account, region)).retained.get(topic)
        return None if stored is None else _retained(stored)

    async def page(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[RetainedMessage]:
        """Return retained messages in the order of their topics."""
        stored = (await self.find(account, region)).retained.all()
        rest = [message for message in stored if after is None or message.topic > after]
        shown = tuple(_retained(message) for message in rest[:limit])
        return Page(shown, shown[-1].topic if len(rest) > limit else None)

    async def disconnect(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        *,
        clean_session: bool,
        prevent_will: bool,
    ) -> bool:
        """End a client's connection; return whether there was one."""
        broker = await self.find(account, region)
        return broker.disconnect(client_id, clean_session=clean_session, prevent_will=prevent_will)

    async def connection(
        self, account: AccountId, region: Region, client_id: str
    ) -> ClientConnection | None:
        """Return a client's connection, or its last one of the past 30 minutes."""
        view = (await self.find(account, region)).find_connection(client_id)
        if view is None:
            return None
        reason = view.disconnect_reason
        return ClientConnection(
            client_id=view.client_id,
            is_persistent=view.is_persistent,
            source_ip=view.source_ip,
            source_port=view.source_port,
            keep_alive_s=view.keep_alive_s,
            session_expiry_s=view.session_expiry_s,
            connected_at_s=view.connected_at_s,
            disconnected_at_s=view.disconnected_at_s,
            disconnect_reason=None if reason is None else reason.value,
        )

    async def subscriptions(
        self, account: AccountId, region: Region, client_id: str
    ) -> tuple[tuple[str, int], ...] | None:
        """Return a session's topic filters and their QoS, sorted; None when there is none."""
        session = (await self.find(account, region)).sessions.get(client_id)
        if session is None:
            return None
        return tuple(sorted((name, s.qos) for name, s in session.subscriptions.items()))

    async def send(
        self,
        account: AccountId,
        region: Region,
        client_id: str,
        message: OutgoingMessage,
        *,
        confirm_within_s: float | None,
    ) -> Delivery:
        """Send a message to one client."""
        broker = await self.find(account, region)
        built = build_message(
            message.topic.encode(),
            message.payload,
            message.qos,
            _properties(message),
            now_s=broker.clock.now(),
            max_expiry_s=broker.settings.max_message_expiry_s,
        )
        try:
            await broker.direct.send(client_id, built, confirm_within_s)
        except NotConnectedError:
            return Delivery.NOT_CONNECTED
        except ReceiverRefusedError:
            return Delivery.REFUSED
        except UnconfirmedError:
            return Delivery.UNCONFIRMED
        return Delivery.DONE

    async def _start(self, account: AccountId, region: Region) -> Broker:
        broker = self._build(account, region, self._reopen)
        await broker.start()
        return broker

    async def _reopen(self, reference: bytes, client_id: str) -> ConnectionAuthorizer:
        if self.authorizer is None:
            raise RuntimeError("a broker started before the authorizer was there")
        return await reopen_connection(self.authorizer, reference, client_id)


class BrokerObserver:
    """What the operator sees of the brokers."""

    def __init__(self, brokers: Brokers, denials: DenialLog) -> None:
        """Look at what runs; no broker is started for it."""
        self._brokers = brokers
        self._denials = denials

    async def metrics(self) -> str:
        """Return the counters in Prometheus' text format."""
        brokers = await self._brokers.running()
        return render_metrics(brokers, self._denials, len(asyncio.all_tasks()))

    async def list_connections(self, limit: int) -> list[Mapping[str, Any]]:
        """Return open connections."""
        views = (view for b in await self._brokers.running() for view in b.connections())
        return [
            {
                "clientId": view.client_id,
                "principal": view.principal,
                "sourceIp": view.source_ip,
                "connectedAt": view.connected_at_s,
                "protocolVersion": view.protocol_version,
                "subscriptions": len(view.subscriptions),
            }
            for view in islice(views, limit)
        ]


class TopicRules:
    """The broker's rules of topic names, for publishing over HTTPS."""

    def refusal(self, topic: str) -> str | None:
        """Return why a topic may not be published to; None when it may."""
        try:
            check_topic_name(topic, Profile.AWS)
        except TopicError as error:
            return str(error)
        return None


def _properties(message: OutgoingMessage) -> Properties:
    values: dict[PropertyId, Value | None] = {
        PropertyId.PAYLOAD_FORMAT_INDICATOR: message.payload_format_indicator,
        PropertyId.MESSAGE_EXPIRY_INTERVAL: message.message_expiry_s,
        PropertyId.CONTENT_TYPE: message.content_type,
        PropertyId.RESPONSE_TOPIC: message.response_topic,
        PropertyId.CORRELATION_DATA: message.correlation_data,
        PropertyId.USER_PROPERTY: message.user_properties or None,
    }
    return Properties({key: value for key, value in values.items() if value is not None})


def _retained(stored: StoredMessage) -> RetainedMessage:
    framed = encode_varint(len(stored.properties)) + stored.properties
    properties = decode_properties(Reader(framed), PropertySet.PUBLISH)
    return RetainedMessage(
        stored.topic,
        stored.payload,
        stored.qos,
        stored.published_at_s,
        properties.pairs(),
    )
