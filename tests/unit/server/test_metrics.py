import re

from tests.unit.mqtt.broker.harness import start

from keyfob.authz.audit import DenialLog
from keyfob.mqtt.broker import oasis_settings
from keyfob.mqtt.codec.packets import Publish
from keyfob.server.metrics import aws_name, render_metrics

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')


def test_names_are_those_of_aws() -> None:
    assert aws_name("publish_in_auth_error") == "PublishIn.AuthError"
    assert aws_name("connect_client_id_throttle") == "Connect.ClientIDThrottle"
    assert aws_name("throttle_exceeded") == "Throttle.Exceeded"


async def test_what_is_counted() -> None:
    bench = await start(settings=oasis_settings())
    receiver = await bench.connect("r", clean=False)
    await receiver.subscribe("t", 1)
    publisher = await bench.connect("p")
    await publisher.send(Publish("t", b"x", 1, packet_id=1), Publish("t", b"x", 0, True))
    receiver.lose()
    await publisher.send(Publish("t", b"y", 1, packet_id=2))
    text = render_metrics([bench.broker], DenialLog(), 3)
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in samples)
    values = dict(line.rsplit(" ", 1) for line in samples)
    assert values['keyfob_iot_total{metric="PublishIn.Success",protocol="MQTT"}'] == "3"
    assert values['keyfob_iot_total{metric="Connect.Success",protocol="MQTT"}'] == "2"
    place = '{account="123456789012",region="eu-central-1"}'
    assert values["keyfob_mqtt_connections" + place] == "1"
    assert values["keyfob_mqtt_sessions" + place] == "2"
    assert values["keyfob_mqtt_queued_messages" + place] == "1"
    assert values["keyfob_mqtt_retained_messages" + place] == "1"
    assert float(values["keyfob_mqtt_commit_seconds_count" + place]) > 0
    assert values["keyfob_tasks"] == "3"
    assert text.count("# TYPE keyfob_mqtt_commit_seconds ") == 1


def test_no_broker_runs() -> None:
    assert 'metric="PublishIn.Success",protocol="MQTT"} 0' in render_metrics([], DenialLog(), 1)
