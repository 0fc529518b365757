"""Devices that users sign in from."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from keyfob.store.ports.page import Page


class DeviceRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A confirmed device."""

    pool_id: str
    sub: str
    """Whose it is."""
    device_key: str
    name: str = ""
    verifier_encrypted: bytes
    """SRP salt and verifier of the device's secret, under the keyring."""
    is_remembered: bool = False
    ip: str = ""
    """Where it was last seen."""
    created_at_s: float
    modified_at_s: float
    authenticated_at_s: float


class DeviceStore(Protocol):
    """Keeps devices; they go with their user."""

    async def get(self, pool_id: str, sub: str, device_key: str) -> DeviceRecord | None:
        """Return one of a user's devices."""
        ...

    async def add(self, record: DeviceRecord) -> bool:
        """Keep a new one; False when the user has it already."""
        ...

    async def update(
        self,
        pool_id: str,
        sub: str,
        device_key: str,
        change: Callable[[DeviceRecord], DeviceRecord],
    ) -> DeviceRecord | None:
        """Replace one by what `change` makes of it; None when there is none."""
        ...

    async def delete(self, pool_id: str, sub: str, device_key: str) -> bool:
        """Delete one; False when there was none."""
        ...

    async def list_devices(
        self, pool_id: str, sub: str, *, after: str | None, limit: int
    ) -> Page[DeviceRecord]:
        """Return a user's devices in the order of their keys."""
        ...
