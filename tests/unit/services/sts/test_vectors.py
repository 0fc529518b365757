"""Trust policies together with the caller's own: tests/vectors/authz/assume_role.json."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import ROLE, USER
from tests.unit.authz.sources import NOW_S, World
from tests.unit.authz.test_vectors import documents, set_up
from tests.unit.services.sts.fakes import Sts, make_role, trust

from keyfob.authz.layers import LayerKind
from keyfob.authz.operation import _AUTHORIZER, AuthorizedRequest, Call
from keyfob.authz.principal import IamUser, RoleSession
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId
from keyfob.services.sts import AuthorizedCallerPolicies
from keyfob.services.sts.operations.assume_role import assume_role

CASES = json.loads(
    (Path(__file__).parents[3] / "vectors" / "authz" / "assume_role.json").read_text()
)
OTHER_ACCOUNT = AccountId("210987654321")
Case = dict[str, Any]


def caller_of(case: Case) -> IamUser | RoleSession:
    account = OTHER_ACCOUNT if case["is_other_account"] else actors.ACCOUNT
    if case["caller"] == "iam user":
        return IamUser(account, "dev", f"arn:aws:iam::{account}:user/dev", "AIDAEXAMPLE")
    return actors.role_session(session_policies=documents(case["policies"].get("session")))


def trust_policy(case: Case, caller: IamUser | RoleSession) -> str:
    account = f"arn:aws:iam::{caller.account}:root"
    named = {
        "caller": caller.arn,
        "role": caller.role_arn if isinstance(caller, RoleSession) else "",
        "account": account,
        "denied": account,
        "nobody": f"arn:aws:iam::{actors.ACCOUNT}:user/somebody-else",
    }[case["trust_names"]]
    statement = {"Effect": "Allow", "Principal": {"AWS": named}, "Action": "sts:AssumeRole"}
    denying = {"Effect": "Deny", "Principal": "*", "Action": "sts:*"}
    return trust(statement, *([denying] if case["trust_names"] == "denied" else []))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_assume_role(case: Case, sts: Sts) -> None:
    caller, sources = caller_of(case), set_up(case["policies"])
    sources.users[caller.arn] = sources.users[USER]
    assert ROLE in sources.roles
    world = World(sources)
    role = sts.roles.put(make_role(trust_policy(case, caller)))
    service = replace(
        sts.service,
        issuer=replace(sts.service.issuer, denials=world.denials),
        caller_policies=AuthorizedCallerPolicies(world.authorizer),
    )
    call = Call(
        service="sts",
        operation="AssumeRole",
        params={"RoleArn": role.arn, "RoleSessionName": "visit"},
        principal=caller,
        account=caller.account,
        region=actors.REGION,
        request_id="request",
        source_ip="192.0.2.7",
        is_tls=True,
        now_s=NOW_S,
    )
    request = AuthorizedRequest(call, _AUTHORIZER)
    if case["expected"] == "allow":
        assert "Credentials" in await assume_role(service, request), case["because"]
        assert world.denials.recent() == ()
        return
    with pytest.raises(AwsError) as refused:
        await assume_role(service, request)
    assert refused.value.code == "AccessDenied", case["because"]
    (denial,) = world.denials.recent()
    is_trusted = case["trust_names"] not in ("nobody", "denied")
    assert (denial.layer == LayerKind.TRUST.value) is not is_trusted
