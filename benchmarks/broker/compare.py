"""Compare the broker with mosquitto, load by load, and print the ratios.

    python benchmarks/broker/compare.py [--seconds 3] [--rounds 2]

It builds `flood.c`, starts both brokers on free loopback ports, pins them to the first core and
the generator to the second, and runs every load on both in turn. Needs `cc` and `mosquitto`.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Load(NamedTuple):
    name: str
    publishers: int
    subscribers: int
    qos: int
    window: int
    batch: int
    wanted: float
    """Least ratio of deliveries to mosquitto's."""
    is_per_cpu: bool = False
    """Compare per second of server CPU: the generator saturates first."""


LOADS = (
    Load("pipelined 1 -> 1", 1, 1, 0, 20_000, 64, 5, is_per_cpu=True),
    Load("pipelined 1 -> 100", 1, 100, 0, 20_000, 64, 30),
    Load("pipelined 1 -> 1000", 1, 1000, 0, 20_000, 64, 30),
    Load("lockstep 1 -> 1, window 1000", 1, 1, 0, 1000, 64, 3),
    Load("lockstep 1 -> 100, window 20", 1, 100, 0, 20, 64, 5),
    Load("lockstep 1 -> 1000, window 4", 1, 1000, 0, 4, 64, 2.5),
    Load("900 -> 1, one packet a write", 900, 1, 0, 1000, 1, 1.5),
    Load("QoS 1, 4 -> 1, window 20", 4, 1, 1, 20, 64, 3),
    Load("QoS 1, 1 -> 1, window 20", 1, 1, 1, 20, 64, 1.5),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def start_mosquitto(folder: Path, port: int) -> subprocess.Popen[bytes]:
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is not installed")
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "max_inflight_messages 0\nmax_queued_messages 0\n"
    )
    return subprocess.Popen(
        ["taskset", "-c", "0", program, "-c", config], stderr=subprocess.DEVNULL
    )


def start_keyfob(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["taskset", "-c", "0", sys.executable, HERE / "serve.py", str(port)],
        stdout=subprocess.DEVNULL,
    )


def measure(flood: Path, port: int, pid: int, load: Load, seconds: float) -> dict[str, float]:
    numbers = (port, pid, *load[1:6], seconds)
    output = subprocess.run(
        ["taskset", "-c", "1", flood, *map(str, numbers)],
        capture_output=True,
        check=True,
        timeout=60 + seconds,
    ).stdout
    result: dict[str, float] = json.loads(output)
    return result


def rate(result: dict[str, float], load: Load) -> float:
    delivered = result["delivered_per_s"]
    return delivered / result["server_cpu"] if load.is_per_cpu else delivered


def compare(flood: Path, folder: Path, seconds: float, rounds: int) -> bool:
    ports = free_port(), free_port()
    servers = start_mosquitto(folder, ports[0]), start_keyfob(ports[1])
    is_reached = True
    try:
        for port in ports:
            wait_for(port)
        print(f"{'load':32}{'mosquitto':>12}{'keyfob':>12}{'ratio':>8}{'wanted':>8}{'p50 us':>12}")
        for load in LOADS:
            both: list[list[dict[str, float]]] = [[], []]
            for _ in range(rounds):
                for results, port, server in zip(both, ports, servers, strict=True):
                    results.append(measure(flood, port, server.pid, load, seconds))
            theirs, ours = (statistics.median(rate(r, load) for r in rs) for rs in both)
            latencies = "/".join(f"{rs[-1]['p50_us']:.0f}" for rs in both)
            is_reached &= ours >= load.wanted * theirs
            print(
                f"{load.name:32}{theirs:12,.0f}{ours:12,.0f}{ours / theirs:8.1f}"
                f"{load.wanted:8.1f}{latencies:>12}",
                flush=True,
            )
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    return is_reached


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flood = folder / "flood"
        subprocess.run(["cc", "-O2", "-o", flood, HERE / "flood.c"], check=True)
        return 0 if compare(flood, folder, options.seconds, options.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
