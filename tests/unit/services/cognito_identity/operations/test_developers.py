from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.services.caller import NOW_S
from tests.unit.services.cognito_identity.fakes import (
    OTHER_ACCOUNT,
    OTHER_USER_POOL,
    ROLE,
    USER_POOL,
    World,
    id_token,
    signing_key,
)

from keyfob.core.errors import AwsError
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.verify import decode_token

DEVELOPER = "login.example.app"
OWN = "cognito-identity.amazonaws.com"


async def make_pool(world: World, **settings: Any) -> str:
    return await world.make_pool(DeveloperProviderName=DEVELOPER, **settings)


async def register(world: World, pool: str, user: str, **params: Any) -> Mapping[str, Any]:
    logins = {DEVELOPER: user, **params.pop("logins", {})}
    return await world.call(
        "GetOpenIdTokenForDeveloperIdentity", IdentityPoolId=pool, Logins=logins, **params
    )


async def lookup(world: World, pool: str, **params: Any) -> Mapping[str, Any]:
    return await world.call("LookupDeveloperIdentity", IdentityPoolId=pool, **params)


async def merge(world: World, pool: str, source: str, destination: str) -> str:
    answer = await world.call(
        "MergeDeveloperIdentities",
        SourceUserIdentifier=source,
        DestinationUserIdentifier=destination,
        DeveloperProviderName=DEVELOPER,
        IdentityPoolId=pool,
    )
    identity_id: str = answer["IdentityId"]
    return identity_id


async def unlink(world: World, pool: str, identity_id: str, user: str) -> None:
    await world.call(
        "UnlinkDeveloperIdentity",
        IdentityId=identity_id,
        IdentityPoolId=pool,
        DeveloperProviderName=DEVELOPER,
        DeveloperUserIdentifier=user,
    )


async def exchange(world: World, identity_id: str, token: str) -> Mapping[str, Any]:
    return await world.credentials(identity_id, **{OWN: token})


async def test_the_token_says_who_vouched_and_for_how_long(world: World) -> None:
    pool = await make_pool(world)
    answer = await register(world, pool, "ann", PrincipalTags={"tenant": "7"}, TokenDuration=86_400)
    claims = decode_token(answer["Token"]).claims.values
    assert claims == {
        "sub": answer["IdentityId"],
        "aud": pool,
        "amr": ["authenticated", DEVELOPER, f"{DEVELOPER}:{pool}:ann"],
        "iss": f"https://{OWN}",
        "iat": int(NOW_S),
        "exp": int(NOW_S) + 86_400,
        "https://aws.amazon.com/tags": {"principal_tags": {"tenant": ["7"]}},
    }
    short = decode_token((await register(world, pool, "ann"))["Token"]).claims
    assert short.time_s("exp") == int(NOW_S) + 900


async def test_a_user_keeps_their_identity(world: World) -> None:
    pool = await make_pool(world)
    first = (await register(world, pool, "ann"))["IdentityId"]
    assert (await register(world, pool, "ann"))["IdentityId"] == first
    assert (await register(world, pool, "ben"))["IdentityId"] != first
    shown = await world.call("DescribeIdentity", IdentityId=first)
    assert shown["Logins"] == [DEVELOPER]


async def test_a_named_identity_is_linked_unless_another_has_the_user(world: World) -> None:
    pool = await make_pool(world, guests=True)
    guest = await world.get_id(pool)
    person = await world.get_id(pool, a=id_token())
    assert (await register(world, pool, "ann", IdentityId=guest))["IdentityId"] == guest
    assert (await register(world, pool, "ben", IdentityId=person))["IdentityId"] == person
    assert (await register(world, pool, "bea", IdentityId=person))["IdentityId"] == person
    found = await lookup(world, pool, IdentityId=person)
    assert found["DeveloperUserIdentifierList"] == ["ben", "bea"]
    with pytest.raises(AwsError, match="DeveloperUserAlreadyRegisteredException"):
        await register(world, pool, "ann", IdentityId=person)


