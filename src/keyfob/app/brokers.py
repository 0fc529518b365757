"""The brokers of this server, one for each account and region, started when first asked for."""

import asyncio
from collections.abc import Callable

from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId, Region
from keyfob.mqtt.broker import Broker
from keyfob.mqtt.codec import Properties, PropertyId
from keyfob.mqtt.codec.primitives import Reader, encode_varint
from keyfob.mqtt.codec.properties import PropertySet, Value, decode_properties
from keyfob.mqtt.ports import StoredMessage
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.topics import TopicError, check_topic_name
from keyfob.services.iot_data.ports import OutgoingMessage, RetainedMessage
from keyfob.store.ports.page import Page

MAX_BROKERS = 256
"""Whoever has credentials can name a region; this many are more than AWS has."""


class Brokers:
    """Finds brokers, and is the data plane's way to them."""

    def __init__(self, build: Callable[[AccountId, Region], Broker]) -> None:
        """Make brokers with `build`."""
        self._build = build
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
        stored = (await self.find(account, region)).retained(topic)
        return None if stored is None else _retained(stored)

    async def page(
        self, account: AccountId, region: Region, *, after: str | None, limit: int
    ) -> Page[RetainedMessage]:
        """Return retained messages in the order of their topics."""
        stored = (await self.find(account, region)).retained_messages()
        rest = [message for message in stored if after is None or message.topic > after]
        shown = tuple(_retained(message) for message in rest[:limit])
        return Page(shown, shown[-1].topic if len(rest) > limit else None)

    async def _start(self, account: AccountId, region: Region) -> Broker:
        broker = self._build(account, region)
        await broker.start()
        return broker


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
