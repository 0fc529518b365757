"""The policy directory: sharing, bounds, revocation, races, failures."""

import asyncio

import pytest
from tests.unit.authz.actors import (
    ACCOUNT,
    ALLOW_ALL,
    DENY_ALL,
    IDENTITY,
    REGION,
    ROLE,
    cognito,
    iam_user,
    listener_client,
    role_session,
)
from tests.unit.authz.sources import Sources, World, generous, identity_policies

from keyfob.authz.directory import PolicyDirectory
from keyfob.authz.layers import LayerKind
from keyfob.core.ids import Region


async def test_entries_are_read_once_and_shared() -> None:
    world = World()
    first = await world.directory.open_lease(cognito(), REGION)
    second = await world.directory.open_lease(cognito(), REGION)
    assert world.sources.reads == {"role": 1, "attached": 1, "identity": 1}
    world.directory.close_lease(first)
    world.directory.close_lease(second)
    async with world.directory.lease(cognito(), REGION):
        assert world.sources.reads["role"] == 1


async def test_those_who_ask_together_share_one_read() -> None:
    world = World()
    gate = world.sources.gate = asyncio.Event()
    opening = [
        asyncio.create_task(world.directory.open_lease(role_session(), REGION)) for _ in range(3)
    ]
    await world.sources.waiting.wait()
    gate.set()
    await asyncio.gather(*opening)
    assert world.sources.reads["role"] == 1


async def test_idle_entries_are_bounded_and_entries_in_use_stay() -> None:
    sources = generous()
    directory = PolicyDirectory(sources, sources, sources, max_idle_entries=3)
    held = await directory.open_lease(cognito(identity_id="eu-central-1:held"), REGION)
    for number in range(20):
        async with directory.lease(listener_client(f"policy-{number}"), REGION):
            pass
    assert len(directory) == 3 + 3
    reads = sources.reads["attached"]
    again = await directory.open_lease(cognito(identity_id="eu-central-1:held"), REGION)
    assert sources.reads["attached"] == reads
    directory.close_lease(held)
    directory.close_lease(again)
    assert len(directory) == 3


async def test_an_idle_entry_that_changes_is_dropped_without_a_read() -> None:
    world = World()
    async with world.directory.lease(role_session(), REGION):
        pass
    epoch = world.directory.epoch
    await world.directory.role_changed(ROLE)
    assert world.sources.reads["role"] == 1
    assert world.directory.epoch == epoch
    assert len(world.directory) == 0


async def test_a_change_moves_the_epoch_only_after_the_new_state_is_in() -> None:
    world = World()
    lease = await world.directory.open_lease(role_session(), REGION)
    epoch = world.directory.epoch
    world.sources.roles[ROLE] = identity_policies(DENY_ALL)
    gate = world.sources.gate = asyncio.Event()
    change = asyncio.create_task(world.directory.role_changed(ROLE))
    await world.sources.waiting.wait()
    assert world.directory.epoch == epoch
    assert not change.done()
    gate.set()
    await change
    assert world.directory.epoch > epoch
    (layer,) = lease.layers("iot:Publish")
    assert [policy.name for policy in layer.policies] == ["p0"]
    assert world.sources.reads["role"] == 2


async def test_a_load_under_way_when_a_change_arrives_leaves_no_stale_value() -> None:
    world = World()
    gate = world.sources.gate = asyncio.Event()
    opening = asyncio.create_task(world.directory.open_lease(role_session(), REGION))
    await world.sources.waiting.wait()  # it has read the old state and not returned it
    world.sources.roles[ROLE] = identity_policies(ALLOW_ALL, DENY_ALL)
    change = asyncio.create_task(world.directory.role_changed(ROLE))
    await asyncio.sleep(0)
    gate.set()
    lease = await opening
    await change
    (layer,) = lease.layers("iot:Publish")
    assert [policy.name for policy in layer.policies] == ["p0", "p1"]


async def test_two_changes_at_once_end_in_the_last_state() -> None:
    world = World()
    lease = await world.directory.open_lease(role_session(), REGION)
    gate = world.sources.gate = asyncio.Event()
    first = asyncio.create_task(world.directory.role_changed(ROLE))
    await world.sources.waiting.wait()
    world.sources.roles[ROLE] = identity_policies(ALLOW_ALL, DENY_ALL)
    second = asyncio.create_task(world.directory.role_changed(ROLE))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, second)
    (layer,) = lease.layers("iot:Publish")
    assert [policy.name for policy in layer.policies] == ["p0", "p1"]


