from tests.unit.services.cognito_identity.fakes import USER_POOL, World, id_token

from keyfob.services.cognito_identity import IdentityPoolDirectory
from keyfob.store.ports.identities import Login


async def test_people_and_identities_are_found_both_ways(world: World) -> None:
    directory = IdentityPoolDirectory(world.pools, world.identities)
    pool, other = await world.make_pool(), await world.make_pool()
    identity = await world.get_id(pool, a=id_token("sub-1"))
    elsewhere = await world.get_id(other, a=id_token("sub-1"))
    found = await directory.find_identity(identity)
    assert found is not None
    assert found.logins == (Login(USER_POOL, "sub-1"),)
    assert await directory.find_by_login(pool, USER_POOL, "sub-1") == found
    assert await directory.find_by_login(pool, USER_POOL, "sub-2") is None
    people = await directory.find_by_subject("sub-1")
    assert {each.identity_id for each in people} == {identity, elsewhere}
    assert await directory.find_identity("eu-central-1:0") is None


async def test_an_identity_stands_until_it_is_deleted_or_merged_or_its_pool_goes(
    world: World,
) -> None:
    directory = IdentityPoolDirectory(world.pools, world.identities)
    pool = await world.make_pool(guests=True)
    identity, guest = await world.get_id(pool, a=id_token()), await world.get_id(pool)
    deleted = await world.get_id(pool)
    assert all([await directory.is_active(each) for each in (identity, guest, deleted)])
    await world.credentials(guest, a=id_token())
    await world.call("DeleteIdentities", IdentityIdsToDelete=[deleted])
    assert await directory.is_active(identity)
    assert not await directory.is_active(guest)
    assert not await directory.is_active(deleted)
    assert not await directory.is_active("eu-central-1:0")
    await world.call("DeleteIdentityPool", IdentityPoolId=pool)
    assert not await directory.is_active(identity)
