"""Messages to one client by its id, without a subscription (`SendDirectMessage`).

Source: IoT data plane API Reference, `SendDirectMessage` (documented): QoS 0, or QoS 1 when a
confirmation is wanted; the receiver needs `iot:Receive`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from keyfob.core.errors import KeyfobError
from keyfob.mqtt.session import Message
from keyfob.mqtt.session.session import Offer

if TYPE_CHECKING:
    from keyfob.mqtt.broker.broker import Broker


class NotConnectedError(KeyfobError):
    """The client is not connected."""


class ReceiverRefusedError(KeyfobError):
    """The client's policies do not let it receive the topic, or it takes no packet of this size."""


class UnconfirmedError(KeyfobError):
    """The client did not acknowledge in time."""


class DirectMessages:
    """Sends messages to single clients and waits for their acknowledgements."""

    def __init__(self, broker: Broker) -> None:
        """Send through one broker."""
        self._broker = broker
        self._last = 0
        self._awaited: dict[int, asyncio.Future[bool]] = {}

    async def send(self, client_id: str, message: Message, confirm_within_s: float | None) -> None:
        """Send a message; with a time, return when the client has acknowledged it.

        Raises:
            NotConnectedError: the client is not connected.
            ReceiverRefusedError: it may not, or cannot, receive it.
            UnconfirmedError: no acknowledgement came in time.
        """
        router = self._broker.router
        session = self._broker.sessions.get(client_id)
        connection = None if session is None else session.connection
        if session is None or connection is None:
            raise NotConnectedError(f"client `{client_id}` is not connected")
        if not router.may_receive(connection, message.raw_topic):
            self._broker.metrics.publish_out_auth_error += 1
            raise ReceiverRefusedError(connection.authorizer.reason())
        if len(message.frame(connection.version, packet_id=1)) > connection.max_packet_bytes:
            raise ReceiverRefusedError("the message is larger than the client's maximum")
        if confirm_within_s is None:
            router.send_qos_0(connection, message, None)
            return
        self._last -= 1  # below zero: a number that the journal does not know
        number = self._last
        confirmed = self._awaited[number] = self._broker.loop.create_future()
        try:
            taken = session.offer(
                message, number, connection.settings.queue, is_ready=connection.is_reading
            )
            if taken is Offer.DROPPED:
                raise UnconfirmedError("the client's queue is full")
            if not isinstance(taken, Offer):
                connection.send_message(message, taken)
            async with asyncio.timeout(confirm_within_s):
                await confirmed
        except TimeoutError:
            raise UnconfirmedError("the client did not acknowledge in time") from None
        finally:
            del self._awaited[number]

    def confirm(self, number: int) -> None:
        """A message was acknowledged."""
        awaited = self._awaited.get(number)
        if awaited is not None and not awaited.done():
            awaited.set_result(True)
