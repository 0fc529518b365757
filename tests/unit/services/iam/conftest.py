from collections.abc import AsyncIterator

import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.changes import RecordingChanges

from keyfob.core.ids import SystemRandomness
from keyfob.services.iam.service import OPERATIONS, IamService
from keyfob.store.database import MemoryDatabase
from keyfob.store.iam_policies import SqlManagedPolicyStore
from keyfob.store.iam_roles import SqlRoleStore
from keyfob.store.iam_users import SqlUserStore
from keyfob.store.tables.metadata import metadata
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.sealed import Sealer


@pytest.fixture
async def database() -> AsyncIterator[MemoryDatabase]:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def changes() -> RecordingChanges:
    return RecordingChanges()


@pytest.fixture
def service(database: MemoryDatabase, changes: RecordingChanges) -> IamService:
    return IamService(
        roles=SqlRoleStore(database, changes),
        users=SqlUserStore(database, changes),
        policies=SqlManagedPolicyStore(database, changes),
        sealer=Sealer(Keyring([bytes(32)])),
        randomness=SystemRandomness(),
    )


@pytest.fixture
def iam(service: IamService) -> Caller[IamService]:
    return Caller("iam", service, OPERATIONS)
