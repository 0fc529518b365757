"""Compare the broker with others, load by load.

    python -m benchmarks.broker [--seconds 2] [--rounds 2] [--only TEXT] [--peers VENV]
                                [--modules FOLDER] [--two]

It builds `flood.c` and `relay.c`, starts every broker pinned to the first core, pins the generator
to the second, and runs each load on all brokers in turn, `rounds` times; those that are not
measured stand still. Each cell is the median
rate and, behind it, the median rate per second of the broker's processor time: the generator shares
the machine and saturates first in some loads, and other work on the machine falls on everybody.
Ratios are keyfob's to mosquitto's. Needs `cc` with OpenSSL's headers, and `mosquitto`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.broker.brokers import HERE, Running, pinned, start_all

RUN_TIMEOUT_S = 60.0
Result = dict[str, float]


@dataclass(frozen=True)
class Load:
    """One load, and the least ratio to mosquitto that is aimed at."""

    name: str
    options: str
    wanted: float = 0.0
    transport: str = "tcp"
    beside: str = "tcp"
    """The transport of mosquitto's that it is compared with."""
    mode: str = "publish"
    figure: str = "delivered_per_s"
    is_per_cpu: bool = False
    """Whether the aim is the rate per second of processor time."""


_CONNECT = {"mode": "connect", "figure": "connects_per_s"}
LOADS = (
    Load("idle, KB a connection", "-c 5000 -t 1", mode="idle", figure="kb_each"),
    Load("QoS 0 pipelined 1 -> 1", "-w 20000", 5, is_per_cpu=True),
    Load("QoS 0 pipelined 1 -> 10", "-s 10 -w 20000"),
    Load("QoS 0 pipelined 1 -> 100", "-s 100 -w 20000", 30),
    Load("QoS 0 pipelined 1 -> 1000", "-s 1000 -w 20000", 30),
    Load("QoS 0 lockstep 1 -> 1, window 1000", "-w 1000", 3),
    Load("QoS 0 lockstep 1 -> 10, window 100", "-s 10 -w 100"),
    Load("QoS 0 lockstep 1 -> 100, window 20", "-s 100 -w 20", 5),
    Load("QoS 0 lockstep 1 -> 1000, window 4", "-s 1000 -w 4", 2.5),
    Load("QoS 0 900 -> 1, a packet a write", "-p 900 -b 1", 2),
    Load("QoS 0 100 -> 1, a packet a write", "-p 100 -b 1 -w 20", 2),
    Load("QoS 1 4 -> 1, window 20", "-p 4 -q 1 -w 20", 3),
    Load("QoS 1 1 -> 1, window 20", "-q 1 -w 20", 1.5),
    Load("QoS 1 100 -> 1, window 20", "-p 100 -q 1 -w 20"),
    Load("QoS 1 1 -> 100 persistent, window 20", "-s 100 -q 1 -w 20 -k"),
    Load("ws QoS 0 pipelined 1 -> 1", "-w 20000", transport="ws"),
    Load("ws QoS 0 lockstep 1 -> 100, window 20", "-s 100 -w 20", transport="ws"),
    Load("ws QoS 1 1 -> 1, window 20", "-q 1 -w 20", transport="ws"),
    Load("wss QoS 0 pipelined 1 -> 1", "-w 20000", transport="wss", beside="tls"),
    Load("wss QoS 0 lockstep 1 -> 100, window 20", "-s 100 -w 20", transport="wss", beside="tls"),
    Load("connects, TCP", "-c 4000", **_CONNECT),  # type: ignore[arg-type]
    Load("connects, ws with SigV4", "-c 3000", 0.3, transport="ws", **_CONNECT),  # type: ignore[arg-type]
    Load("connects, wss with SigV4", "-c 1000", 0.8, "wss", "tls", **_CONNECT),  # type: ignore[arg-type]
    Load("p50 at 1,000 msg/s, us", "-r 1000 -b 1", figure="p50_us"),
    Load("p99 at 1,000 msg/s, us", "-r 1000 -b 1", figure="p99_us"),
    Load("p99.9 at 1,000 msg/s, us", "-r 1000 -b 1", figure="p999_us"),
)


