"""STS with fakes for what other services give it."""

import pytest
from tests.unit.services.sts.fakes import (
    FakeCallerPolicies,
    FakeManagedPolicies,
    FakeRoles,
    FakeWebIdentities,
    Sts,
)

from keyfob.core.ids import SystemRandomness
from keyfob.services.sts import RoleSessionIssuer, SessionCredentials, StsService
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
    service = StsService(RoleSessionIssuer(roles, sessions), callers, managed, web)
    return Sts(roles, managed, callers, web, sessions, service)
