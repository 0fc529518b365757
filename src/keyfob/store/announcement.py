"""Commits and what follows from them, as one step that nobody can interrupt halfway.

A request may be cancelled (its client hung up) while its write waits for the commit. The write
is committed all the same; what must follow, forgetting what was kept in memory and telling
`PolicyChanges`, has to happen all the same too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from keyfob.store.database import Database, Work

T = TypeVar("T")

_UNDER_WAY: set[asyncio.Task[object]] = set()
"""Keeps steps whose callers went away from being collected; a step removes itself."""


async def write_and_tell(
    database: Database, work: Work[T], tell: Callable[[T], Awaitable[None]]
) -> T:
    """Write, then tell; both happen even when the caller is cancelled meanwhile.

    Args:
        database: where to write.
        work: the transaction.
        tell: called with what `work` returned, once that is committed.

    Returns:
        What `work` returned, after `tell` is done.

    Raises:
        Exception: what `work` raised; nothing was written and nobody is told.
    """

    async def step() -> T:
        outcome = await database.write(work)
        await tell(outcome)
        return outcome

    task = asyncio.create_task(step(), name="commit and tell")
    _UNDER_WAY.add(task)
    task.add_done_callback(_UNDER_WAY.discard)
    return await asyncio.shield(task)
