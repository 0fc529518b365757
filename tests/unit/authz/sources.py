"""Hand-driven policy sources: what they hold is plain dictionaries, and reads can be held up."""

import asyncio
from collections import Counter

from tests.unit.authz.actors import ACCOUNT, ALLOW_ALL, IDENTITY, REGION, ROLE, USER

from keyfob.authz.audit import DenialLog
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.connection import PolicyConnectionAuthorizer, open_connection
from keyfob.authz.directory import PolicyDirectory
from keyfob.authz.ports import IdentityPolicies, NamedPolicy
from keyfob.authz.principal import Principal
from keyfob.core.clock import ManualClock
from keyfob.core.ids import AccountId, Region

NOW_S = 1_700_000_100.0


class Sources:
    """All three sources. A read takes its value first and then waits at `gate`, if there is one:
    what it returns may be stale by then."""

    def __init__(self) -> None:
        self.roles: dict[str, IdentityPolicies] = {}
        self.users: dict[str, IdentityPolicies] = {}
        self.attached: dict[str, tuple[str, ...]] = {}
        self.iot: dict[str, str] = {}
        self.gone: set[str] = set()
        self.reads: Counter[str] = Counter()
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()

    async def role_policies(self, role_arn: str) -> IdentityPolicies | None:
        found = self.roles.get(role_arn)
        await self._read("role")
        return found

    async def user_policies(self, user_arn: str) -> IdentityPolicies | None:
        found = self.users.get(user_arn)
        await self._read("user")
        return found

    async def attached_policies(
        self, account: AccountId, region: Region, target: str
    ) -> tuple[NamedPolicy, ...]:
        names = self.attached.get(target, ()) if (account, region) == (ACCOUNT, REGION) else ()
        found = tuple(NamedPolicy(f"{name}:v1", self.iot[name]) for name in names)
        await self._read("attached")
        return found

    async def named_policy(
        self, account: AccountId, region: Region, name: str
    ) -> NamedPolicy | None:
        document = self.iot.get(name) if (account, region) == (ACCOUNT, REGION) else None
        await self._read("named")
        return None if document is None else NamedPolicy(f"{name}:v1", document)

    async def is_active(self, identity_id: str) -> bool:
        is_active = identity_id not in self.gone
        await self._read("identity")
        return is_active

    async def _read(self, kind: str) -> None:
        self.reads[kind] += 1
        if self.failure is not None:
            raise self.failure
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()


def identity_policies(*documents: str, boundary: str | None = None) -> IdentityPolicies:
    return IdentityPolicies(
        tuple(NamedPolicy(f"p{number}", text) for number, text in enumerate(documents)),
        None if boundary is None else NamedPolicy("boundary", boundary),
    )


def generous() -> Sources:
    """Every role, user, identity and listener in `actors` may do everything."""
    sources = Sources()
    sources.roles[ROLE] = identity_policies(ALLOW_ALL)
    sources.users[USER] = identity_policies(ALLOW_ALL)
    sources.iot.update(wide=ALLOW_ALL, plain=ALLOW_ALL)
    sources.attached[IDENTITY] = ("wide",)
    return sources


class World:
    """An authorizer over hand-driven sources and a hand-moved clock."""

    def __init__(self, sources: Sources | None = None, *, has_iot_principal_tags: bool = True):
        self.sources = sources or generous()
        self.clock = ManualClock(at=NOW_S)
        self.directory = PolicyDirectory(self.sources, self.sources, self.sources)
        self.denials = DenialLog()
        self.authorizer = Authorizer(
            self.directory, self.denials, self.clock, has_iot_principal_tags
        )

    async def connect(
        self, principal: Principal, region: Region = REGION
    ) -> PolicyConnectionAuthorizer:
        return await open_connection(
            self.authorizer,
            principal,
            region,
            "192.0.2.7",
            is_tls=True,
            domain_name="iot.example.com",
        )
