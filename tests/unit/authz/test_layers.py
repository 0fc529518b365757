"""The table: every row allows when it should, denies when it should, and names its source."""

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import ALLOW_ALL, IDENTITY, PROVIDER, REGION, ROLE, USER, allow, policy
from tests.unit.authz.sources import Sources, World, generous, identity_policies

from keyfob.authz.context import Circumstances
from keyfob.authz.decision import Decision
from keyfob.authz.layers import (
    IOT_POLICY_ACTIONS,
    ROWS,
    TABLE,
    LayerKind,
    Part,
    PrincipalKind,
    kind_of,
)
from keyfob.authz.principal import Principal, WebIdentity
from keyfob.policy import Effect

NARROW = policy(allow("iot:*", actors.iot("topic/mine")))
ELSEWHERE = actors.iot("topic/other")
HERE = Circumstances(REGION, "192.0.2.7", is_tls=True)

PRINCIPALS: dict[PrincipalKind, Principal] = {
    PrincipalKind.ROOT: actors.root(),
    PrincipalKind.IAM_USER: actors.iam_user(),
    PrincipalKind.ROOT_IN_SESSION: actors.root_in_session(),
    PrincipalKind.USER_IN_SESSION: actors.user_in_session(),
    PrincipalKind.FEDERATED_BY_ROOT: actors.federated(actors.root(), ALLOW_ALL),
    PrincipalKind.FEDERATED_BY_USER: actors.federated(actors.iam_user(), ALLOW_ALL),
    PrincipalKind.ROLE_SESSION: actors.role_session(),
    PrincipalKind.GUEST: actors.guest(),
    PrincipalKind.COGNITO: actors.cognito(),
    PrincipalKind.LISTENER_CLIENT: actors.listener_client(),
    PrincipalKind.SIGNED_IN_USER: actors.signed_in_user(),
    PrincipalKind.ANONYMOUS: actors.anonymous(),
}


async def judge(sources: Sources, principal: Principal, action: str = "iot:Publish") -> Decision:
    world = World(sources)
    return await world.authorizer.decide(
        principal, action, ELSEWHERE, HERE, now_s=world.clock.now()
    )


@pytest.mark.parametrize("kind", PrincipalKind)
def test_kinds(kind: PrincipalKind) -> None:
    assert kind_of(PRINCIPALS[kind]) is kind


@pytest.mark.parametrize(
    ("amr", "expected"),
    [
        (("authenticated", PROVIDER), PrincipalKind.COGNITO),
        (("unauthenticated",), PrincipalKind.GUEST),
        (("unauthenticated", "authenticated"), PrincipalKind.COGNITO),
        ((), PrincipalKind.COGNITO),
    ],
)
def test_amr_tells_guests_from_users_whatever_the_session_is_called(
    amr: tuple[str, ...], expected: PrincipalKind
) -> None:
    identity = WebIdentity("cognito-identity.amazonaws.com", actors.POOL, IDENTITY, amr)
    assert kind_of(actors.role_session(name="unauthenticated", web_identity=identity)) is expected


def test_another_web_identity_is_a_role_session() -> None:
    identity = WebIdentity("accounts.example.com", "client", "sub", ("authenticated",))
    assert kind_of(actors.role_session(web_identity=identity)) is PrincipalKind.ROLE_SESSION


def test_every_row_has_a_source_and_every_kind_with_ceilings_a_grant() -> None:
    assert all(row.source for row in TABLE)
    for kind, rows in ROWS.items():
        assert not rows or any(row.part is Part.GRANT for row in rows), kind


@pytest.mark.parametrize("kind", [PrincipalKind.SIGNED_IN_USER, PrincipalKind.ANONYMOUS])
async def test_kinds_without_rows_are_denied(kind: PrincipalKind) -> None:
    decision = await judge(generous(), PRINCIPALS[kind])
    assert (decision.effect, decision.layer) == (Effect.IMPLICIT_DENY, None)


@pytest.mark.parametrize("kind", [kind for kind in PrincipalKind if ROWS[kind]])
async def test_allowed_where_every_layer_allows(kind: PrincipalKind) -> None:
    decision = await judge(generous(), PRINCIPALS[kind])
    assert decision.effect is Effect.ALLOW


