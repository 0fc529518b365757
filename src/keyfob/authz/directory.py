"""The policies in force: loaded once, shared, and replaced before a change is answered.

Theory. Each fact lives under a `Key` in a `_Held` entry. Entries that a lease uses (every live
connection has one, every HTTP decision opens one) are reloaded when they change; idle ones are
dropped. A change raises the entry's `wanted` version before anything is read; a load notes the
version it started from, so a value read before the change can never be taken for one read after
it. When a change call returns, every entry in use holds the new state and `epoch` has moved, so
answers made from the old state are recognised as old.

Rules. 1. A load that fails leaves a policy that denies everything, until a load succeeds.
2. A change is carried through even when the caller that reported it goes away.
3. Between two awaits a lease sees each entry whole: values are replaced, never altered.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from keyfob.authz.compilation import PolicyCompiler
from keyfob.authz.holding import (
    AttachmentsKey,
    Holding,
    IdentityKey,
    IotPolicyKey,
    Key,
    RoleKey,
    UserKey,
)
from keyfob.authz.layers import ACTIVE_POLICY, ROWS, Layer, build_layer, key_of, kind_of
from keyfob.authz.ports import (
    IamPolicySource,
    IdentityDirectory,
    IdentityPolicies,
    IotPolicySource,
    NamedPolicy,
)
from keyfob.authz.principal import FederatedUser, Principal, RoleSession
from keyfob.core.ids import AccountId, Region
from keyfob.policy import CompiledPolicy, PolicyKind, deny_all_policy

_LOG = logging.getLogger(__name__)

MAX_IDLE_ENTRIES = 10_000
"""Entries kept that nobody uses right now: some kilobytes each with their share of policies."""

_UNREAD = Holding((deny_all_policy("unread policies", "engine-error: policies not read yet"),))
_FAILED = Holding((deny_all_policy("unread policies", "engine-error: policies cannot be read"),))


class _Held:
    """One entry: a holding, and which version of it this is."""

    __slots__ = ("holding", "key", "loaded", "lock", "users", "wanted")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.holding = _UNREAD
        self.wanted = 1
        """Raised by every change."""
        self.loaded = 0
        """The version `holding` was read at; less than `wanted` when it is out of date."""
        self.users = 0
        self.lock = asyncio.Lock()

    @property
    def is_current(self) -> bool:
        return self.loaded == self.wanted


class Lease:
    """One principal's hold on the directory: while it is open, its entries are kept current."""

    def __init__(
        self,
        principal: Principal,
        entries: dict[Key, _Held],
        region: Region,
        session: tuple[CompiledPolicy, ...],
    ) -> None:
        """Bind acquired entries; `PolicyDirectory.open_lease` is the only caller."""
        self.principal = principal
        self.region = region
        self.session = session
        self._entries = entries
        self._rows = tuple(
            (row, key_of(row.layer, principal, region)) for row in ROWS[kind_of(principal)]
        )

    def layers(self, action: str) -> tuple[Layer, ...]:
        """Return the layers that judge an action, as they stand now, in the table's order."""
        name = action.lower()
        layers = []
        for row, key in self._rows:
            if row.actions is not None and name not in row.actions:
                continue
            holding = None if key is None else self._entries[key].holding
            layer = build_layer(row, holding, self.session)
            if layer is not None:
                layers.append(layer)
        return tuple(layers)

    @property
    def is_volatile(self) -> bool:
        """Whether any policy of the principal looks at the clock."""
        holdings = [held.holding for held in self._entries.values()]
        policies = [policy for holding in holdings for policy in holding.policies]
        policies += [holding.boundary for holding in holdings if holding.boundary is not None]
        return any(policy.is_volatile for policy in (*policies, *self.session))

    @property
    def entries(self) -> tuple[_Held, ...]:
        """The entries held."""
        return tuple(self._entries.values())


