"""A `PolicyChanges` that remembers what it was told, and what the database said at that moment."""

from collections.abc import Callable

from keyfob.core.ids import AccountId, Region


class RecordingChanges:
    """Each entry of `told` is the method's name and arguments; `seen` is `probe()` at the call."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.seen: list[object] = []
        self.probe: Callable[[], object] = lambda: None

    def _note(self, *entry: str) -> None:
        self.told.append(entry)
        self.seen.append(self.probe())

    def take(self) -> list[tuple[str, ...]]:
        told, self.told = self.told, []
        return told

    async def role_changed(self, role_arn: str) -> None:
        self._note("role", role_arn)

    async def user_changed(self, user_arn: str) -> None:
        self._note("user", user_arn)

    async def managed_policy_changed(self, policy_arn: str) -> None:
        self._note("managed policy", policy_arn)

    async def iot_policy_changed(self, account: AccountId, region: Region, name: str) -> None:
        self._note("iot policy", account, region, name)

    async def attachments_changed(self, account: AccountId, region: Region, target: str) -> None:
        self._note("attachments", account, region, target)

    async def identity_changed(self, identity_id: str) -> None:
        self._note("identity", identity_id)
