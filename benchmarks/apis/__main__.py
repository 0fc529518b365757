"""`python -m benchmarks.apis --peers VENV`: print the tables, with ratios within this run.

Every server is started as installed packages are, with its bytecode compiled, and measured in
turn, so that whatever else the machine does falls on all of them. The client is one process for
all; where it is what saturates, as with its SRP arithmetic, server CPU per request tells more
than requests per second.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.apis.flow import RefusedError, requests, set_up
from benchmarks.apis.servers import Server, start

NAMES = ("keyfob", "ministack", "moto")
CONNECTIONS = (1, 8)
SLICE_S = 1.0


class Sample(NamedTuple):
    """One slice of one request on one server."""

    per_second: float
    cpu_us: float
    """Processor time of the server for one request, microseconds."""


def sample(server: Server, calls: Sequence[Callable[[], object]]) -> Sample:
    """Repeat every call on a thread and connection of its own for one slice."""
    begun, cpu_s = time.perf_counter(), server.cpu_s()

    def repeat(call: Callable[[], object]) -> int:
        count = 0
        while time.perf_counter() - begun < SLICE_S:
            try:
                call()
            except RefusedError:
                # ministack 1.5.33 answers some of several calls at once with an internal error
                if server.name == "keyfob":
                    raise
            else:
                count += 1
        return count

    with ThreadPoolExecutor(len(calls)) as threads:
        count = sum(threads.map(repeat, calls))
    elapsed_s = time.perf_counter() - begun
    return Sample(count / elapsed_s, (server.cpu_s() - cpu_s) / count * 1e6)


def measure_start(peers: Path, rounds: int) -> None:
    """Start each server in turn, once unseen to compile its bytecode, then several times."""
    started: dict[str, list[Server]] = {name: [] for name in NAMES}
    for round_number in range(rounds + 1):
        for name in NAMES:
            server = start(name, peers)
            server.stop()
            if round_number > 0:
                started[name].append(server)
    print(f"{'':32}{'start s':>10}{'RSS MB':>10}{'start ratio':>14}{'RSS ratio':>12}")
    start_s = {name: statistics.median(s.start_s for s in started[name]) for name in NAMES}
    rss_mb = {name: statistics.median(s.first_rss_mb for s in started[name]) for name in NAMES}
    for name in NAMES:
        print(
            f"{name:32}{start_s[name]:10.2f}{rss_mb[name]:10.0f}"
            f"{start_s[name] / start_s['ministack']:14.2f}"
            f"{rss_mb[name] / rss_mb['ministack']:12.2f}"
        )


def measure_rates(peers: Path, rounds: int) -> None:
    """Run every request on every server in turn, over one connection and over several."""
    servers = {name: start(name, peers) for name in NAMES}
    try:
        flows = {name: set_up(server) for name, server in servers.items()}
        for connections in CONNECTIONS:
            calls = {
                name: [requests(server, flows[name]) for _ in range(connections)]
                for name, server in servers.items()
            }
            print_head(connections)
            for request in calls["keyfob"][0]:
                samples: dict[str, list[Sample]] = {name: [] for name in NAMES}
                for _ in range(rounds):
                    for name, server in servers.items():
                        repeated = [connection[request] for connection in calls[name]]
                        samples[name].append(sample(server, repeated))
                print_row(request, samples)
        memory = ", ".join(f"{name} {server.rss_mb():.0f}" for name, server in servers.items())
        print(f"\nresident MB afterwards: {memory}")
    finally:
        for server in servers.values():
            server.stop()


def print_head(connections: int) -> None:
    """Print the two lines above a table."""
    title = f"{connections} keep-alive connection{'s' if connections > 1 else ''}"
    print(f"\n{title:32}{'requests per second':^32}{'ratio':^19}{'server CPU us/request':^29}")
    peers = "".join(f"{name:>11}" for name in NAMES)
    print(f"{'':32}{peers}{'/ministack':>12}{'/moto':>7}{peers}")


def print_row(request: str, samples: dict[str, list[Sample]]) -> None:
    """Print the medians of one request."""
    rates = {name: statistics.median(s.per_second for s in samples[name]) for name in NAMES}
    cpu = {name: statistics.median(s.cpu_us for s in samples[name]) for name in NAMES}
    print(
        f"{request:32}",
        *(f"{rates[name]:11.0f}" for name in NAMES),
        f"{rates['keyfob'] / rates['ministack']:12.2f}{rates['keyfob'] / rates['moto']:7.2f}",
        *(f"{cpu[name]:11.0f}" for name in NAMES),
        sep="",
        flush=True,
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peers", type=Path, required=True, help="virtual environment of the peers"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-bytecode-") as bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        measure_start(options.peers, options.rounds)
        measure_rates(options.peers, options.rounds)


main()
