"""What is to happen at a time by the broker's clock: session ends, delayed wills."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, order=True)
class Appointment:
    """One thing to do; `cancel` it where the reason went away."""

    at_s: float
    number: int
    action: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        """Do nothing when the time comes."""
        self.action = None


class Agenda:
    """Appointments by time."""

    def __init__(self) -> None:
        """Start with none."""
        self._heap: list[Appointment] = []
        self._count = 0

    def at(self, at_s: float, action: Callable[[], None]) -> Appointment:
        """Do `action` at the first `run` from `at_s` on."""
        self._count += 1
        appointment = Appointment(at_s, self._count, action)
        heapq.heappush(self._heap, appointment)
        return appointment

    def run(self, now_s: float) -> None:
        """Do everything that is due."""
        heap = self._heap
        while heap and (heap[0].at_s <= now_s or heap[0].action is None):
            action = heapq.heappop(heap).action
            if action is not None:
                action()
