"""`python -m benchmarks.identity --peers VENV`: rates against peers, then 100 against 100,000.

The servers are measured in turn within one run, so that whatever else the machine does falls on
all of them; only the ratios mean something. Where the one client process is what saturates, the
server's processor time per request tells more than requests per second.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.apis.flow import RefusedError, set_up
from benchmarks.apis.servers import start
from benchmarks.identity.calls import prepare
from benchmarks.identity.crowd import measure_crowds

NAMES = ("keyfob", "ministack", "moto")
CONNECTIONS = (1, 8)


def sample(
    calls: Sequence[Callable[[], None]], slice_s: float, *, may_fail: bool
) -> tuple[float, list[float]]:
    """Repeat calls, a thread each; return calls per second and how long each took in seconds.

    Refusals are left out where they may be: ministack 1.5.33 answers some of several calls at
    once with an internal error.
    """
    begun = time.perf_counter()

    def repeat(call: Callable[[], None]) -> list[float]:
        taken = []
        now_s = time.perf_counter()
        while now_s - begun < slice_s:
            try:
                call()
            except RefusedError:
                if not may_fail:
                    raise
                now_s = time.perf_counter()
            else:
                taken.append(-now_s + (now_s := time.perf_counter()))
        return taken

    with ThreadPoolExecutor(len(calls)) as threads:
        taken = [each for part in threads.map(repeat, calls) for each in part]
    return len(taken) / (time.perf_counter() - begun), taken


def measure_peers(peers: Path, rounds: int, slice_s: float) -> None:
    """Print calls per second of every server, keyfob's ratios, and its p99 / p50."""
    servers = {name: start(name, peers) for name in NAMES}
    try:
        prepared = {}
        for name, server in servers.items():
            try:
                prepared[name] = prepare(server, set_up(server))
            except Exception as error:  # noqa: BLE001 - a peer that lacks the flow is left out
                print(f"{name} cannot be set up: {str(error)[:160]}")
                prepared[name] = {}
        print(f"{'per second':28}{'conn':>5}", *(f"{name:>10}" for name in NAMES), end="")
        print(f"{'/ministack':>12}{'/moto':>8}{'p99/p50':>9}{'CPU us, and of peers':>24}")
        for call in prepared["keyfob"]:
            for connections in CONNECTIONS:
                rates: dict[str, list[float]] = {name: [] for name in NAMES}
                cpu: dict[str, list[float]] = {name: [] for name in NAMES}
                taken: list[float] = []
                for _ in range(rounds):
                    for name in NAMES:
                        if call not in prepared[name]:
                            continue
                        calls = [prepared[name][call].on(servers[name]) for _ in range(connections)]
                        before_s = servers[name].cpu_s()
                        rate, times = sample(calls, slice_s, may_fail=name != "keyfob")
                        cpu[name].append((servers[name].cpu_s() - before_s) / len(times) * 1e6)
                        rates[name].append(rate)
                        taken += times if name == "keyfob" else []
                _print_row(call, connections, rates, cpu, taken)
    finally:
        for server in servers.values():
            server.stop()


def _print_row(
    call: str,
    connections: int,
    rates: dict[str, list[float]],
    cpu: dict[str, list[float]],
    taken: list[float],
) -> None:
    median = {name: statistics.median(values) for name, values in rates.items() if values}
    cells = [f"{median[name]:10.0f}" if name in median else f"{'-':>10}" for name in NAMES]
    ratios = [
        f"{median['keyfob'] / median[name]:.1f}" if name in median else "-" for name in NAMES[1:]
    ]
    parts = statistics.quantiles(taken, n=100)
    print(f"{call:28}{connections:5}", *cells, end="")
    spent = " ".join(
        f"{statistics.median(cpu[name]):7.0f}" if cpu[name] else f"{'-':>7}" for name in NAMES
    )
    print(f"{ratios[0]:>12}{ratios[1]:>8}{parts[98] / parts[49]:9.1f} {spent}", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="virtual environment of the peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=float, default=1.0, help="seconds of one sample")
    parser.add_argument("--crowd", type=int, default=100_000, help="0 leaves the second part out")
    options = parser.parse_args()
    if options.peers is not None:
        measure_peers(options.peers, options.rounds, options.slice)
    if options.crowd:
        measure_crowds(options.crowd, options.rounds, options.slice)


main()
