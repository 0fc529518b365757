"""`keyfob top`: what the running server does, live."""

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from keyfob.cli.operator import Operator
from keyfob.config import DEFAULT_DATA_DIRECTORY

_SAMPLE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_METRIC = re.compile(r'metric="([^"]+)"')

RATES = (
    "Connect.Success",
    "Connect.AuthError",
    "PublishIn.Success",
    "PublishIn.AuthError",
    "PublishOut.Success",
    "PublishOut.AuthError",
    "Subscribe.Success",
    "Subscribe.AuthError",
    "Queued.Success",
    "Throttle.Exceeded",
)
GAUGES = ("connections", "sessions", "subscriptions", "queued_messages", "in_flight_messages",
          "retained_messages")  # fmt: skip
MAX_CLIENTS = 12
MAX_DENIALS = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment."""

    at_s: float
    events: dict[str, float] = field(default_factory=dict)
    """By AWS's metric names."""
    totals: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By family, summed over accounts and regions."""


def parse_metrics(text: str, at_s: float) -> Reading:
    """Read Prometheus' text format."""
    reading = Reading(at_s)
    for line in text.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            continue
        value, metric = float(sample["value"]), _METRIC.search(sample["labels"] or "")
        if metric is not None:
            reading.events[metric[1]] = value
        else:
            reading.totals[sample["name"]] += value
    return reading


def render(
    now: Reading, before: Reading | None, connections: list[Any], denials: list[Any]
) -> Group:
    """Return the view of one moment; rates are since the moment before."""
    rates = Table(title="events", box=None, title_justify="left")
    for heading in ("", "per second", "total"):
        rates.add_column(heading, justify="right" if heading else "left")
    for name in RATES:
        total = now.events.get(name, 0.0)
        rate = "-"
        if before is not None and now.at_s > before.at_s:
            rate = f"{(total - before.events.get(name, 0.0)) / (now.at_s - before.at_s):,.1f}"
        rates.add_row(name, rate, f"{total:,.0f}")
    state = Table(title="state", box=None, title_justify="left", show_header=False)
    for name in GAUGES:
        state.add_row(name.replace("_", " "), f"{now.totals[f'keyfob_mqtt_{name}']:,.0f}")
    commits = now.totals["keyfob_mqtt_commit_seconds_count"]
    if commits:
        mean_ms = now.totals["keyfob_mqtt_commit_seconds_sum"] / commits * 1000
        state.add_row("mean commit", f"{mean_ms:.2f} ms")
    clients = Table(title="clients", box=None, title_justify="left")
    for heading in ("client id", "address", "principal", "filters"):
        clients.add_column(heading, overflow="ellipsis", no_wrap=True)
    for view in connections[:MAX_CLIENTS]:
        clients.add_row(
            view["clientId"], view["sourceIp"], view["principal"], str(view["subscriptions"])
        )
    refused = Table(title="denials", box=None, title_justify="left", show_header=False)
    for denial in denials[:MAX_DENIALS]:
        refused.add_row(f"{denial['count']}x", denial["action"], denial["sentence"])
    return Group(rates, "", state, "", clients, "", refused)


def top(
    *,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
    interval: float = 1.0,
    count: int | None = None,
) -> None:
    """Watch clients, rates and denials, live; Ctrl-C ends it.

    Args:
        data: Data directory of the running server.
        interval: Seconds between two looks.
        count: How many looks to take before ending; without end unless given.
    """
    operator, before = Operator(data), None
    looks = 0
    with Live(console=Console(), auto_refresh=False) as live:
        try:
            while count is None or looks < count:
                if looks:
                    time.sleep(interval)
                now = parse_metrics(operator.get_text("metrics"), time.monotonic())
                connections = operator.get("connections", limit=MAX_CLIENTS)["connections"]
                denials = operator.get("denials", limit=MAX_DENIALS)["denials"]
                live.update(render(now, before, connections, denials), refresh=True)
                before, looks = now, looks + 1
        except KeyboardInterrupt:
            return
