"""A client's session as the broker holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyfob.mqtt.session import Session

if TYPE_CHECKING:
    from keyfob.mqtt.broker.agenda import Appointment
    from keyfob.mqtt.broker.connection import Connection


@dataclass(slots=True)
class DelayedWill:
    """A will that is published later, and how to let go of what would judge it then."""

    appointment: Appointment
    release: Callable[[], None]

    @property
    def at_s(self) -> float:
        """When it is due."""
        return self.appointment.at_s

    def send(self) -> None:
        """Publish it now."""
        action = self.appointment.action
        self.appointment.cancel()
        if action is not None:
            action()

    def cancel(self) -> None:
        """Do not publish it."""
        self.appointment.cancel()
        self.release()


class ClientSession(Session):
    """A session, its connection while it has one, and when it ends while it has none."""

    __slots__ = ("connection", "ending", "is_stored", "will")

    def __init__(self, client_id: str, expiry_interval_s: int, window: int) -> None:
        """Start empty and unconnected."""
        super().__init__(client_id, expiry_interval_s, window)
        self.connection: Connection | None = None
        self.is_stored = False
        """Whether the journal holds it."""
        self.ending: Appointment | None = None
        self.will: DelayedWill | None = None
        """A delayed will that is still to be published."""

    def resume(self, expiry_interval_s: int, window: int) -> None:
        """A client opens it: it does not end now, and its delayed will is not sent."""
        self.expiry_interval_s = expiry_interval_s
        self.window = window
        if self.ending is not None:
            self.ending.cancel()
            self.ending = None
        if self.will is not None:
            self.will.cancel()
            self.will = None
