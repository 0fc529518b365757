"""Every case under tests/vectors/authz: who is judged by which policies, and what comes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import ACCOUNT, IDENTITY, REGION, ROLE, USER, allow, deny, policy
from tests.unit.authz.sources import NOW_S, Sources, World, identity_policies

from keyfob.authz.context import Circumstances
from keyfob.authz.layers import TABLE, PrincipalKind, kind_of
from keyfob.authz.principal import FederatedUser, IamUser, Principal, Root, TokenSession
from keyfob.services.cognito_identity.domain.guest_policies import GUEST_SESSION_POLICIES

VECTORS = Path(__file__).parents[2] / "vectors" / "authz"
HERE = Circumstances(REGION, "192.0.2.7", is_tls=True)

DOCUMENTS = {
    "allow": policy(allow()),
    "other": policy(allow("*", "arn:aws:s3:::elsewhere/*")),
    "deny": policy(allow(), deny()),
}
"""What the words of the cases stand for; `nothing` is no policy at all."""

Case = dict[str, Any]

TOKEN = TokenSession("ASIAEXAMPLE", NOW_S, NOW_S)


def load() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(VECTORS.glob("*.json"))
        if path.stem != "assume_role"  # tests/unit/services/sts/test_vectors.py
        for case in json.loads(path.read_text())
    ]


TABLE_CASES = load()


def documents(word: str | None) -> tuple[str, ...]:
    return () if word in (None, "nothing") else (DOCUMENTS[str(word)],)


def set_up(given: dict[str, str]) -> Sources:
    sources = Sources()
    boundary = documents(given.get("boundary"))
    policies = identity_policies(
        *documents(given.get("identity")), boundary=boundary[0] if boundary else None
    )
    sources.roles[ROLE] = sources.users[USER] = policies
    for document in documents(given.get("iot")):
        sources.iot["attached"] = document
        sources.attached[IDENTITY] = ("attached",)
    for document in documents(given.get("named")):
        sources.iot["plain"] = document
    if given.get("status") == "deny":
        sources.gone.add(IDENTITY)
    return sources


def federated(parent: Root | IamUser, session: tuple[str, ...]) -> FederatedUser:
    return FederatedUser("guest", parent, "ASIAEXAMPLE", NOW_S, NOW_S, session_policies=session)


def principal_of(kind: str, session: tuple[str, ...]) -> Principal:
    match kind:
        case "root":
            return actors.root()
        case "iam user":
            return actors.iam_user()
        case "role session":
            return actors.role_session(session_policies=session)
        case "cognito":
            return actors.cognito(session_policies=session)
        case "guest":
            return actors.guest(session_policies=session or GUEST_SESSION_POLICIES)
        case "listener":
            return actors.listener_client()
        case "root in session":
            return Root(ACCOUNT, TOKEN)
        case "user in session":
            return IamUser(ACCOUNT, "dev", USER, "AIDAEXAMPLEEXAMPLE00", session=TOKEN)
        case "federated by root":
            return federated(actors.root(), session)
        case "federated by user":
            return federated(actors.iam_user(), session)
        case "signed in user":
            return actors.signed_in_user()
        case _:
            return actors.anonymous()


@pytest.mark.parametrize("case", TABLE_CASES)
async def test_table(case: Case) -> None:
    given = case["policies"]
    world = World(set_up(given))
    decision = await world.authorizer.decide(
        principal_of(case["principal"], documents(given.get("session"))),
        case["action"],
        actors.iot(case["resource"]),
        HERE,
        now_s=NOW_S,
    )
    found = (decision.effect.value, decision.layer_name)
    assert found == (case["expected"], case["layer"]), case["because"]


def test_every_row_of_the_table_decides_some_case() -> None:
    cases = [parameters.values[0] for parameters in TABLE_CASES]
    assert all(case["source"] and case["because"] for case in cases)
    deciding = {(kind_of(principal_of(case["principal"], ())), case["layer"]) for case in cases}
    assert {kind for kind, _ in deciding} == set(PrincipalKind)
    assert {(row.principal, row.layer.value) for row in TABLE} <= deciding
