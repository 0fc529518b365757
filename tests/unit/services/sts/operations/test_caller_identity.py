import pytest
from tests.unit.services.sts.fakes import ACCOUNT, ALICE, Sts
from tests.unit.services.sts.operations.test_assume_role import session

from keyfob.authz.operation import Auth
from keyfob.authz.principal import Principal, Root
from keyfob.services.sts import OPERATIONS
from keyfob.services.sts.operations.caller_identity import get_caller_identity


@pytest.mark.parametrize(
    ("principal", "user_id", "arn"),
    [
        (Root(ACCOUNT), ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"),
        (ALICE, "AIDAALICE", ALICE.arn),
        (session(), "AROACALLER:work", f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller/work"),
    ],
)
async def test_who_am_i(sts: Sts, principal: Principal, user_id: str, arn: str) -> None:
    output = await sts.call(get_caller_identity, principal)
    assert output == {"UserId": user_id, "Account": ACCOUNT, "Arn": arn}


def test_no_policy_is_asked_for_it() -> None:
    (row,) = [row for row in OPERATIONS if row.name == "GetCallerIdentity"]
    assert row.auth is Auth.SIGV4_WITHOUT_POLICY
