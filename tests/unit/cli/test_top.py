from io import StringIO

from rich.console import Console

from keyfob.cli.top import parse_metrics, render

BEFORE = 'keyfob_iot_total{metric="PublishIn.Success",protocol="MQTT"} 100\n'
NOW = """# HELP keyfob_iot_total Events by AWS IoT's metric names.
keyfob_iot_total{metric="PublishIn.Success",protocol="MQTT"} 150
keyfob_mqtt_connections{account="1",region="a"} 2
keyfob_mqtt_connections{account="1",region="b"} 3
keyfob_mqtt_commit_seconds_sum{account="1",region="a"} 0.010
keyfob_mqtt_commit_seconds_count{account="1",region="a"} 5
"""


def test_metrics_are_read_and_summed() -> None:
    reading = parse_metrics(NOW, 2.0)
    assert reading.events == {"PublishIn.Success": 150.0}
    assert reading.totals["keyfob_mqtt_connections"] == 5.0


def test_the_view_shows_rates_clients_and_denials() -> None:
    view = render(
        parse_metrics(NOW, 2.0),
        parse_metrics(BEFORE, 1.5),
        [{"clientId": "pump-1", "sourceIp": "192.0.2.7", "principal": "p", "subscriptions": 4}],
        [{"count": 7, "action": "iot:Publish", "sentence": "nothing allows it"}],
    )
    console = Console(width=120, record=True, file=StringIO())
    console.print(view)
    text = console.export_text()
    assert "100.0" in text  # 50 messages in half a second
    assert "2.00 ms" in text
    assert "pump-1" in text
    assert "7x" in text and "nothing allows it" in text