async def test_a_cancelled_caller_does_not_undo_its_change() -> None:
    world = World()
    lease = await world.directory.open_lease(role_session(), REGION)
    epoch = world.directory.epoch
    world.sources.roles[ROLE] = identity_policies()
    gate = world.sources.gate = asyncio.Event()
    change = asyncio.create_task(world.directory.role_changed(ROLE))
    await world.sources.waiting.wait()
    change.cancel()
    with pytest.raises(asyncio.CancelledError):
        await change
    gate.set()
    await world.directory.close()
    assert world.directory.epoch > epoch
    (layer,) = lease.layers("iot:Publish")
    assert layer.policies == ()


async def test_a_failed_reload_denies_until_a_load_succeeds() -> None:
    world = World()
    connection = await world.connect(role_session())
    assert connection.may_publish("t", retain=False)
    world.sources.failure = OSError("disk gone")
    await world.directory.role_changed(ROLE)
    assert not connection.may_publish("t", retain=False)
    assert "cannot be read" in connection.reason()
    world.sources.failure = None
    async with world.directory.lease(role_session(), REGION):
        assert connection.may_publish("t", retain=False)


async def test_a_policy_change_mends_attachments_that_could_not_be_read() -> None:
    world = World()
    connection = await world.connect(cognito())
    world.sources.failure = OSError("disk gone")
    await world.directory.attachments_changed(ACCOUNT, REGION, IDENTITY)
    assert not connection.may_publish("t", retain=False)
    world.sources.failure = None
    await world.directory.iot_policy_changed(ACCOUNT, REGION, "wide")
    assert connection.may_publish("t", retain=False)


async def test_a_failed_first_load_raises_and_keeps_nothing() -> None:
    world = World()
    world.sources.failure = OSError("disk gone")
    with pytest.raises(OSError, match="disk gone"):
        await world.directory.open_lease(cognito(), REGION)
    assert len(world.directory) == 0


async def test_a_document_that_cannot_be_read_denies_everything() -> None:
    sources = generous()
    sources.roles[ROLE] = identity_policies(ALLOW_ALL, '{"Statement": [{"Effect": "Maybe"}]}')
    connection = await World(sources).connect(role_session())
    assert not connection.may_publish("t", retain=False)
    assert "engine-error" in connection.reason()


async def test_other_accounts_and_regions_hold_other_iot_policies() -> None:
    world = World()
    connection = await world.connect(listener_client(), Region("us-east-1"))
    assert not connection.may_publish("t", retain=False)


async def test_an_iot_policy_change_reads_only_the_targets_that_have_it() -> None:
    sources = generous()
    sources.iot["other"] = ALLOW_ALL
    sources.attached["eu-central-1:other"] = ("other",)
    world = World(sources)
    first = await world.directory.open_lease(cognito(), REGION)
    await world.directory.open_lease(cognito(identity_id="eu-central-1:other"), REGION)
    reads = sources.reads["attached"]
    sources.iot["wide"] = DENY_ALL
    await world.directory.iot_policy_changed(ACCOUNT, REGION, "wide")
    assert sources.reads["attached"] == reads + 1
    (iot,) = [layer for layer in first.layers("iot:Publish") if layer.kind is LayerKind.IOT]
    assert [policy.name for policy in iot.policies] == ["wide:v1"]


async def test_principals_that_are_gone_grant_nothing() -> None:
    world = World(Sources())
    for principal in (iam_user(), role_session()):
        async with world.directory.lease(principal, REGION) as lease:
            (layer,) = lease.layers("iot:Publish")
            assert layer.policies == ()
            assert "no longer exists" in layer.note


async def test_an_identity_change_reaches_its_own_entry_only() -> None:
    world = World()
    await world.directory.open_lease(cognito(), REGION)
    await world.directory.identity_changed("eu-central-1:somebody-else")
    assert world.sources.reads["identity"] == 1
    await world.directory.identity_changed(IDENTITY)
    assert world.sources.reads["identity"] == 2
