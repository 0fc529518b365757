"""Counters in Prometheus' text format, `GET /_keyfob/metrics`.

AWS IoT's metrics keep their CloudWatch names as the label `metric` of one family,
`keyfob_iot_total{metric="PublishIn.Success",protocol="MQTT"}`. Anything else is keyfob's own.

Source: IoT Developer Guide, `metrics_dimensions` (documented names); Prometheus, exposition
formats, text format 0.0.4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from keyfob.authz.audit import DenialLog
from keyfob.mqtt.broker import Broker
from keyfob.mqtt.broker.metrics import BrokerMetrics

_PARTS = (
    ("connect", "Connect"),
    ("ping", "Ping"),
    ("publish_in", "PublishIn"),
    ("publish_out", "PublishOut"),
    ("publish_retained", "PublishRetained"),
    ("queued", "Queued"),
    ("subscribe", "Subscribe"),
    ("unsubscribe", "Unsubscribe"),
    ("throttle", "Throttle"),
)
_SUFFIXES = {"client_id_throttle": "ClientIDThrottle"}


def aws_name(field: str) -> str:
    """Return AWS's name of a counter: `publish_in_auth_error` is `PublishIn.AuthError`."""
    prefix, name = max((part for part in _PARTS if field.startswith(part[0] + "_")), key=_length)
    rest = field.removeprefix(prefix + "_")
    return f"{name}.{_SUFFIXES.get(rest, rest.title().replace('_', ''))}"


def _length(part: tuple[str, str]) -> int:
    return len(part[0])


def render_metrics(brokers: Sequence[Broker], denials: DenialLog, tasks: int) -> str:
    """Return everything that is counted; `tasks` are the event loop's."""
    totals = {
        aws_name(field.name): sum(getattr(broker.metrics, field.name) for broker in brokers)
        for field in fields(BrokerMetrics)
    }
    lines: list[str] = []
    _family(
        lines, "keyfob_iot_total", "counter", "Events by AWS IoT's metric names.",
        ({"metric": name, "protocol": "MQTT"} for name in totals), totals.values(),
    )  # fmt: skip
    places = [{"account": broker.account, "region": broker.region} for broker in brokers]
    gauges: list[tuple[str, str, list[float]]] = [
        ("connections", "Open MQTT connections.", [b.connection_count for b in brokers]),
        ("sessions", "Sessions, connected or not.", [len(b.sessions) for b in brokers]),
        (
            "subscriptions",
            "Subscriptions of all sessions.",
            [sum(len(s.subscriptions) for s in b.sessions) for b in brokers],
        ),
        (
            "queued_messages",
            "Messages that wait for a client.",
            [sum(len(s.waiting or ()) for s in b.sessions) for b in brokers],
        ),
        (
            "in_flight_messages",
            "Messages sent and not acknowledged.",
            [sum(len(s.in_flight) for s in b.sessions) for b in brokers],
        ),
        (
            "shared_queued_messages",
            "Messages that wait for a shared subscription.",
            [b.router.shared.queued for b in brokers],
        ),
        ("retained_messages", "Retained messages.", [len(b.retained) for b in brokers]),
    ]
    for name, text, values in gauges:
        _family(lines, f"keyfob_mqtt_{name}", "gauge", text, places, values)
    failures = [broker.durable.failures for broker in brokers]
    text = "Commits of broker state that failed."
    _family(lines, "keyfob_mqtt_commit_failures_total", "counter", text, places, failures)
    for broker, place in zip(brokers, places, strict=True):
        _histogram(lines, broker, place, is_first=broker is brokers[0])
    _family(lines, "keyfob_tasks", "gauge", "Tasks of the event loop.", [{}], [tasks])
    _denials(lines, denials)
    return "\n".join(lines) + "\n"


def _denials(lines: list[str], denials: DenialLog) -> None:
    counts = denials.counts
    labels = ({"action": action} for action in counts)
    text = "Refusals by action."
    _family(lines, "keyfob_denials_total", "counter", text, labels, counts.values())


def _histogram(
    lines: list[str], broker: Broker, place: Mapping[str, str], *, is_first: bool
) -> None:
    name, latency = "keyfob_mqtt_commit_seconds", broker.durable.latency
    if is_first:
        lines.append(f"# HELP {name} How long commits of broker state take.")
        lines.append(f"# TYPE {name} histogram")
    for bound, count in latency.cumulative():
        lines.append(f"{name}_bucket{_labels({**place, 'le': bound})} {count}")
    lines.append(f"{name}_sum{_labels(place)} {latency.total_s:.6f}")
    lines.append(f"{name}_count{_labels(place)} {latency.count}")


def _family(
    lines: list[str],
    name: str,
    kind: str,
    text: str,
    labels: Iterable[Mapping[str, str]],
    values: Iterable[float],
) -> None:
    lines.append(f"# HELP {name} {text}")
    lines.append(f"# TYPE {name} {kind}")
    for label, value in zip(labels, values, strict=True):
        lines.append(f"{name}{_labels(label)} {value}")


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
