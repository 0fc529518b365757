"""Proofs taken one at a time for each user, so that a burst is counted guess by guess.

Were they looked at side by side, all of a burst would pass the check of the lockout before the
first failure is counted.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from keyfob.services.cognito_idp import errors

MAX_WAITING = 100
"""Attempts that may wait for one user; more are refused."""


@dataclass(slots=True)
class _Lane:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """Attempts that hold the lock or wait for it."""


class AttemptLanes:
    """A lane for each user who is signing in; empty lanes are forgotten."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        """Let at most `max_waiting` attempts queue for one user."""
        self._max_waiting = max_waiting
        self._lanes: dict[tuple[str, str], _Lane] = {}

    @asynccontextmanager
    async def enter(self, pool_id: str, key: str) -> AsyncIterator[None]:
        """Wait until no other attempt for the user is being looked at.

        Raises:
            AwsError: too many wait.
        """
        lane = self._lanes.setdefault((pool_id, key), _Lane())
        if lane.users >= self._max_waiting:
            raise errors.too_many_requests()
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[pool_id, key]
