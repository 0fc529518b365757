from collections.abc import AsyncIterator

import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.iam.building import PassRoleAnswers, build_iam

from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.policy_source import IamPolicies
from keyfob.services.iam.service import OPERATIONS
from keyfob.store.database import MemoryDatabase
from keyfob.store.tables.metadata import metadata


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
def pass_role() -> PassRoleAnswers:
    return PassRoleAnswers()


@pytest.fixture
def service(
    database: MemoryDatabase, changes: RecordingChanges, pass_role: PassRoleAnswers
) -> IamService:
    return build_iam(database, changes, pass_role)


@pytest.fixture
def source(service: IamService) -> IamPolicies:
    return IamPolicies(service.roles, service.users, service.groups, service.policies)


@pytest.fixture
def iam(service: IamService) -> Caller[IamService]:
    return Caller("iam", service, OPERATIONS)
