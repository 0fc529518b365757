"""Random conversations against a broker that is simple enough to be right by looking.

The model keeps subscriptions, queues and retained messages as plain lists. Clients acknowledge
whatever they get at once, so nothing but absence makes a message wait.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.mqtt.broker.harness import Bench, Client, memory_journal, start

from keyfob.core.clock import ManualClock
from keyfob.mqtt.broker import oasis_settings
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
    Unsubscribe,
    Version,
)
from keyfob.mqtt.profile import Profile
from keyfob.mqtt.topics import is_match

T = TypeVar("T")
NAMES = st.sampled_from(["a", "b", "c"])
TOPICS = st.sampled_from(["x", "x/y", "z"])
FILTERS = st.sampled_from(["x", "x/+", "x/#", "#", "z"])
QOS = st.sampled_from([0, 1, 2])


@dataclass
class Model:
    """One client as the model sees it."""

    is_connected: bool = False
    has_session: bool = False
    subscriptions: dict[str, int] = field(default_factory=dict)
    expected: list[tuple[str, bytes, int]] = field(default_factory=list)


class BrokerMachine(RuleBasedStateMachine):
    """Persistent clients come, go, subscribe and publish; the process crashes in between."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.journal, self.clock = memory_journal(), ManualClock(at=1e9)
        self.bench: Bench = self.run(start(self.journal, oasis_settings(), self.clock))
        self.clients: dict[str, Client] = {}
        self.models = {name: Model() for name in "abc"}
        self.retained: dict[str, tuple[bytes, int]] = {}
        self.got: dict[str, list[tuple[str, bytes, int]]] = {name: [] for name in "abc"}
        self.count = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def teardown(self) -> None:
        self.run(self.bench.broker.stop())
        self.loop.close()

    def talk(self, name: str, *packets: Packet) -> list[Packet]:
        """Send packets as a client, acknowledge what it gets, and return the other answers."""
        others: list[Packet] = []
        answers = self.run(self.clients[name].send(*packets))
        while answers:
            replies: list[Packet] = []
            for answer in answers:
                match answer:
                    case Publish():
                        if not answer.dup:
                            self.got[name].append((answer.topic, answer.payload, answer.qos))
                        if answer.qos:
                            kind = PacketType.PUBACK if answer.qos == 1 else PacketType.PUBREC
                            replies.append(Ack(kind, answer.packet_id))
                    case Ack(type=PacketType.PUBREC):
                        replies.append(Ack(PacketType.PUBREL, answer.packet_id))
                    case Ack(type=PacketType.PUBREL):
                        replies.append(Ack(PacketType.PUBCOMP, answer.packet_id))
                    case _:
                        others.append(answer)
            answers = self.run(self.clients[name].send(*replies)) if replies else []
        return others

    async def lose(self, client: Client) -> None:
        client.lose()
        await self.bench.loop.settle()
        await self.bench.broker.durable.drain()

    def settle(self) -> None:
        for name in self.clients:
            self.talk(name)

    @rule(name=NAMES, clean=st.booleans())
    def connect(self, name: str, clean: bool) -> None:
        model = self.models[name]
        if model.is_connected:
            self.leave(name)
        self.clients[name] = Client(self.bench, Version.V3)
        answers = self.talk(name, Connect(Version.V3, name, clean))
        assert answers == [ConnAck(model.has_session and not clean, 0)]
        if clean:
            model.subscriptions.clear()
            model.expected = list(self.got[name])
        model.is_connected, model.has_session = True, not clean

    @precondition(lambda self: self.clients)
    @rule(name=NAMES)
    def leave(self, name: str) -> None:
        model = self.models[name]
        if not model.is_connected:
            return
        self.run(self.lose(self.clients.pop(name)))
        model.is_connected = False
        if not model.has_session:
            model.subscriptions.clear()

    @rule(name=NAMES, topic_filter=FILTERS, qos=QOS)
    def subscribe(self, name: str, topic_filter: str, qos: int) -> None:
        model = self.models[name]
        if not model.is_connected:
            return
        (answer,) = self.talk(name, Subscribe(1, (SubscriptionRequest(topic_filter, qos),)))
        assert answer == SubAck(1, (qos,))
        model.subscriptions[topic_filter] = qos
        for topic, (payload, kept_qos) in self.retained.items():
            if is_match(topic_filter, topic, Profile.OASIS):
                model.expected.append((topic, payload, min(qos, kept_qos)))

    @rule(name=NAMES, topic_filter=FILTERS)
    def unsubscribe(self, name: str, topic_filter: str) -> None:
        model = self.models[name]
        if model.is_connected:
            self.talk(name, Unsubscribe(1, (topic_filter,)))
            model.subscriptions.pop(topic_filter, None)

    @rule(name=NAMES, topic=TOPICS, qos=QOS, retain=st.booleans())
    def publish(self, name: str, topic: str, qos: int, retain: bool) -> None:
        if not self.models[name].is_connected:
            return
        self.count += 1
        payload = b"%d" % self.count
        self.talk(name, Publish(topic, payload, qos, retain, packet_id=self.count if qos else 0))
        self.settle()
        if retain:
            self.retained[topic] = (payload, qos)
        for model in self.models.values():
            granted = [
                q for f, q in model.subscriptions.items() if is_match(f, topic, Profile.OASIS)
            ]
            if granted and (model.is_connected or (model.has_session and min(qos, max(granted)))):
                model.expected.append((topic, payload, min(qos, max(granted))))

    @rule()
    def crash(self) -> None:
        """The process ends at a moment when nothing waits for a commit, and starts again."""
        self.run(self.bench.broker.durable.drain())
        self.bench = self.run(start(self.journal, oasis_settings(), self.clock))
        self.clients.clear()
        for model in self.models.values():
            model.is_connected = False
            if not model.has_session:
                model.subscriptions.clear()

    @invariant()
    def everyone_connected_has_what_they_should(self) -> None:
        for name, model in self.models.items():
            if model.is_connected:
                assert sorted(self.got[name]) == sorted(model.expected)


TestBroker = BrokerMachine.TestCase
TestBroker.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