def measure(flood: Path, load: Load, broker: Running, seconds: float) -> Result | None:
    """Run a load on a broker once; None when it does not speak the transport, or fails."""
    transport = load.transport
    if broker.name.startswith("mosquitto"):
        transport = load.beside
    port = broker.ports.get(transport)
    if port is None or (broker.name == "relay" and "-q 1" in load.options):
        return None
    command: list[Any] = [flood, load.mode, port, broker.pid, "-t", seconds, *load.options.split()]
    if transport in ("ws", "wss"):
        command += ["-u", broker.path()]
    if transport in ("tls", "wss"):
        command.append("-x")
    with pinned(1), broker.awake():
        try:
            done = subprocess.run(
                [str(part) for part in command],
                capture_output=True,
                check=True,
                timeout=RUN_TIMEOUT_S,
            )
        except subprocess.CalledProcessError as error:
            print(f"{broker.name}, {load.name}: {error.stderr.decode()}", file=sys.stderr)
            return None
        except subprocess.TimeoutExpired:
            print(f"{broker.name}, {load.name}: no end", file=sys.stderr)
            return None
    result: Result = json.loads(done.stdout)
    if result.get("undelivered"):
        print(f"{broker.name}, {load.name}: {result['undelivered']} undelivered", file=sys.stderr)
    return result


def _per_cpu(result: Result, load: Load) -> float:
    return result[load.figure] / max(result.get("server_cpu", 1.0), 0.01)


def _cells(results: dict[str, list[Result]], load: Load) -> dict[str, tuple[float, float]]:
    # Memory that an earlier round left is taken again: only the first tells what is needed.
    middle = max if load.mode == "idle" else statistics.median
    return {
        name: (
            middle(run[load.figure] for run in runs),
            statistics.median(_per_cpu(run, load) for run in runs),
        )
        for name, runs in results.items()
        if runs
    }


def _line(load: Load, cells: dict[str, tuple[float, float]], names: list[str]) -> str:
    has_cpu = load.figure.endswith("_per_s")
    shown = []
    for name in names:
        cell = cells.get(name)
        if cell is None:
            shown.append("-")
        elif has_cpu:
            shown.append(f"{cell[0]:,.0f} ({cell[1]:,.0f})")
        else:
            shown.append(f"{cell[0]:,.1f}")
    ratio = "-"
    if "keyfob" in cells and "mosquitto" in cells:
        ours, theirs = cells["keyfob"], cells["mosquitto"]
        ratio = f"{ours[0] / theirs[0]:.2f}"
        if has_cpu:
            ratio += f" ({ours[1] / theirs[1]:.2f})"
    wanted = f"{load.wanted:g}{' per CPU' if load.is_per_cpu else ''}" if load.wanted else ""
    return "| " + " | ".join((load.name, *shown, ratio, wanted)) + " |"


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default="", help="loads whose name contains this")
    parser.add_argument("--peers", type=Path, help="virtual environment with nats-server, amqtt")
    parser.add_argument("--modules", type=Path, help="folder whose node_modules has aedes and ws")
    parser.add_argument("--two", action="store_true", help="only keyfob and mosquitto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        flood = folder / "flood"
        build: list[str | Path] = [
            "cc",
            "-O2",
            "-DWITH_TLS",
            "-o",
            flood,
            HERE / "flood.c",
            "-lssl",
            "-lcrypto",
        ]
        subprocess.run(build, check=True)
        brokers = start_all(
            stack, folder, options.peers, options.modules, has_others=not options.two
        )
        names = [broker.name for broker in brokers]
        print("| " + " | ".join(("", *names, "keyfob / mosquitto", "aim")) + " |")
        print("| --- |" + " ---: |" * (len(names) + 2), flush=True)
        cache: dict[tuple[str, str, str], list[Result]] = {}
        for load in LOADS:
            if options.only not in load.name:
                continue
            results: dict[str, list[Result]] = {}
            for broker in brokers:
                key = (broker.name, load.transport, load.options)
                results[broker.name] = cache.setdefault(key, [])
            for _ in range(options.rounds):
                for broker in brokers:
                    runs = results[broker.name]
                    if len(runs) < options.rounds and (
                        result := measure(flood, load, broker, options.seconds)
                    ):
                        runs.append(result)
            print(_line(load, _cells(results, load), names), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
