"""Identity pools on a real store in memory."""

from collections.abc import Iterator

import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.cognito_identity.fakes import (
    FakeIssuer,
    FakeIssuerKeys,
    FakeLogins,
    FakeOidcProviders,
    FakeOpenIdKeys,
    FakePassRole,
    World,
)

from keyfob.core.ids import SystemRandomness
from keyfob.services.cognito_identity import OPERATIONS, CognitoIdentityService
from keyfob.store.database import MemoryDatabase
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.identity_pools import SqlIdentityPoolStore
from keyfob.store.tables import metadata


@pytest.fixture
def world() -> Iterator[World]:
    database, changes = MemoryDatabase(), RecordingChanges()
    metadata.create_all(database.engine)
    identities = SqlIdentityStore(database, changes)
    pools = SqlIdentityPoolStore(database, identities)
    logins, issuer, pass_role = FakeLogins(), FakeIssuer(), FakePassRole()
    issuer_keys = FakeIssuerKeys()
    service = CognitoIdentityService(
        pools, identities, logins, issuer, pass_role, FakeOpenIdKeys(),
        SystemRandomness(), FakeOidcProviders(), issuer_keys,
    )  # fmt: skip
    call = Caller("cognito-identity", service, OPERATIONS)
    yield World(call, database, changes, pools, identities, logins, issuer, pass_role, issuer_keys)
    database.engine.dispose()
