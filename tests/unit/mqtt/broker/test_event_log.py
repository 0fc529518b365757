import json
import logging

import pytest
from tests.unit.mqtt.broker.harness import ACCOUNT, Bench, start

from keyfob.core.clock import ManualClock
from keyfob.core.ids import SystemRandomness
from keyfob.mqtt.broker.event_log import EventLog, LogLevel
from keyfob.mqtt.codec.packets import Publish, Version


def log_as(bench: Bench, level: LogLevel) -> None:
    bench.broker.log = EventLog(level, ACCOUNT, ManualClock(at=1e9), SystemRandomness())


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(record.getMessage()) for record in caplog.records]


async def play(bench: Bench) -> None:
    client = await bench.connect("c", Version.V5)
    await client.subscribe("t")
    await client.send(Publish("t", b"x"))
    client.authorizer.denied_publish.add("u")
    await client.send(Publish("u", b"x"))


async def test_failures_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "keyfob.mqtt.events")
    bench = await start()
    log_as(bench, LogLevel.FAILURES)
    await play(bench)
    (line,) = lines(caplog)
    assert line["eventType"] == "Publish-In"
    assert (line["status"], line["reason"]) == ("Failure", "AUTHORIZATION_FAILURE")
    assert (line["topicName"], line["clientId"], line["sourceIp"]) == ("u", "c", "192.0.2.7")
    assert line["timestamp"] == "2001-09-09 01:46:40.000"


async def test_everything_but_publishes_that_were_taken(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "keyfob.mqtt.events")
    bench = await start()
    log_as(bench, LogLevel.ALL)
    await play(bench)
    kinds = [line["eventType"] for line in lines(caplog)]
    assert kinds == ["Connect", "Subscribe", "Publish-In", "Disconnect"]


async def test_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "keyfob.mqtt.events")
    bench = await start()
    await play(bench)
    assert lines(caplog) == []