class PolicyDirectory:
    """The policies of every principal; implements `authz.ports.PolicyChanges`."""

    def __init__(
        self,
        iam: IamPolicySource,
        iot: IotPolicySource,
        identities: IdentityDirectory,
        *,
        max_idle_entries: int = MAX_IDLE_ENTRIES,
    ) -> None:
        """Read from these sources, lazily."""
        self._iam = iam
        self._iot = iot
        self._identities = identities
        self._max_idle_entries = max_idle_entries
        self._compiler = PolicyCompiler()
        self._in_use: dict[Key, _Held] = {}
        self._idle: OrderedDict[Key, _Held] = OrderedDict()
        self._changes: set[asyncio.Task[None]] = set()
        self.epoch = 1
        """Moves whenever an answer made from an entry in use may no longer hold."""

    # Leases

    async def open_lease(self, principal: Principal, region: Region) -> Lease:
        """Load what judges a principal and keep it current until `close_lease`.

        Raises:
            Exception: whatever a source raised; nothing is held then.
        """
        keys = [key_of(row.layer, principal, region) for row in ROWS[kind_of(principal)]]
        entries: dict[Key, _Held] = {}
        try:
            for key in dict.fromkeys(key for key in keys if key is not None):
                held = entries[key] = self._acquire(key)
                if not held.is_current:
                    await self._refresh(held)
                    if held.users > 1:  # others may have answers made from what was replaced
                        self.epoch += 1
        except BaseException:
            self._release(entries.values())
            raise
        return Lease(principal, entries, region, self._session_policies(principal))

    def close_lease(self, lease: Lease) -> None:
        """Let go of a lease's entries; call it once."""
        self._release(lease.entries)

    @asynccontextmanager
    async def lease(self, principal: Principal, region: Region) -> AsyncIterator[Lease]:
        """Open a lease for the body of an `async with`."""
        lease = await self.open_lease(principal, region)
        try:
            yield lease
        finally:
            self.close_lease(lease)

    # PolicyChanges

    async def role_changed(self, role_arn: str) -> None:
        """Take in that a role's policies, boundary or existence changed."""
        await self._changed([RoleKey(role_arn)])

    async def user_changed(self, user_arn: str) -> None:
        """Take in that a user's policies, boundary or existence changed."""
        await self._changed([UserKey(user_arn)])

    async def managed_policy_changed(self, policy_arn: str) -> None:
        """Take in that a managed policy changed.

        Which principals have it is the source's knowledge, so every role and user known here is
        read anew; there are few in use at a time.
        """
        del policy_arn
        await self._changed(self._keys(lambda held: isinstance(held.key, RoleKey | UserKey)))

    async def iot_policy_changed(self, account: AccountId, region: Region, name: str) -> None:
        """Take in that an IoT policy's default version or existence changed."""
        attached = self._keys(
            lambda held: (
                isinstance(held.key, AttachmentsKey)
                and (held.key.account, held.key.region) == (account, region)
                and (not held.is_current or _has_policy(held.holding, name))
            )
        )
        await self._changed([IotPolicyKey(account, region, name), *attached])

    async def attachments_changed(self, account: AccountId, region: Region, target: str) -> None:
        """Take in that the policies attached to a target changed."""
        await self._changed([AttachmentsKey(account, region, target)])

    async def identity_changed(self, identity_id: str) -> None:
        """Take in that an identity was deleted, disabled or merged."""
        await self._changed([IdentityKey(identity_id)])

    async def close(self) -> None:
        """Wait for changes under way."""
        if self._changes:
            await asyncio.wait(self._changes)

    # Entries

    def __len__(self) -> int:
        return len(self._in_use) + len(self._idle)

    def _keys(self, is_affected: Callable[[_Held], bool]) -> list[Key]:
        entries = (*self._in_use.values(), *self._idle.values())
        return [held.key for held in entries if is_affected(held)]

    def _acquire(self, key: Key) -> _Held:
        held = self._in_use.get(key)
        if held is None:
            held = self._idle.pop(key) if key in self._idle else _Held(key)
            self._in_use[key] = held
        held.users += 1
        return held

    def _release(self, entries: Iterable[_Held]) -> None:
        for held in entries:
            held.users -= 1
            if held.users:
                continue
            del self._in_use[held.key]
            if held.is_current:
                self._idle[held.key] = held
        while len(self._idle) > self._max_idle_entries:
            self._idle.popitem(last=False)

    async def _changed(self, keys: Iterable[Key]) -> None:
        stale = []
        for key in keys:
            self._idle.pop(key, None)
            held = self._in_use.get(key)
            if held is not None:
                held.wanted += 1
                stale.append(held)
        if not stale:
            return
        task = asyncio.create_task(self._reload(stale), name="policy change")
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        # The change is committed: a caller that is cancelled meanwhile must not undo its effect.
        await asyncio.shield(task)

    async def _reload(self, stale: list[_Held]) -> None:
        try:
            for held in stale:
                try:
                    await self._refresh(held)
                except Exception:  # noqa: BLE001 - whatever failed, all is denied now
                    _LOG.exception("policies of %s cannot be read: all is denied", held.key)
        finally:
            self.epoch += 1

    async def _refresh(self, held: _Held) -> None:
        """Load once, unless somebody else has done so meanwhile.

        The value is as new as the newest change known when the load began. A change that comes
        later finds the entry out of date, waits its turn here, and loads again.
        """
        async with held.lock:
            if held.is_current:
                return
            version = held.wanted
            try:
                held.holding = await self._load(held.key)
            except Exception:
                held.holding = _FAILED
                raise
            held.loaded = version

    # Loads

    async def _load(self, key: Key) -> Holding:
        match key:
            case RoleKey(arn=arn):
                return self._iam_holding(await self._iam.role_policies(arn), "role")
            case UserKey(arn=arn):
                return self._iam_holding(await self._iam.user_policies(arn), "user")
            case AttachmentsKey(account=account, region=region, target=target):
                attached = await self._iot.attached_policies(account, region, target)
                note = "" if attached else f"no IoT policy is attached to {target}"
                return Holding(self._compile(attached, PolicyKind.IOT), note=note)
            case IotPolicyKey(account=account, region=region, name=name):
                policy = await self._iot.named_policy(account, region, name)
                if policy is None:
                    return Holding(note=f"there is no IoT policy named {name}")
                return Holding(self._compile((policy,), PolicyKind.IOT))
            case IdentityKey(identity_id=identity_id):
                if await self._identities.is_active(identity_id):
                    return Holding((ACTIVE_POLICY,))
                return Holding(
                    (deny_all_policy("identity status", "the identity is deleted or disabled"),)
                )

    def _iam_holding(self, found: IdentityPolicies | None, kind: str) -> Holding:
        if found is None:
            return Holding(note=f"the {kind} no longer exists")
        policies = self._compile(found.policies, PolicyKind.IDENTITY)
        if found.boundary is None:
            return Holding(policies)
        return Holding(policies, self._compiler.compile(found.boundary, PolicyKind.IDENTITY))

    def _session_policies(self, principal: Principal) -> tuple[CompiledPolicy, ...]:
        if not isinstance(principal, RoleSession | FederatedUser):
            return ()
        named = tuple(
            NamedPolicy(f"session policy {number}", document)
            for number, document in enumerate(principal.session_policies, 1)
        )
        return self._compile(named, PolicyKind.SESSION)

    def _compile(
        self, policies: tuple[NamedPolicy, ...], kind: PolicyKind
    ) -> tuple[CompiledPolicy, ...]:
        return tuple(self._compiler.compile(policy, kind) for policy in policies)


def _has_policy(holding: Holding, name: str) -> bool:
    """Whether a holding has an IoT policy of any version; `:` is no part of a policy's name."""
    return any(policy.name.partition(":")[0] == name for policy in holding.policies)
