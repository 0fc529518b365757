"""When access keys last signed, without a write for every request.

Uses are noted in memory and written together, at most once a minute and when the server stops. A
crash loses what was noted since: the dates lag behind, as AWS's own do.
"""

import asyncio
import logging

from keyfob.core.ids import Region
from keyfob.store.ports.iam_users import AccessKeyUse, UserStore

_LOG = logging.getLogger(__name__)

SAVE_AFTER_S = 60.0
"""Longest time a use is only in memory."""

MAX_UNSAVED = 10_000
"""Keys whose use is noted between two writes; the uses of further ones are not."""


class KeyUses:
    """The latest use of every access key."""

    def __init__(self, users: UserStore) -> None:
        """Keep uses with `users`."""
        self._users = users
        self._unsaved: dict[str, AccessKeyUse] = {}
        self._saving: dict[str, AccessKeyUse] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._save: asyncio.Task[None] | None = None

    def note(self, access_key_id: str, region: Region, service: str, now_s: float) -> None:
        """Note one use; it is written later."""
        if access_key_id not in self._unsaved and len(self._unsaved) >= MAX_UNSAVED:
            return
        self._unsaved[access_key_id] = AccessKeyUse(now_s, region, service)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SAVE_AFTER_S, self._start_saving)

    async def latest(self, access_key_id: str) -> AccessKeyUse | None:
        """Return the latest use of a key; None when it was never used."""
        noted = self._unsaved.get(access_key_id) or self._saving.get(access_key_id)
        return noted or await self._users.key_use(access_key_id)

    async def save(self) -> None:
        """Write what was noted.

        Raises:
            OSError: it cannot be written; it stays noted.
        """
        if not self._unsaved:
            return
        self._saving, self._unsaved = self._unsaved, {}
        try:
            await self._users.keep_key_uses(self._saving)
        except BaseException:
            self._unsaved = {**self._saving, **self._unsaved}
            raise
        finally:
            self._saving = {}

    async def close(self) -> None:
        """Write what was noted, and nothing more after that."""
        if self._timer is not None:
            self._timer.cancel()
        if self._save is not None:
            await self._save
        await self.save()

    def _start_saving(self) -> None:
        self._timer = None
        self._save = asyncio.create_task(self._save_logged(), name="save access key uses")

    async def _save_logged(self) -> None:
        try:
            await self.save()
        except Exception:  # noqa: BLE001 - noted again; the next use tries anew
            _LOG.exception("the last uses of access keys cannot be saved")
