"""Runs a check on mutated seeds: guided by atheris where it is installed, else at random."""

import importlib
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Check = Callable[[bytes], bool]
"""Holds one input against an oracle: True where it was accepted; raises on a finding."""
Mutate = Callable[[bytes, random.Random], bytes]

MAX_INPUT_BYTES = 8192


def run(
    check: Check, seeds: list[bytes], mutate: Mutate, seconds: float, words: Sequence[str] = ()
) -> None:
    """Run for the time given; a finding ends the program with an error.

    Args:
        check: the oracle.
        seeds: inputs to begin with.
        mutate: how an input becomes another one of its kind.
        seconds: for how long.
        words: the dictionary of the language, where it is text; without one atheris mutates with
            `mutate` half of the time.
    """
    try:
        importlib.import_module("atheris")
    except ImportError:
        print(f"atheris is not installed: {len(seeds)} seeds, unguided", flush=True)
        _run_unguided(check, seeds, mutate, seconds)
    else:
        _run_guided(check, seeds, mutate, seconds, words)


def _run_unguided(check: Check, seeds: list[bytes], mutate: Mutate, seconds: float) -> None:
    source = random.Random()
    deadline = time.monotonic() + seconds
    runs = accepted = 0
    while time.monotonic() < deadline:
        data = mutate(source.choice(seeds), source)
        try:
            accepted += check(data)
        except BaseException:
            print(f"finding: {data!r}", file=sys.stderr)
            raise
        runs += 1
    print(f"{runs} inputs, {accepted} accepted, no finding")


def _run_guided(
    check: Check, seeds: list[bytes], mutate: Mutate, seconds: float, words: Sequence[str]
) -> None:
    import atheris

    def mixed(data: bytes, max_size: int, seed: int) -> bytes:
        source = random.Random(seed)
        if source.random() < 0.5:
            return mutate(data or seeds[0], source)[:max_size]
        blind: bytes = atheris.Mutate(data, max_size)
        return blind

    with tempfile.TemporaryDirectory() as folder:
        for number, each in enumerate(seeds):
            (Path(folder) / f"{number:05}").write_bytes(each)
        options = [
            *(f"-max_total_time={int(seconds)}", f"-max_len={MAX_INPUT_BYTES}", "-timeout=5"),
            *("-print_final_stats=1", "-verbosity=1", "-rss_limit_mb=2048"),
        ]
        if words:
            dictionary = Path(folder).with_suffix(".dict")
            dictionary.write_text("".join(f'"{_escape(word)}"\n' for word in words))
            options.append(f"-dict={dictionary}")
        atheris.instrument_all()
        more = {} if words else {"custom_mutator": mixed}
        atheris.Setup([sys.argv[0], *options, folder], check, **more)
        atheris.Fuzz()


def _escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')
