"""Who may, who receives, and for how long an answer holds."""

import pytest
from tests.unit.mqtt.broker.harness import start

from keyfob.mqtt.broker import oasis_settings, router
from keyfob.mqtt.codec import MalformedError
from keyfob.mqtt.codec.packets import Publish, Version
from keyfob.mqtt.session import Message, Subscription
from keyfob.mqtt.topics import TopicError


async def test_a_route_is_kept_while_nothing_changes() -> None:
    bench = await start()
    receiver = await bench.connect("r")
    await receiver.subscribe("t")
    found = bench.broker.router.route(b"t")
    assert bench.broker.router.route(b"t") is found
    assert bench.broker.router.is_current(found)
    assert found.receivers == 1
    assert bench.broker.router.find_route(b"t") is not found


async def test_what_makes_a_route_anew() -> None:
    bench = await start()
    receiver, other = await bench.connect("r"), await bench.connect("o")
    routes = bench.broker.router
    await receiver.subscribe("t")
    first = routes.route(b"t")
    await other.subscribe("u")
    assert not routes.is_current(first)
    second = routes.route(b"t")
    receiver.authorizer.epoch += 1
    assert not routes.is_current(second)
    third = routes.route(b"t")
    other.authorizer.epoch += 1
    assert routes.is_current(third), "who does not receive it does not matter"
    receiver.lose()
    assert not routes.is_current(third)
    assert routes.route(b"t").receivers == 0


async def test_one_source_of_epochs_is_looked_at_alone() -> None:
    bench = await start()
    clients = [await bench.connect(name) for name in "abc"]
    source = type(clients[0].authorizer)()
    for client in clients:
        client.authorizer.source = source
        await client.subscribe("t")
    route = bench.broker.router.route(b"t")
    assert route.source is source
    source.epoch += 1
    assert not bench.broker.router.is_current(route)
    clients[0].authorizer.source = None
    assert bench.broker.router.find_route(b"t").source is None


async def test_a_route_tells_apart_who_may_not_receive() -> None:
    bench = await start()
    for name in "abc":
        client = await bench.connect(name)
        if name == "b":
            client.authorizer.denied_receive.add("t")
        await client.subscribe("t", 1)
    route = bench.broker.router.find_route(b"t")
    assert (route.receivers, route.denied) == (2, 1)
    assert {session.client_id for session in route.sessions} == {"a", "c"}


async def test_a_persistent_session_is_routed_to_while_its_client_is_away() -> None:
    bench = await start()
    for name, clean in (("kept", False), ("gone", True)):
        client = await bench.connect(name, clean=clean)
        await client.subscribe("t", 1)
        client.lose()
    route = bench.broker.router.find_route(b"t")
    assert [session.client_id for session in route.sessions] == ["kept"]
    assert route.receivers == 0


async def test_receivers_are_grouped_by_version_and_qos() -> None:
    bench = await start(settings=oasis_settings())
    for name, version, qos in (
        ("a", Version.V3, 0), ("b", Version.V3, 1), ("c", Version.V5, 2), ("d", Version.V5, 0)
    ):  # fmt: skip
        await (await bench.connect(name, version)).subscribe("t", qos)
    route = bench.broker.router.find_route(b"t")
    assert {version: len(group.connections) for version, group in route.groups.items()} == {
        Version.V3: 2, Version.V5: 2
    }  # fmt: skip
    assert {version: len(group.connections) for version, group in route.downgraded.items()} == {
        Version.V3: 1, Version.V5: 1
    }  # fmt: skip
    assert {session.client_id for session in route.sessions} == {"b", "c"}
    assert {session.client_id for session in route.exact} == {"c"}


async def test_a_refusal_is_asked_again_and_a_permission_is_not() -> None:
    client = await (await start()).connect("c")
    routes, asked = client.bench.broker.router, client.authorizer.asked
    client.authorizer.denied_publish.add("no")
    asked.clear()
    for topic in (b"yes", b"no", b"yes", b"no"):
        assert (routes.admit(client.connection, topic, retain=False) is None) is (topic == b"no")
    assert asked == ["publish yes", "publish no", "publish no"]


async def test_retained_publishing_is_remembered_apart() -> None:
    client = await (await start()).connect("c")
    client.authorizer.denied_retain.add("t")
    routes = client.bench.broker.router
    assert routes.admit(client.connection, b"t", retain=False) is not None
    assert routes.admit(client.connection, b"t", retain=True) is None
    assert routes.admit(client.connection, b"t", retain=False) is not None


@pytest.mark.parametrize(
    ("topic", "error"), [(b"\xff", MalformedError), (b"a/+", TopicError), (b"$SYS", TopicError)]
)
async def test_what_is_no_topic_is_never_judged(topic: bytes, error: type[Exception]) -> None:
    client = await (await start()).connect("c")
    client.authorizer.asked.clear()
    for _ in range(2):
        with pytest.raises(error):
            client.bench.broker.router.admit(client.connection, topic, retain=False)
    assert client.authorizer.asked == []


async def test_decisions_and_routes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "MAX_DECISIONS", 10)
    monkeypatch.setattr(router, "MAX_ROUTES", 10)
    bench = await start()
    receiver, client = await bench.connect("r"), await bench.connect("p")
    await receiver.subscribe("#")
    for number in range(50):
        await client.send(Publish(f"t/{number}", b"x"))
    assert len(await receiver.payloads()) == 50
    assert len(client.connection.publish_decisions) <= 10
    assert len(receiver.connection.receive_decisions) <= 10
    routes = bench.broker.router
    assert len(routes._routes) <= 10


async def test_subscribing_says_whether_it_is_new() -> None:
    client = await (await start()).connect("c")
    routes, session = client.bench.broker.router, client.connection.session
    subscription = Subscription(0)
    assert routes.subscribe(session, "t", subscription)
    assert not routes.subscribe(session, "t", subscription)
    assert routes.unsubscribe(session, "t")
    assert not routes.unsubscribe(session, "t")
    assert routes.find_route(b"t").receivers == 0


async def test_a_message_of_the_server_has_no_publisher() -> None:
    bench = await start()
    client = await bench.connect("c")
    await client.subscribe("t", 1)
    routes = bench.broker.router
    assert not routes.deliver(routes.find_route(b"t"), Message(b"t", b"x", 1), None)
    assert await client.received() == [Publish("t", b"x", 1, packet_id=1)]
