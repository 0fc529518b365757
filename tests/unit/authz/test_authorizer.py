"""Single requests: which keys they carry, and sessions that ended before their time."""

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import IDENTITY, REGION, ROLE, allow, iot, policy
from tests.unit.authz.sources import World, generous, identity_policies

from keyfob.authz.context import Circumstances, Keys
from keyfob.authz.principal import Principal
from keyfob.policy import Effect

HERE = Circumstances(REGION, "192.0.2.7", is_tls=True, user_agent="sdk/1")


async def publish(
    world: World, principal: Principal, topic: str, keys: Keys | None = None
) -> Effect:
    decision = await world.authorizer.decide(
        principal,
        "iot:Publish",
        iot(f"topic/{topic}"),
        HERE,
        now_s=world.clock.now(),
        keys=keys,
    )
    return decision.effect


async def test_http_publish_by_a_cognito_identity_needs_both_policies() -> None:
    tagged = policy(allow("iot:Publish", iot("topic/${aws:PrincipalTag/building_id}")))
    sources = generous()
    sources.roles[ROLE] = identity_policies(tagged)
    sources.iot["wide"] = tagged
    principal = actors.cognito(tags={"building_id": "1"})
    world = World(sources)
    assert await publish(world, principal, "1") is Effect.ALLOW
    assert await publish(world, principal, "2") is Effect.IMPLICIT_DENY
    without_tags = World(sources, has_iot_principal_tags=False)
    assert await publish(without_tags, principal, "1") is Effect.IMPLICIT_DENY


async def test_there_is_no_client_id_over_https() -> None:
    sources = generous()
    sources.iot["wide"] = policy(allow("iot:Publish", iot("topic/${iot:ClientId}")))
    assert await publish(World(sources), actors.cognito(), "c") is Effect.IMPLICIT_DENY


async def test_the_operation_s_keys_and_the_time_reach_the_policies() -> None:
    condition = {
        "StringEquals": {"iot:Example": "yes"},
        "DateLessThan": {"aws:CurrentTime": "2023-11-15T00:00:00Z"},
    }
    sources = generous()
    sources.roles[ROLE] = identity_policies(policy(allow(Condition=condition)))
    world = World(sources)
    keys = {"iot:Example": ("yes",)}
    assert await publish(world, actors.role_session(), "t", keys) is Effect.ALLOW
    assert await publish(world, actors.role_session(), "t") is Effect.IMPLICIT_DENY
    world.clock.advance(86_400)
    assert await publish(world, actors.role_session(), "t", keys) is Effect.IMPLICIT_DENY


async def test_a_decision_leaves_no_lease_behind() -> None:
    world = World()
    await publish(world, actors.cognito(), "t")
    epoch = world.directory.epoch
    await world.directory.role_changed(ROLE)
    assert world.directory.epoch == epoch


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (actors.cognito(), True),
        (actors.guest(), True),
        (actors.role_session(), False),
        (actors.root(), False),
        (actors.anonymous(), False),
    ],
)
async def test_revoked_sessions(principal: Principal, expected: bool) -> None:
    world = World()
    assert not await world.authorizer.is_revoked(principal, REGION)
    world.sources.gone.add(IDENTITY)
    await world.directory.identity_changed(IDENTITY)
    assert await world.authorizer.is_revoked(principal, REGION) is expected
