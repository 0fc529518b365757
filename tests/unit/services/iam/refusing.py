"""Calls an operation that is to be refused."""

import pytest
from tests.unit.services.caller import Caller

from keyfob.core.errors import AwsError
from keyfob.services.iam.dependencies import IamService


async def refuse(iam: Caller[IamService], name: str, **params: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await iam(name, **params)
    return caught.value
