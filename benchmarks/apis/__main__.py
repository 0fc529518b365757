"""`python -m benchmarks.apis --peers VENV`: print the table, as ratios within this run."""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.apis.flow import requests, set_up
from benchmarks.apis.servers import Server, start

NAMES = ("keyfob", "ministack", "moto")
SLICE_S = 1.0


def rate(call: Callable[[], object]) -> float:
    """Return calls per second over one slice."""
    count = 0
    begun = time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < SLICE_S:
        call()
        count += 1
    return count / elapsed


def measure_start(peers: Path, rounds: int) -> None:
    """Start each server in turn, several times."""
    started: dict[str, list[Server]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for name in NAMES:
            server = start(name, peers)
            started[name].append(server)
            server.stop()
    print(f"{'':32}{'start s':>10}{'RSS MB':>10}{'start ratio':>14}{'RSS ratio':>12}")
    base = started["ministack"]
    for name, servers in started.items():
        start_s = statistics.median(server.start_s for server in servers)
        rss_mb = statistics.median(server.first_rss_mb for server in servers)
        print(
            f"{name:32}{start_s:10.2f}{rss_mb:10.0f}"
            f"{start_s / statistics.median(s.start_s for s in base):14.2f}"
            f"{rss_mb / statistics.median(s.first_rss_mb for s in base):12.2f}"
        )


def measure_rates(peers: Path, rounds: int) -> None:
    """Run every request on every server in turn; print medians and keyfob's ratio to each peer."""
    servers = {name: start(name, peers) for name in NAMES}
    try:
        calls = {name: requests(server, set_up(server)) for name, server in servers.items()}
        print(f"\n{'per second, one connection':32}", *(f"{name:>11}" for name in NAMES), end="")
        print(f"{'/ministack':>12}{'/moto':>8}")
        for request in calls["keyfob"]:
            rates = {name: [] for name in NAMES}  # type: dict[str, list[float]]
            for _ in range(rounds):
                for name in NAMES:
                    rates[name].append(rate(calls[name][request]))
            median = {name: statistics.median(values) for name, values in rates.items()}
            print(f"{request:32}", *(f"{median[name]:11.0f}" for name in NAMES), end="")
            print(
                f"{median['keyfob'] / median['ministack']:12.2f}"
                f"{median['keyfob'] / median['moto']:8.2f}"
            )
        memory = ", ".join(f"{name} {server.rss_mb():.0f}" for name, server in servers.items())
        print(f"resident MB afterwards: {memory}")
    finally:
        for server in servers.values():
            server.stop()


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peers", type=Path, required=True, help="virtual environment of the peers"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measure_start(options.peers, options.rounds)
    measure_rates(options.peers, options.rounds)


main()