async def test_public_logins_are_verified_and_joined(world: World) -> None:
    pool = await make_pool(world)
    person = await world.get_id(pool, a=id_token())
    joined = await register(world, pool, "ann", logins={USER_POOL: id_token()})
    assert joined["IdentityId"] == person
    with pytest.raises(AwsError, match="Couldn't verify"):
        await register(world, pool, "ann", logins={USER_POOL: id_token(key="forger")})


async def test_what_needs_a_developer_provider_says_so(world: World) -> None:
    pool, without = await make_pool(world), await world.make_pool()
    with pytest.raises(AwsError, match="no developer provider"):
        await register(world, without, "ann")
    with pytest.raises(AwsError, match="must have the developer provider"):
        await world.call(
            "GetOpenIdTokenForDeveloperIdentity",
            IdentityPoolId=pool,
            Logins={USER_POOL: id_token()},
        )
    with pytest.raises(AwsError, match="can only be used with"):
        await world.get_id(pool, **{DEVELOPER: "ann"})
    with pytest.raises(AwsError, match="name of a public provider"):
        await world.make_pool(DeveloperProviderName="accounts.google.com")


async def test_another_accounts_pool_and_another_pools_identity_do_not_exist(
    world: World,
) -> None:
    pool, other = await make_pool(world), await make_pool(world)
    ann = (await register(world, pool, "ann"))["IdentityId"]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await register(world, other, "ben", IdentityId=ann)
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await unlink(world, other, ann, "ann")
    world.call.account = OTHER_ACCOUNT
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await register(world, pool, "ann")


async def test_lookup_goes_both_ways_and_holds_the_two_against_each_other(world: World) -> None:
    pool = await make_pool(world)
    ann = (await register(world, pool, "ann"))["IdentityId"]
    ben = (await register(world, pool, "ben"))["IdentityId"]
    assert (await lookup(world, pool, DeveloperUserIdentifier="ann"))["IdentityId"] == ann
    both = await lookup(world, pool, DeveloperUserIdentifier="ann", IdentityId=ann)
    assert both == {"IdentityId": ann, "DeveloperUserIdentifierList": ["ann"]}
    with pytest.raises(AwsError, match="ResourceConflictException"):
        await lookup(world, pool, DeveloperUserIdentifier="ann", IdentityId=ben)
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await lookup(world, pool, DeveloperUserIdentifier="nobody")
    with pytest.raises(AwsError, match="Either"):
        await lookup(world, pool)


async def test_many_users_of_one_identity_are_shown_in_pages(world: World) -> None:
    pool = await make_pool(world)
    identity = (await register(world, pool, "user-0"))["IdentityId"]
    for number in range(1, 5):
        await register(world, pool, f"user-{number}", IdentityId=identity)
    seen: list[str] = []
    token: str | None = None
    while True:
        extra = {} if token is None else {"NextToken": token}
        page = await lookup(world, pool, IdentityId=identity, MaxResults=2, **extra)
        seen += page["DeveloperUserIdentifierList"]
        token = page.get("NextToken")
        if token is None:
            break
    assert seen == [f"user-{number}" for number in range(5)]
    with pytest.raises(AwsError, match="NextToken"):
        await lookup(world, pool, IdentityId=identity, NextToken="forged")


async def test_merging_moves_the_users_and_disables_the_source(world: World) -> None:
    pool = await make_pool(world)
    ann, ben = await register(world, pool, "ann"), await register(world, pool, "ben")
    assert await merge(world, pool, "ann", "ben") == ben["IdentityId"]
    assert (await register(world, pool, "ann"))["IdentityId"] == ben["IdentityId"]
    assert ("identity", ann["IdentityId"]) in world.changes.take()
    for identity in (ann, ben):  # the old token is of the old identity
        with pytest.raises(AwsError, match=r"forbidden|Not a Cognito token"):
            await exchange(world, identity["IdentityId"], ann["Token"])
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await merge(world, pool, "nobody", "ben")


