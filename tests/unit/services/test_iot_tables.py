"""The operation tables of `iam`, `iot` and `iot_data` against the models."""

from typing import Any

import pytest
from tests.unit.services.caller import load_model

from keyfob.authz.operation import Auth, Operation
from keyfob.services.iam import service as iam
from keyfob.services.iot import service as iot
from keyfob.services.iot_data import service as iot_data

ROWS: list[tuple[str, str, Operation[Any]]] = [
    *(("iam", "iam", row) for row in iam.OPERATIONS),
    *(("iot", "iot", row) for row in iot.OPERATIONS),
    *(("iot-data", "iot", row) for row in iot_data.OPERATIONS),
]


@pytest.mark.parametrize(
    ("model", "prefix", "row"), ROWS, ids=[f"{model} {row.name}" for model, _, row in ROWS]
)
def test_every_row_is_signed_and_asks_for_its_own_action(
    model: str, prefix: str, row: Operation[Any]
) -> None:
    assert row.name in load_model(model).operation_names
    assert (row.auth, row.action) == (Auth.SIGV4, f"{prefix}:{row.name}")


def test_no_operation_has_two_rows() -> None:
    names = [(model, row.name) for model, _, row in ROWS]
    assert len(names) == len(set(names))
