from collections.abc import AsyncIterator

import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.changes import RecordingChanges

from keyfob.core.ids import AccountId, Region, SystemRandomness
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.ports import EndpointAddress
from keyfob.services.iot.service import OPERATIONS
from keyfob.store.database import MemoryDatabase
from keyfob.store.iot_policies import SqlIotPolicyStore
from keyfob.store.tables.metadata import metadata


class Targets:
    """Knows the targets it was told of."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str, str]] = set()

    async def exists(self, account: AccountId, region: Region, target: str) -> bool:
        return (account, region, target) in self.known


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
def targets() -> Targets:
    return Targets()


@pytest.fixture
def service(database: MemoryDatabase, changes: RecordingChanges, targets: Targets) -> IotService:
    return IotService(
        policies=SqlIotPolicyStore(database, changes),
        targets=targets,
        endpoint=EndpointAddress("127.0.0.1", 4566),
        randomness=SystemRandomness(),
    )


@pytest.fixture
def iot(service: IotService) -> Caller[IotService]:
    return Caller("iot", service, OPERATIONS)