async def test_two_people_of_one_public_provider_are_not_merged(world: World) -> None:
    pool = await make_pool(world)
    await register(world, pool, "ann", logins={USER_POOL: id_token("sub-1")})
    await register(world, pool, "ben", logins={USER_POOL: id_token("sub-2")})
    with pytest.raises(AwsError, match="ResourceConflictException"):
        await merge(world, pool, "ann", "ben")


async def test_at_most_twenty_logins_after_a_merge(world: World) -> None:
    pool = await make_pool(world)
    for owner in ("ann", "ben"):
        identity = (await register(world, pool, owner))["IdentityId"]
        for number in range(10):
            await register(world, pool, f"{owner}-{number}", IdentityId=identity)
    with pytest.raises(AwsError, match="at most 20"):
        await merge(world, pool, "ann", "ben")


async def test_an_unlinked_user_is_new_and_their_token_is_void(world: World) -> None:
    pool = await make_pool(world)
    ann = await register(world, pool, "ann", logins={USER_POOL: id_token()})
    ben = await register(world, pool, "ben")
    with pytest.raises(AwsError, match="ResourceConflictException"):
        await unlink(world, pool, ann["IdentityId"], "ben")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        await unlink(world, pool, ann["IdentityId"], "nobody")
    await unlink(world, pool, ann["IdentityId"], "ann")
    with pytest.raises(AwsError, match="Not a Cognito token"):
        await exchange(world, ann["IdentityId"], ann["Token"])
    assert (await register(world, pool, "ann"))["IdentityId"] != ann["IdentityId"]
    assert await world.get_id(pool, a=id_token()) == ann["IdentityId"]
    await unlink(world, pool, ben["IdentityId"], "ben")
    with pytest.raises(AwsError, match="forbidden"):
        await exchange(world, ben["IdentityId"], ben["Token"])


async def test_the_token_gives_the_pools_role_and_its_tags(world: World) -> None:
    pool = await make_pool(world)
    ann = await register(world, pool, "ann", PrincipalTags={"tenant": "7"})
    answer = await exchange(world, ann["IdentityId"], ann["Token"])
    assert answer["IdentityId"] == ann["IdentityId"]
    assert world.issuer.last["role_arn"] == ROLE
    assert world.issuer.last["principal_tags"] == {"tenant": "7"}
    assert world.issuer.last["amr"][:2] == ("authenticated", DEVELOPER)
    assert world.issuer.last["session_policies"] == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "eu-central-1:00000000-0000-4000-8000-000000000000"},
        {"aud": "eu-central-1:00000000-0000-4000-8000-000000000000"},
        {"amr": ["unauthenticated"]},
        {"amr": ["authenticated", "provider", "provider:x"]},
        {"iss": "https://cognito-identity.eu-central-1.amazonaws.com"},
        {"exp": int(NOW_S)},
        {"https://aws.amazon.com/tags": {"principal_tags": {"tenant": [7]}}},
    ],
)
async def test_another_token_of_the_issuer_is_refused(
    world: World, changes: dict[str, Any]
) -> None:
    pool = await make_pool(world)
    ann = await register(world, pool, "ann")
    claims = {**decode_token(ann["Token"]).claims.values, **changes}
    for key in ("issuer", "forger"):
        with pytest.raises(AwsError, match="Not a Cognito token"):
            token = sign_jwt(claims, signing_key(key))
            await exchange(world, ann["IdentityId"], token)
    assert world.issuer.asked == []


async def test_a_developers_token_comes_alone(world: World) -> None:
    pool = await make_pool(world)
    ann = await register(world, pool, "ann")
    with pytest.raises(AwsError, match="only login"):
        await world.credentials(
            ann["IdentityId"],
            **{OWN: ann["Token"], "b": id_token(provider=OTHER_USER_POOL)},
        )


async def test_tags_keep_within_the_limit(world: World) -> None:
    pool = await make_pool(world)
    with pytest.raises(AwsError, match="460"):
        await register(world, pool, "ann", PrincipalTags={"a": "x" * 230, "b": "x" * 229})
