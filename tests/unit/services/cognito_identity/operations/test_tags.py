import pytest
from tests.unit.services.caller import ACCOUNT, REGION
from tests.unit.services.cognito_identity.fakes import OTHER_ACCOUNT, World

from keyfob.core.errors import AwsError


def arn(pool: str) -> str:
    return f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool}"


async def tags_of(world: World, pool: str) -> dict[str, str]:
    answer = await world.call("ListTagsForResource", ResourceArn=arn(pool))
    tags: dict[str, str] = answer["Tags"]
    return tags


async def test_tags_are_added_replaced_and_removed(world: World) -> None:
    pool = await world.make_pool(IdentityPoolTags={"a": "1", "b": "2"})
    await world.call("TagResource", ResourceArn=arn(pool), Tags={"b": "3", "c": "4"})
    assert await tags_of(world, pool) == {"a": "1", "b": "3", "c": "4"}
    await world.call("UntagResource", ResourceArn=arn(pool), TagKeys=["a", "nothing"])
    assert await tags_of(world, pool) == {"b": "3", "c": "4"}
    shown = await world.call("DescribeIdentityPool", IdentityPoolId=pool)
    assert shown["IdentityPoolTags"] == {"b": "3", "c": "4"}


async def test_refusals(world: World) -> None:
    pool = await world.make_pool()
    with pytest.raises(AwsError, match="reserved"):
        await world.call("TagResource", ResourceArn=arn(pool), Tags={"AWS:x": "1"})
    many = {f"k{number}": "" for number in range(51)}
    with pytest.raises(AwsError, match="at most 50"):
        await world.call("TagResource", ResourceArn=arn(pool), Tags=many)
    with pytest.raises(AwsError, match="not an ARN"):
        await world.call("ListTagsForResource", ResourceArn="x" * 20)
    elsewhere = arn(pool).replace(REGION, "us-east-1", 1)
    for wrong in (arn("eu-central-1:0"), elsewhere):
        with pytest.raises(AwsError, match="ResourceNotFoundException"):
            await world.call("ListTagsForResource", ResourceArn=wrong)
    world.call.account = OTHER_ACCOUNT
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await tags_of(world, pool)


async def test_policies_see_the_tags_that_are_sent_and_those_that_are_there(world: World) -> None:
    pool = await world.make_pool(IdentityPoolTags={"team": "blue"})

    async def keys(name: str, **params: object) -> dict[str, tuple[str, ...]]:
        row = world.call.rows[name]
        return dict(await row.context(world.call.service, world.call.make_call(name, params)))

    resource = {"aws:ResourceTag/team": ("blue",)}
    assert await keys("TagResource", ResourceArn=arn(pool), Tags={"x": "y"}) == {
        "aws:RequestTag/x": ("y",),
        "aws:TagKeys": ("x",),
        **resource,
    }
    assert await keys("UntagResource", ResourceArn=arn(pool), TagKeys=["x"]) == {
        "aws:TagKeys": ("x",),
        **resource,
    }
    assert await keys("CreateIdentityPool", IdentityPoolTags={"x": "y"}) == {
        "aws:RequestTag/x": ("y",),
        "aws:TagKeys": ("x",),
    }
    assert await keys("DescribeIdentityPool", IdentityPoolId=pool) == resource
    assert await keys("DescribeIdentityPool", IdentityPoolId="eu-central-1:0") == {}