async def test_root_needs_no_policy() -> None:
    assert (await judge(Sources(), actors.root())).effect is Effect.ALLOW


OF_ROOT = {
    PrincipalKind.ROOT,
    PrincipalKind.ROOT_IN_SESSION,
    PrincipalKind.FEDERATED_BY_ROOT,  # its session policy allows everything
}


@pytest.mark.parametrize("kind", [kind for kind in PrincipalKind if kind not in OF_ROOT])
async def test_nothing_is_allowed_without_policies(kind: PrincipalKind) -> None:
    decision = await judge(Sources(), PRINCIPALS[kind])
    assert decision.effect is Effect.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("kind", "action", "is_allowed"),
    [
        (PrincipalKind.ROOT_IN_SESSION, "iam:CreateUser", False),
        (PrincipalKind.USER_IN_SESSION, "iam:CreateUser", False),
        (PrincipalKind.USER_IN_SESSION, "iam:PassRole", True),
        (PrincipalKind.USER_IN_SESSION, "sts:AssumeRole", True),
        (PrincipalKind.USER_IN_SESSION, "sts:TagSession", True),
        (PrincipalKind.USER_IN_SESSION, "sts:GetFederationToken", False),
        (PrincipalKind.FEDERATED_BY_ROOT, "iam:CreateUser", False),
        (PrincipalKind.FEDERATED_BY_USER, "sts:AssumeRole", False),
        (PrincipalKind.FEDERATED_BY_USER, "iot:Publish", True),
    ],
)
async def test_sessions_without_a_role_stay_away_from_iam_and_sts(
    kind: PrincipalKind, action: str, is_allowed: bool
) -> None:
    decision = await judge(generous(), PRINCIPALS[kind], action)
    assert decision.is_allowed == is_allowed


async def test_a_federated_user_has_what_both_policies_allow() -> None:
    narrow = actors.federated(actors.iam_user(), NARROW)
    assert not (await judge(generous(), narrow)).is_allowed
    sources = generous()
    sources.users[USER] = identity_policies(NARROW)
    wide = actors.federated(actors.iam_user(), ALLOW_ALL)
    assert not (await judge(sources, wide)).is_allowed


HAS_IAM = [
    PrincipalKind.IAM_USER,
    PrincipalKind.USER_IN_SESSION,
    PrincipalKind.FEDERATED_BY_USER,
    PrincipalKind.ROLE_SESSION,
    PrincipalKind.GUEST,
    PrincipalKind.COGNITO,
]


@pytest.mark.parametrize("kind", HAS_IAM)
async def test_identity_rows_deny_what_they_do_not_grant(kind: PrincipalKind) -> None:
    sources = generous()
    sources.roles[ROLE] = sources.users[USER] = identity_policies(NARROW)
    decision = await judge(sources, PRINCIPALS[kind])
    assert (decision.effect, decision.layer) == (Effect.IMPLICIT_DENY, LayerKind.IDENTITY)


@pytest.mark.parametrize("kind", HAS_IAM)
async def test_boundary_rows_narrow_and_never_grant(kind: PrincipalKind) -> None:
    sources = generous()
    sources.roles[ROLE] = sources.users[USER] = identity_policies(ALLOW_ALL, boundary=NARROW)
    decision = await judge(sources, PRINCIPALS[kind])
    assert (decision.effect, decision.layer) == (Effect.IMPLICIT_DENY, LayerKind.BOUNDARY)
    sources.roles[ROLE] = sources.users[USER] = identity_policies(ALLOW_ALL, boundary=ALLOW_ALL)
    assert (await judge(sources, PRINCIPALS[kind])).effect is Effect.ALLOW
    sources.roles[ROLE] = sources.users[USER] = identity_policies(boundary=ALLOW_ALL)
    assert (await judge(sources, PRINCIPALS[kind])).layer is LayerKind.IDENTITY


