"""Every operation has a row that says who may call it, and the rows agree with AWS's models."""

import inspect
from typing import Any

import pytest
from tests.architecture.coverage import TABLES

from keyfob.authz.operation import Auth, Operation
from keyfob.wire import service_model
from keyfob.wire.catalog import SERVICES

ROWS = [(service, row) for service, table in TABLES.items() for row in table]
IDS = [f"{service} {row.name}" for service, row in ROWS]

ACTION_PREFIXES = {"iot-data": "iot"}

OTHER_ACTIONS: dict[tuple[str, str], str] = {}
"""Operations whose IAM action is not called like them, with the action."""

OTHERWISE_SIGNED: dict[tuple[str, str], str] = {}
"""Rows that differ from the model's `authtype: none`, with the reason. There are none."""


@pytest.mark.parametrize(("service", "row"), ROWS, ids=IDS)
def test_the_row_is_an_operation_of_the_model(service: str, row: Operation[Any]) -> None:
    assert row.name in service_model(service).operations


@pytest.mark.parametrize(("service", "row"), ROWS, ids=IDS)
def test_the_row_has_a_handler(service: str, row: Operation[Any]) -> None:
    assert inspect.iscoroutinefunction(row.handler)


@pytest.mark.parametrize(("service", "row"), ROWS, ids=IDS)
def test_the_row_names_its_action_or_asks_no_policy(service: str, row: Operation[Any]) -> None:
    if row.auth is Auth.SIGV4:
        prefix = ACTION_PREFIXES.get(service, service)
        expected = OTHER_ACTIONS.get((service, row.name), f"{prefix}:{row.name}")
        assert row.action == expected
    else:
        assert row.action == ""


@pytest.mark.parametrize(("service", "row"), ROWS, ids=IDS)
def test_the_row_takes_a_signature_where_the_model_does(service: str, row: Operation[Any]) -> None:
    is_unsigned = row.auth in (Auth.PUBLIC, Auth.ACCESS_TOKEN)
    in_model = service_model(service).operation(row.name).is_unsigned
    assert (is_unsigned == in_model) != ((service, row.name) in OTHERWISE_SIGNED)


@pytest.mark.parametrize(("service", "row"), ROWS, ids=IDS)
def test_an_access_token_is_a_required_member(service: str, row: Operation[Any]) -> None:
    if row.auth is not Auth.ACCESS_TOKEN:
        return
    model = service_model(service)
    shape = model.operation(row.name).input
    assert shape is not None
    assert "AccessToken" in model.shapes[shape.shape].required


def test_no_operation_has_two_rows() -> None:
    assert len(set(IDS)) == len(IDS)


def test_every_service_of_the_catalog_has_a_table() -> None:
    assert set(TABLES) == {row.name for row in SERVICES}


def test_only_these_calls_are_asked_no_policy() -> None:
    """A new row of this kind needs its reason written here."""
    found = {(service, row.name) for service, row in ROWS if row.auth is Auth.SIGV4_WITHOUT_POLICY}
    assert found == {
        ("sts", "GetCallerIdentity"),  # STS API Reference: no permissions are required
        ("sts", "GetSessionToken"),  # STS API Reference: no permissions are required
        ("sts", "AssumeRole"),  # the handler asks caller and trust policy together
    }
