import pytest
from tests.unit.services.cognito_identity.fakes import (
    OTHER_USER_POOL,
    USER_POOL,
    World,
    id_token,
)

from keyfob.core.errors import AwsError


async def unlink(world: World, identity: str, token: str, *providers: str) -> None:
    await world.call(
        "UnlinkIdentity",
        IdentityId=identity,
        Logins={USER_POOL: token},
        LoginsToRemove=list(providers),
    )


async def test_a_login_is_taken_away_and_is_free_again(world: World) -> None:
    pool = await world.make_pool()
    both = await world.get_id(
        pool, a=id_token("sub-1"), b=id_token("sub-2", provider=OTHER_USER_POOL)
    )
    world.changes.take()
    await unlink(world, both, id_token("sub-1"), OTHER_USER_POOL)
    assert world.changes.take() == [("identity", both)]
    assert (await world.call("DescribeIdentity", IdentityId=both))["Logins"] == [USER_POOL]
    freed = await world.get_id(pool, b=id_token("sub-2", provider=OTHER_USER_POOL))
    assert freed != both


async def test_without_its_last_login_an_identity_is_no_guest(world: World) -> None:
    pool = await world.make_pool(guests=True)
    identity = await world.get_id(pool, a=id_token())
    await unlink(world, identity, id_token(), USER_POOL)
    for logins in ({}, {"a": id_token()}):
        with pytest.raises(AwsError, match="is forbidden"):
            await world.credentials(identity, **logins)


async def test_only_who_proves_a_login_may_unlink(world: World) -> None:
    pool = await world.make_pool(guests=True)
    identity, guest = await world.get_id(pool, a=id_token()), await world.get_id(pool)
    for target in (identity, guest):
        with pytest.raises(AwsError, match="Logins don't match"):
            await unlink(world, target, id_token("sub-2"), USER_POOL)
    with pytest.raises(AwsError, match="Couldn't verify"):
        await unlink(world, identity, id_token(key="forger"), USER_POOL)
    assert await world.get_id(pool, a=id_token()) == identity