@pytest.mark.parametrize("make", [actors.role_session, actors.guest, actors.cognito])
async def test_session_rows_are_a_union_that_only_narrows(make: object) -> None:
    assert callable(make)
    narrowed = await judge(generous(), make(session_policies=(NARROW, policy(allow("s3:*")))))
    assert (narrowed.effect, narrowed.layer) == (Effect.IMPLICIT_DENY, LayerKind.SESSION)
    union = await judge(generous(), make(session_policies=(NARROW, policy(allow("iot:Publish")))))
    assert union.effect is Effect.ALLOW
    sources = generous()
    sources.roles[ROLE] = identity_policies()
    alone = await judge(sources, make(session_policies=(ALLOW_ALL,)))
    assert (alone.effect, alone.layer) == (Effect.IMPLICIT_DENY, LayerKind.IDENTITY)


@pytest.mark.parametrize("make", [actors.guest, actors.cognito])
@pytest.mark.parametrize(
    "action",
    ["cognito-identity:GetId", "Cognito-Identity:listIdentityPools", "cognito-sync:ListRecords"],
)
async def test_web_identities_may_not_call_identity_pools(make: object, action: str) -> None:
    assert callable(make)
    decision = await judge(generous(), make(), action)
    assert (decision.effect, decision.layer) == (Effect.EXPLICIT_DENY, LayerKind.COGNITO_LIMIT)
    assert (await judge(generous(), actors.role_session(), action)).effect is Effect.ALLOW


@pytest.mark.parametrize("make", [actors.guest, actors.cognito])
async def test_a_gone_identity_is_refused_everything(make: object) -> None:
    assert callable(make)
    sources = generous()
    sources.gone.add(IDENTITY)
    for action in ("iot:Publish", "sts:GetCallerIdentity", "s3:GetObject"):
        decision = await judge(sources, make(), action)
        assert (decision.effect, decision.layer) == (Effect.EXPLICIT_DENY, LayerKind.STANDING)


@pytest.mark.parametrize("action", [*sorted(IOT_POLICY_ACTIONS), "iot:Publish", "IOT:CONNECT"])
async def test_the_seven_actions_need_the_iot_policy_too(action: str) -> None:
    sources = generous()
    sources.iot["wide"] = NARROW
    decision = await judge(sources, actors.cognito(), action)
    assert (decision.effect, decision.layer) == (Effect.IMPLICIT_DENY, LayerKind.IOT)
    sources.attached.clear()
    decision = await judge(sources, actors.cognito(), action)
    assert (decision.effect, decision.layer) == (Effect.IMPLICIT_DENY, LayerKind.IOT)
    assert "no IoT policy is attached" in decision.explanation.sentence


@pytest.mark.parametrize("action", ["iot:RetainPublish", "iot:AttachPolicy", "lambda:Invoke"])
async def test_other_actions_are_the_role_s_alone(action: str) -> None:
    sources = generous()
    sources.attached.clear()
    assert (await judge(sources, actors.cognito(), action)).effect is Effect.ALLOW


async def test_guests_and_other_roles_need_no_iot_policy() -> None:
    sources = generous()
    sources.attached.clear()
    for principal in (actors.guest(), actors.role_session(), actors.iam_user()):
        assert (await judge(sources, principal)).effect is Effect.ALLOW


async def test_an_iot_policy_grants_nothing_that_the_role_does_not() -> None:
    sources = generous()
    sources.roles[ROLE] = identity_policies()
    decision = await judge(sources, actors.cognito())
    assert (decision.effect, decision.layer) == (Effect.IMPLICIT_DENY, LayerKind.IDENTITY)


async def test_an_iot_policy_may_deny_explicitly() -> None:
    sources = generous()
    sources.iot["wide"] = policy(allow(), actors.deny("iot:Publish"))
    decision = await judge(sources, actors.cognito())
    assert (decision.effect, decision.layer) == (Effect.EXPLICIT_DENY, LayerKind.IOT)


async def test_listener_clients_are_held_to_the_named_policy() -> None:
    sources = generous()
    sources.iot["plain"] = NARROW
    assert (await judge(sources, actors.listener_client())).layer is LayerKind.NAMED_IOT
    missing = await judge(sources, actors.listener_client("nowhere"))
    assert missing.effect is Effect.IMPLICIT_DENY
    assert "there is no IoT policy named nowhere" in missing.explanation.sentence
