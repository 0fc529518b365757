"""Group commit: durable facts gathered while one commit runs go together into the next.

Whatever must not be acknowledged before it is durable is handed in as a callback; it is told
True after the commit, or False when the journal could not keep the entries.
"""

import logging
from asyncio import Future
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

from keyfob.mqtt.ports import Journal, JournalEntry, Loop

Settled = Callable[[bool], None]
"""Told whether its entries are durable."""

_log = logging.getLogger(__name__)

LATENCY_BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram; one more counts what is above."""


class Latency:
    """How long commits took: a histogram."""

    def __init__(self) -> None:
        """Start empty."""
        self._counts = [0] * (len(LATENCY_BOUNDS_S) + 1)
        self.total_s = 0.0
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count one commit."""
        self._counts[bisect_left(LATENCY_BOUNDS_S, seconds)] += 1
        self.total_s += seconds
        self.count += 1

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield each bound, the last being `+Inf`, and how many commits were no slower."""
        bounds = (*map(str, LATENCY_BOUNDS_S), "+Inf")
        yield from zip(bounds, accumulate(self._counts), strict=True)


class GroupCommit:
    """Writes journal entries in the order they were added, many to a commit."""

    def __init__(self, journal: Journal, loop: Loop) -> None:
        """Write to `journal`, in a task of `loop` that lives while there is work."""
        self._journal = journal
        self._loop = loop
        self._entries: list[JournalEntry] = []
        self._waiters: list[Settled] = []
        self._task: Future[None] | None = None
        self.failures = 0
        """Commits that could not be made."""
        self.latency = Latency()

    def add(self, *entries: JournalEntry) -> None:
        """Write entries with the next commit."""
        self._entries.extend(entries)
        if self._task is None:
            self._task = self._loop.create_task(self._run())

    def when_durable(self, settled: Settled) -> None:
        """Call `settled` when everything added so far is durable, or is known not to be."""
        self._waiters.append(settled)
        if self._task is None:
            self._task = self._loop.create_task(self._run())

    async def drain(self) -> None:
        """Return when nothing waits."""
        while self._task is not None:
            await self._task

    async def _run(self) -> None:
        try:
            while self._entries or self._waiters:
                entries, self._entries = self._entries, []
                waiters, self._waiters = self._waiters, []
                is_durable = await self._commit(entries)
                for settled in waiters:
                    settled(is_durable)
        finally:
            self._task = None

    async def _commit(self, entries: list[JournalEntry]) -> bool:
        if not entries:
            return True
        began_s = self._loop.time()
        try:
            await self._journal.commit(entries)
        except OSError as error:
            self.failures += 1
            _log.error("broker state could not be written: %s", error)
            return False
        except Exception:  # noqa: BLE001 - the supervisor of the commits: a bug here must not hang every client
            self.failures += 1
            _log.exception("broker state could not be written")
            return False
        self.latency.add(self._loop.time() - began_s)
        return True
