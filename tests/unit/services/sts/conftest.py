"""STS with fakes for what other services give it."""

import pytest
from tests.unit.services.sts.fakes import (
    FakeCallerPolicies,
    FakeManagedPolicies,
    FakeRoles,
    FakeUsers,
    FakeWebIdentities,
    Sts,
)

from keyfob.authz.audit import DenialLog
from keyfob.core.ids import SystemRandomness
from keyfob.services.sts import (
    RoleSessionIssuer,
    SessionCredentials,
    StsService,
    UserSessionCredentials,
)
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.sealed import Sealer


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(Keyring([b"k" * 32]))


@pytest.fixture
def sts(sealer: Sealer) -> Sts:
    roles, managed = FakeRoles(), FakeManagedPolicies()
    callers, web = FakeCallerPolicies(), FakeWebIdentities()
    sessions = SessionCredentials(sealer, SystemRandomness())
    users = FakeUsers()
    user_sessions = UserSessionCredentials(sealer, SystemRandomness(), users)
    issuer = RoleSessionIssuer(roles, sessions, DenialLog())
    service = StsService(issuer, callers, managed, web, user_sessions, users)
    return Sts(roles, managed, callers, web, sessions, users, user_sessions, service)
