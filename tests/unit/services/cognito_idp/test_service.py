import re
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from keyfob.authz.operation import Auth, any_resource
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.service import OPERATIONS, named_pool, named_resource

MODEL = Loader().load_service_model("cognito-idp", "service-2")


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_each_row_asks_for_the_proof_the_model_asks_for(row: Any) -> None:
    operation = MODEL["operations"][row.name]
    members = MODEL["shapes"][operation["input"]["shape"]]
    is_unsigned = operation.get("authtype") == "none"
    assert (row.auth is not Auth.SIGV4) == is_unsigned
    assert (row.auth is Auth.ACCESS_TOKEN) == ("AccessToken" in members.get("required", ()))
    assert row.action == ("" if is_unsigned else f"cognito-idp:{row.name}")
    expected: Any = any_resource
    if not is_unsigned and "UserPoolId" in members["members"]:
        expected = named_pool
    if "ResourceArn" in members["members"]:
        expected = named_resource
    assert row.resources is expected


def test_each_operation_has_one_row() -> None:
    names = [row.name for row in OPERATIONS]
    assert len(names) == len(set(names))


def test_every_error_is_in_the_model() -> None:
    exceptions = {name for name, shape in MODEL["shapes"].items() if shape.get("exception")}
    source = Path(errors.__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'"(\w+Exception)"', source))
    assert codes
    assert codes <= exceptions
