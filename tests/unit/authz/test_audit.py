"""The denial log: records, bounds, counters, followers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import ALLOW_ALL, IDENTITY, iot
from tests.unit.authz.sources import NOW_S

from keyfob.authz.audit import MAX_TEXT, Denial, DenialLog, Follower
from keyfob.authz.context import Contexts
from keyfob.authz.decision import Decision, Question, decide
from keyfob.authz.layers import Layer, LayerKind, Part
from keyfob.authz.principal import Principal
from keyfob.policy import EMPTY_CONTEXT, PolicyKind, compile_policy, parse_policy


def refusal(action: str = "iot:Publish", resource: str = "topic/t") -> Decision:
    contexts = Contexts(EMPTY_CONTEXT, EMPTY_CONTEXT)
    layer = Layer(LayerKind.IDENTITY, Part.GRANT, ())
    return decide([layer], Question("arn", action, iot(resource), contexts))


def record(log: DenialLog, principal: Principal | None = None, action: str = "iot:Publish") -> None:
    log.record(refusal(action), principal or actors.cognito(), now_s=NOW_S, source_ip="192.0.2.7")


def test_the_ring_keeps_the_newest() -> None:
    log = DenialLog(max_records=3)
    for number in range(5):
        record(log, action=f"iot:Action{number}")
    assert [denial.action for denial in log.recent()] == [
        "iot:Action4",
        "iot:Action3",
        "iot:Action2",
    ]
    assert [denial.action for denial in log.recent(1)] == ["iot:Action4"]
    assert log.counts["iot:Action0"] == 1


def test_an_allowance_is_no_denial() -> None:
    policy = compile_policy(parse_policy(ALLOW_ALL, PolicyKind.IDENTITY), "all")
    contexts = Contexts(EMPTY_CONTEXT, EMPTY_CONTEXT)
    layer = Layer(LayerKind.IDENTITY, Part.GRANT, (policy,))
    allowed = decide([layer], Question("arn", "iot:Publish", iot("topic/t"), contexts))
    with pytest.raises(ValueError, match="no denial"):
        DenialLog().record(allowed, actors.root(), now_s=NOW_S, source_ip="")


@pytest.mark.parametrize(
    ("principal", "identity_id", "username", "sub"),
    [
        (actors.cognito(), IDENTITY, None, "sub-1"),
        (actors.guest(), IDENTITY, None, None),
        (actors.signed_in_user(), None, "ann", "sub-1"),
        (actors.role_session(), None, None, None),
        (actors.iam_user(), None, None, None),
    ],
)
def test_who_it_was(
    principal: Principal, identity_id: str | None, username: str | None, sub: str | None
) -> None:
    log = DenialLog()
    record(log, principal)
    (denial,) = log.recent()
    assert (denial.identity_id, denial.username, denial.sub) == (identity_id, username, sub)
    assert denial.principal_arn == principal.arn


def test_client_chosen_text_is_cut() -> None:
    log = DenialLog()
    denial = log.record(
        refusal(resource="topic/" + "x" * 100_000),
        actors.cognito(),
        now_s=NOW_S,
        source_ip="192.0.2.7",
        client_id="c" * 100_000,
    )
    assert len(denial.resource) == MAX_TEXT
    assert denial.client_id == "c" * MAX_TEXT
    assert len(denial.sentence) <= MAX_TEXT


def test_control_characters_are_escaped() -> None:
    log = DenialLog()
    log.record(
        refusal(resource="topic/\x1b[2J\n"),
        actors.cognito(),
        now_s=NOW_S,
        source_ip="192.0.2.7",
        client_id="\r",
    )
    (denial,) = log.recent()
    assert denial.resource.endswith("topic/\\u001b[2J\\u000a")
    assert denial.client_id == "\\u000d"
    assert denial.sentence.isprintable()


async def test_followers_get_what_comes_while_they_follow() -> None:
    log = DenialLog()
    record(log, action="iot:Before")
    async with log.follow() as follower:
        record(log, action="iot:During")
        denial = await anext(follower)
        assert denial.action == "iot:During"
    record(log, action="iot:After")
    late = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0)
    assert not late.done()
    late.cancel()


async def test_a_slow_follower_misses_and_costs_nobody_memory() -> None:
    log = DenialLog()
    async with log.follow(max_waiting=2) as follower:
        for number in range(5):
            record(log, action=f"iot:Action{number}")
        assert follower.missed == 3
        seen = [denial.action async for denial in _two(follower)]
        assert seen == ["iot:Action0", "iot:Action1"]


async def _two(follower: Follower) -> AsyncIterator[Denial]:
    left = 2
    async for denial in follower:
        yield denial
        left -= 1
        if not left:
            return
