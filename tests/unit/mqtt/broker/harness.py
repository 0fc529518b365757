"""A broker without sockets: outlets that remember, a loop and a clock moved by hand."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field

from keyfob.core.clock import ManualClock
from keyfob.core.ids import AccountId, Region, SystemRandomness
from keyfob.mqtt.broker import Broker, BrokerSettings, Connection, Peer
from keyfob.mqtt.codec import Properties, decode, encode, frame_length
from keyfob.mqtt.codec.packets import (
    Connect,
    Packet,
    Publish,
    Subscribe,
    SubscriptionRequest,
    Version,
    WillMessage,
)
from keyfob.mqtt.ports import EpochSource, Journal, JournalEntry, StoredMessage, StoredSession, Will
from keyfob.store.database import MemoryDatabase
from keyfob.store.journal import SqlJournal
from keyfob.store.tables import metadata

ACCOUNT, REGION = AccountId("123456789012"), Region("eu-central-1")


class FakeOutlet:
    def __init__(self) -> None:
        self.written = b""
        self.writes: list[bytes] = []
        self.is_closed = False
        self.is_paused = False
        self.buffered = 0

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.writes.append(data)
        self.written += data

    def writelines(self, list_of_data: Iterable[bytes]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self) -> None:
        assert self.is_paused
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.is_closed


class FakeTimer:
    def __init__(self, delay: float, callback: Callable[[], object]) -> None:
        self.delay, self.callback, self.is_cancelled = delay, callback, False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop:
    """Runs what was asked for when told to; tasks run on the test's own loop."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], object]] = []
        self.timers: list[FakeTimer] = []

    def call_soon(self, callback: Callable[[], object]) -> object:
        self.soon.append(callback)
        return None

    def call_later(self, delay: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(delay, callback)
        self.timers.append(timer)
        return timer

    def time(self) -> float:
        return 0.0

    def create_future(self) -> asyncio.Future[bool]:
        return asyncio.get_running_loop().create_future()

    def create_task(self, coro: Coroutine[None, None, None]) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_task(coro)

    async def settle(self) -> None:
        """Run everything that is ready, commits included, until nothing is left."""
        for _ in range(10):
            soon, self.soon = self.soon, []
            for callback in soon:
                callback()
            await asyncio.sleep(0)

    def fire_timers(self) -> None:
        timers, self.timers = self.timers, []
        for timer in timers:
            if not timer.is_cancelled:
                timer.callback()


@dataclass
class FakeAuthorizer:
    """Allows all but what is named; `change` moves the epoch."""

    epoch: int = 0
    denied_publish: set[str] = field(default_factory=set)
    denied_retain: set[str] = field(default_factory=set)
    denied_subscribe: set[str] = field(default_factory=set)
    denied_receive: set[str] = field(default_factory=set)
    allows_connect: bool = True
    asked: list[str] = field(default_factory=list)
    is_closed: bool = False
    will: Will | None = None
    source: EpochSource | None = None

    @property
    def epoch_source(self) -> EpochSource | None:
        return self.source or self

    def may_connect(self, client_id: str, will: Will | None, *, is_persistent: bool) -> bool:
        self.will = will
        self.asked.append(f"connect {client_id} {'persistent' if is_persistent else 'clean'}")
        return self.allows_connect

    def may_publish(self, topic: str, *, retain: bool) -> bool:
        self.asked.append(f"publish {topic}")
        return topic not in self.denied_publish and not (retain and topic in self.denied_retain)

    def may_subscribe(self, topic_filter: str) -> bool:
        return topic_filter not in self.denied_subscribe

    def may_receive(self, topic: str) -> bool:
        self.asked.append(f"receive {topic}")
        return topic not in self.denied_receive

    def reason(self) -> str:
        return "no statement allows it"

    def close(self) -> None:
        self.is_closed = True

    @property
    def principal_identifier(self) -> str:
        return "123456789012/AROAEXAMPLE:session"

    @property
    def reference(self) -> bytes:
        return b"session"


async def reopen(reference: bytes, _client_id: str) -> FakeAuthorizer:
    assert reference == b"session"
    return FakeAuthorizer()


class FailingJournal:
    """A journal whose disk is full."""

    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        return (), ()

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        raise OSError("no space left on device")


class Client:
    """One client of the broker under test, packets in and out."""

    answer: Packet

    def __init__(
        self, bench: "Bench", version: Version, settings: BrokerSettings | None = None
    ) -> None:
        self.bench = bench
        self.version = version
        self.outlet = FakeOutlet()
        self.authorizer = FakeAuthorizer()
        self.connection: Connection = bench.broker.accept(
            self.outlet, self.authorizer, Peer("192.0.2.7"), settings
        )

    async def send(self, *packets: Packet) -> list[Packet]:
        """Send packets in one read; return what comes back."""
        return await self.send_bytes(b"".join(encode(p, self.version) for p in packets))

    async def send_bytes(self, data: bytes) -> list[Packet]:
        self.connection.data_received(data)
        return await self.received()

    async def received(self) -> list[Packet]:
        """Return the packets that were written since the last call."""
        await self.bench.loop.settle()
        await self.bench.broker.durable.drain()
        await self.bench.loop.settle()
        data, self.outlet.written = self.outlet.written, b""
        packets: list[Packet] = []
        while data:
            length = frame_length(data)
            assert length is not None and length <= len(data)
            header = next(i for i in range(1, 5) if data[i] < 0x80) + 1
            packets.append(decode(data[0], data[header:length], self.version))
            data = data[length:]
        return packets

    async def subscribe(self, topic_filter: str, options: int = 0) -> list[Packet]:
        return await self.send(Subscribe(1, (SubscriptionRequest(topic_filter, options),)))

    def lose(self) -> None:
        """The network goes away."""
        self.connection.connection_lost(None)

    async def payloads(self) -> list[bytes]:
        return [p.payload for p in await self.received() if isinstance(p, Publish)]


class Bench:
    """A started broker and its clients."""

    def __init__(self, journal: Journal, settings: BrokerSettings, clock: ManualClock) -> None:
        self.loop = FakeLoop()
        self.clock = clock
        self.journal = journal
        self.broker = Broker(
            account=ACCOUNT,
            region=REGION,
            journal=journal,
            clock=clock,
            randomness=SystemRandomness(),
            loop=self.loop,
            settings=settings,
            reopen=reopen,
        )

    async def connect(
        self,
        client_id: str,
        version: Version = Version.V3,
        *,
        clean: bool = True,
        will: WillMessage | None = None,
        keep_alive_s: int = 60,
        properties: Properties | None = None,
        settings: BrokerSettings | None = None,
    ) -> Client:
        client = Client(self, version, settings)
        packet = Connect(
            version, client_id, clean, keep_alive_s, will, properties=properties or Properties()
        )
        client.answer = (await client.send(packet))[0]
        return client

    async def tick(self, seconds: float) -> None:
        """Let time pass and the broker look at it."""
        self.clock.advance(seconds)
        self.loop.fire_timers()
        await self.loop.settle()


def memory_journal() -> SqlJournal:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    return SqlJournal(database, ACCOUNT, REGION)


async def start(
    journal: Journal | None = None,
    settings: BrokerSettings | None = None,
    clock: ManualClock | None = None,
) -> Bench:
    bench = Bench(
        journal or memory_journal(), settings or BrokerSettings(), clock or ManualClock(at=1e9)
    )
    await bench.broker.start()
    return bench
