"""Time as a parameter: everything that needs to know the time is handed a `Clock`.

Times are UTC epoch seconds as `float` everywhere inside keyfob; they become dates,
milliseconds or HTTP text only where a wire format asks for it.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the only source of it outside `server`."""

    def now(self) -> float:
        """Return the current time in UTC epoch seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return `time.time()`."""
        return time.time()


class ManualClock:
    """A clock that a test, or the admin endpoint, moves forward by hand.

    It runs on from `base` and adds what `advance` was given, so expiry can be tested
    without waiting.
    """

    def __init__(self, base: Clock | None = None, *, at: float | None = None) -> None:
        """Start from a running clock, or stand still `at` a moment."""
        self._base = base
        self._offset_s = 0.0 if at is None else at

    def now(self) -> float:
        """Return the base clock's time, or the fixed moment, plus all advances."""
        return self._offset_s + (self._base.now() if self._base is not None else 0.0)

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValueError: `seconds` is negative; time never runs backwards here.
        """
        if seconds < 0:
            raise ValueError("a clock is only moved forward")
        self._offset_s += seconds
