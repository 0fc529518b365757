import asyncio
from collections.abc import Sequence

from tests.unit.mqtt.broker.harness import FakeLoop

from keyfob.mqtt.broker.durable import GroupCommit
from keyfob.mqtt.ports import JournalEntry, SessionEnded, StoredMessage, StoredSession


class SlowJournal:
    """Commits when it is let; fails when told to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.commits: list[list[JournalEntry]] = []
        self.problem: Exception | None = None

    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        return (), ()

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        self.commits.append(list(entries))


async def test_what_comes_during_a_commit_goes_together_into_the_next() -> None:
    journal, outcomes = SlowJournal(), list[str]()
    group = GroupCommit(journal, FakeLoop())
    group.add(SessionEnded("1"))
    group.when_durable(lambda ok: outcomes.append(f"1 {ok}"))
    await asyncio.sleep(0)
    for name in ("2", "3"):
        group.add(SessionEnded(name))
        group.when_durable(lambda ok, name=name: outcomes.append(f"{name} {ok}"))  # type: ignore[misc]
    assert outcomes == []
    journal.gate.set()
    await group.drain()
    assert journal.commits == [[SessionEnded("1")], [SessionEnded("2"), SessionEnded("3")]]
    assert outcomes == ["1 True", "2 True", "3 True"]


async def test_a_failure_is_told_and_the_next_commit_is_tried() -> None:
    journal, outcomes = SlowJournal(), list[bool]()
    journal.gate.set()
    group = GroupCommit(journal, FakeLoop())
    for problem in (OSError("full"), ValueError("a bug"), None):
        journal.problem = problem
        group.add(SessionEnded("x"))
        group.when_durable(outcomes.append)
        await group.drain()
    assert outcomes == [False, False, True]
    assert group.failures == 2
