"""A broker on a plain TCP socket, for measuring: every packet and delivery is judged.

python benchmarks/broker/serve.py PORT
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import cast

import uvloop

from keyfob.core.clock import SystemClock
from keyfob.core.ids import AccountId, Region, SystemRandomness
from keyfob.mqtt.broker import Broker, BrokerSettings, Connection, Peer
from keyfob.mqtt.ports import JournalEntry, StoredMessage, StoredSession, Will


class PrefixAuthorizer:
    """Allows what lies under one prefix, as a policy with one `topic/<prefix>*` would."""

    __slots__ = ("epoch", "prefix")

    def __init__(self, prefix: str) -> None:
        self.epoch = 0
        self.prefix = prefix

    @property
    def epoch_source(self) -> "PrefixAuthorizer":
        return self

    def may_connect(self, client_id: str, will: Will | None, *, is_persistent: bool) -> bool:
        return client_id.startswith(self.prefix)

    def may_publish(self, topic: str, *, retain: bool) -> bool:
        return topic.startswith(self.prefix)

    def may_subscribe(self, topic_filter: str) -> bool:
        return topic_filter.startswith(self.prefix)

    def may_receive(self, topic: str) -> bool:
        return topic.startswith(self.prefix)

    def reason(self) -> str:
        return "outside the prefix"

    def close(self) -> None:
        """Nothing to let go of."""

    @property
    def principal_identifier(self) -> str:
        return "bench"


class NoJournal:
    """Keeps nothing: the loads measured here use clean sessions."""

    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        return (), ()

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        raise OSError("this benchmark has no journal")


class Listener(asyncio.Protocol):
    """Hands a new transport to the broker."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)
        settings = self.broker.settings
        transport.set_write_buffer_limits(high=settings.receiver_high_water_bytes)
        connection: Connection = self.broker.accept(
            transport, PrefixAuthorizer("lg"), Peer(ip="127.0.0.1")
        )
        transport.set_protocol(connection)  # type: ignore[arg-type]


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    broker = Broker(
        account=AccountId("123456789012"),
        region=Region("us-east-1"),
        journal=NoJournal(),
        clock=SystemClock(),
        randomness=SystemRandomness(),
        loop=loop,
        settings=BrokerSettings(),
    )
    await broker.start()
    server = await loop.create_server(lambda: Listener(broker), "127.0.0.1", port, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
