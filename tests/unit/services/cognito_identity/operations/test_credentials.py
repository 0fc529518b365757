import asyncio
from typing import Any

import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S
from tests.unit.services.cognito_identity.fakes import (
    CLIENT_ID,
    GUEST_ROLE,
    OTHER_ROLE,
    OTHER_USER_POOL,
    ROLE,
    USER_POOL,
    World,
    id_token,
)

from keyfob.core.errors import AwsError
from keyfob.services.cognito_identity.domain.guest_policies import GUEST_SESSION_POLICIES

NOWHERE = "eu-central-1:99999999-2222-4333-8444-555555555555"


async def refused_id(world: World, pool_id: str, **logins: str) -> str:
    with pytest.raises(AwsError) as caught:
        await world.get_id(pool_id, **logins)
    return str(caught.value)


async def refused_credentials(
    world: World, identity_id: str, custom_role: str | None = None, **logins: str
) -> str:
    with pytest.raises(AwsError) as caught:
        await world.credentials(identity_id, custom_role, **logins)
    return str(caught.value)


async def test_an_identity_is_stable_per_person_and_pool(world: World) -> None:
    pool, other = await world.make_pool(), await world.make_pool()
    first = await world.get_id(pool, a=id_token("sub-1"))
    assert first.startswith("eu-central-1:")
    assert await world.get_id(pool, a=id_token("sub-1")) == first
    assert await world.get_id(pool, a=id_token("sub-2")) != first
    assert await world.get_id(other, a=id_token("sub-1")) != first


async def test_concurrent_calls_agree_on_one_identity(world: World) -> None:
    pool = await world.make_pool()
    token = id_token()
    found = await asyncio.gather(*(world.get_id(pool, a=token) for _ in range(20)))
    assert len(set(found)) == 1
    listed = await world.call("ListIdentities", IdentityPoolId=pool, MaxResults=60)
    assert len(listed["Identities"]) == 1


async def test_guests_get_a_new_identity_each_time_and_only_where_they_are_allowed(
    world: World,
) -> None:
    pool = await world.make_pool(guests=True)
    assert await world.get_id(pool) != await world.get_id(pool)
    closed = await world.make_pool(guests=False)
    assert await refused_id(world, closed) == (
        "NotAuthorizedException: Unauthenticated access is not supported for this identity pool."
    )


async def test_an_unknown_pool(world: World) -> None:
    assert "IdentityPool '" in await refused_id(world, NOWHERE)


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (lambda: id_token(key="forger"), "Couldn't verify signed token."),
        (
            lambda: id_token(exp=int(NOW_S)),
            f"Token expired: {int(NOW_S)} >= {int(NOW_S)}",
        ),
        (lambda: id_token(provider=OTHER_USER_POOL), "Issuer doesn't match providerName"),
        (lambda: id_token(without="aud", token_use="access"), "Missing a required claim: aud"),
        (lambda: id_token(token_use="access"), "Not a valid OpenId Connect identity token."),
        (lambda: "not.a.jwt", "Not a valid OpenId Connect identity token."),
        (lambda: id_token(without="exp"), "Not a valid OpenId Connect identity token."),
        (lambda: id_token(without="sub"), "Missing a required claim: sub"),
    ],
)
async def test_bad_tokens_are_refused_everywhere(world: World, token: object, text: str) -> None:
    assert callable(token)
    pool = await world.make_pool(guests=True)
    identity = await world.get_id(pool, a=id_token())
    expected = f"NotAuthorizedException: Invalid login token. {text}"
    assert await refused_id(world, pool, a=token()) == expected
    assert await refused_credentials(world, identity, a=token()) == expected
    assert world.issuer.asked == []


async def test_a_token_for_another_client_or_provider_is_refused(world: World) -> None:
    pool = await world.make_pool(providers=((USER_POOL, CLIENT_ID, False),))
    expected = (
        "NotAuthorizedException: Token is not from a supported provider of this identity pool."
    )
    assert await refused_id(world, pool, a=id_token(aud="other-client")) == expected
    unlisted = id_token(provider=OTHER_USER_POOL)
    assert await refused_id(world, pool, b=unlisted) == expected
    assert await refused_id(world, pool, **{"graph.facebook.com": id_token()}) == expected


async def test_one_bad_token_fails_the_call(world: World) -> None:
    pool = await world.make_pool()
    good, bad = id_token(), id_token(provider=OTHER_USER_POOL, key="forger")
    assert "Couldn't verify" in await refused_id(world, pool, a=good, b=bad)
    listed = await world.call("ListIdentities", IdentityPoolId=pool, MaxResults=60)
    assert listed["Identities"] == []


async def test_server_side_token_check(world: World) -> None:
    world.logins.signed_out.add("sub-1")
    unchecked = await world.make_pool()
    await world.get_id(unchecked, a=id_token())
    pool = await world.make_pool(providers=((USER_POOL, CLIENT_ID, True),))
    assert "Token is not valid" in await refused_id(world, pool, a=id_token())
    await world.get_id(pool, a=id_token("sub-2"))


async def test_credentials_of_a_signed_in_person(world: World) -> None:
    pool = await world.make_pool()
    identity = await world.get_id(pool, a=id_token())
    output = await world.credentials(identity, a=id_token())
    assert output == {
        "IdentityId": identity,
        "Credentials": {
            "AccessKeyId": "ASIA0000000000000001",
            "SecretKey": "secret-1",
            "SessionToken": "token-1",
            "Expiration": NOW_S + 3600,
        },
    }
    assert world.issuer.last == {
        "role_arn": ROLE,
        "session_name": "CognitoIdentityCredentials",
        "account": ACCOUNT,
        "audience": pool,
        "subject": identity,
        "amr": ("authenticated", USER_POOL, f"{USER_POOL}:CognitoSignIn:sub-1"),
        "principal_tags": {},
        "session_policies": (),
        "duration_s": 3600,
        "now_s": NOW_S,
    }


async def test_credentials_are_had_without_writing(world: World) -> None:
    pool = await world.make_pool(guests=True)
    identity, guest = await world.get_id(pool, a=id_token()), await world.get_id(pool)

    async def no_writing(_work: object) -> object:
        raise AssertionError("written")

    world.database.write = no_writing  # type: ignore[method-assign, assignment]
    await world.credentials(identity, a=id_token())
    await world.credentials(guest)


async def test_a_guest_gets_the_guest_role_bounded_by_both_session_policies(
    world: World,
) -> None:
    pool = await world.make_pool(guests=True)
    await world.credentials(await world.get_id(pool))
    asked = world.issuer.last
    assert asked["role_arn"] == GUEST_ROLE
    assert asked["amr"] == ("unauthenticated",)
    assert asked["session_policies"] == GUEST_SESSION_POLICIES
    assert asked["principal_tags"] == {}


async def test_an_unknown_identity(world: World) -> None:
    await world.make_pool()
    expected = f"ResourceNotFoundException: Identity '{NOWHERE}' not found."
    assert await refused_credentials(world, NOWHERE, a=id_token()) == expected
    assert await refused_credentials(world, NOWHERE) == expected


async def test_somebody_elses_token_is_refused_and_changes_nothing(world: World) -> None:
    pool = await world.make_pool()
    mine, yours = await world.get_id(pool, a=id_token("me")), id_token("you")
    expected = (
        "NotAuthorizedException: Logins don't match. Please include at least one valid login for"
        " this identity or identity pool."
    )
    assert await refused_credentials(world, mine, a=yours) == expected
    theirs = await world.get_id(pool, a=yours)
    assert await refused_credentials(world, mine, a=yours) == expected
    other = id_token("me", provider=OTHER_USER_POOL)
    assert await refused_credentials(world, mine, b=other) == expected
    assert await world.get_id(pool, a=id_token("me")) == mine != theirs
    assert world.issuer.asked == []


async def test_an_authenticated_identity_is_forbidden_without_logins(world: World) -> None:
    pool = await world.make_pool(guests=True)
    identity = await world.get_id(pool, a=id_token())
    assert await refused_credentials(world, identity) == (
        f"NotAuthorizedException: Access to Identity '{identity}' is forbidden."
    )


async def test_guests_stop_when_the_pool_no_longer_allows_them(world: World) -> None:
    pool = await world.make_pool(guests=True)
    guest = await world.get_id(pool)
    await world.credentials(guest)
    await world.call(
        "UpdateIdentityPool",
        IdentityPoolId=pool,
        IdentityPoolName="pool",
        AllowUnauthenticatedIdentities=False,
    )
    assert "Unauthenticated access" in await refused_credentials(world, guest)


async def test_a_guest_who_signs_in_keeps_the_identity(world: World) -> None:
    pool = await world.make_pool(guests=True)
    guest = await world.get_id(pool)
    assert (await world.credentials(guest, a=id_token()))["IdentityId"] == guest
    assert world.issuer.last["role_arn"] == ROLE
    assert await world.get_id(pool, a=id_token()) == guest
    assert "forbidden" in await refused_credentials(world, guest)
    assert ("identity", guest) in world.changes.told


async def test_a_guest_who_was_here_before_gets_the_former_identity(world: World) -> None:
    pool = await world.make_pool(guests=True)
    known, guest = await world.get_id(pool, a=id_token()), await world.get_id(pool)
    world.changes.take()
    assert (await world.credentials(guest, a=id_token()))["IdentityId"] == known
    assert world.issuer.last["subject"] == known
    assert ("identity", guest) in world.changes.told
    assert "forbidden" in await refused_credentials(world, guest)
    assert "forbidden" in await refused_credentials(world, guest, a=id_token("sub-9"))


async def test_several_logins_are_linked(world: World) -> None:
    pool = await world.make_pool()
    both = await world.get_id(
        pool, a=id_token("sub-1"), b=id_token("sub-2", provider=OTHER_USER_POOL)
    )
    assert await world.get_id(pool, a=id_token("sub-1")) == both
    assert await world.get_id(pool, b=id_token("sub-2", provider=OTHER_USER_POOL)) == both
    described = await world.call("DescribeIdentity", IdentityId=both)
    assert described["Logins"] == [USER_POOL, OTHER_USER_POOL]
    await world.credentials(
        both, a=id_token("sub-1"), b=id_token("sub-2", provider=OTHER_USER_POOL)
    )
    assert world.issuer.last["amr"] == (
        "authenticated",
        USER_POOL,
        f"{USER_POOL}:CognitoSignIn:sub-1",
        OTHER_USER_POOL,
        f"{OTHER_USER_POOL}:CognitoSignIn:sub-2",
    )


async def test_two_proven_identities_are_merged_into_the_older(world: World) -> None:
    pool = await world.make_pool()
    older = await world.get_id(pool, a=id_token("sub-1"))
    world.call.now_s += 5
    newer = await world.get_id(pool, b=id_token("sub-2", provider=OTHER_USER_POOL))
    merged = await world.get_id(
        pool, a=id_token("sub-1"), b=id_token("sub-2", provider=OTHER_USER_POOL)
    )
    assert merged == older
    assert await world.get_id(pool, b=id_token("sub-2", provider=OTHER_USER_POOL)) == older
    assert ("identity", newer) in world.changes.told
    token = id_token("sub-2", provider=OTHER_USER_POOL)
    assert "forbidden" in await refused_credentials(world, newer, b=token)


async def test_a_second_login_of_one_provider_is_a_conflict(world: World) -> None:
    pool = await world.make_pool()
    identity = await world.get_id(
        pool, a=id_token("sub-1"), b=id_token("sub-2", provider=OTHER_USER_POOL)
    )
    refused = await refused_credentials(
        world, identity, a=id_token("sub-1"), b=id_token("sub-3", provider=OTHER_USER_POOL)
    )
    assert refused.startswith("ResourceConflictException")


async def test_a_deleted_identity_is_gone_and_the_person_gets_another(world: World) -> None:
    pool = await world.make_pool()
    identity = await world.get_id(pool, a=id_token())
    world.changes.take()
    output = await world.call("DeleteIdentities", IdentityIdsToDelete=[identity])
    assert output == {"UnprocessedIdentityIds": []}
    assert world.changes.take() == [("identity", identity)]
    assert "not found" in await refused_credentials(world, identity, a=id_token())
    assert await world.get_id(pool, a=id_token()) != identity


@pytest.mark.parametrize("code", ["AccessDenied", "PackedPolicyTooLarge"])
async def test_what_sts_refuses_is_the_pools_configuration(world: World, code: str) -> None:
    pool = await world.make_pool()
    identity = await world.get_id(pool, a=id_token())
    world.issuer.refusal = AwsError(code, "no")
    assert await refused_credentials(world, identity, a=id_token()) == (
        "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration."
        " Check assigned IAM roles for this pool."
    )


async def test_tags_that_sts_refuses_are_named(world: World) -> None:
    pool = await world.make_pool()
    identity = await world.get_id(pool, a=id_token())
    world.issuer.refusal = AwsError("ValidationError", "Value 'a#' at 'tags'")
    refused = await refused_credentials(world, identity, a=id_token())
    assert refused.startswith("InvalidParameterException: Invalid principal tags: Value 'a#'")


@pytest.mark.parametrize(
    "roles",
    [{}, {"authenticated": "arn:aws:iam::210987654321:role/Foreign"}],
    ids=["none", "another account's"],
)
async def test_a_pool_needs_a_role_of_its_own_account(world: World, roles: dict[str, str]) -> None:
    pool = await world.make_pool(roles=roles)
    identity = await world.get_id(pool, a=id_token())
    refused = await refused_credentials(world, identity, a=id_token())
    assert refused.startswith("InvalidIdentityPoolConfigurationException")
    assert world.issuer.asked == []


async def test_the_role_comes_from_the_token_where_the_mapping_says_so(world: World) -> None:
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "Deny"}
    pool = await world.make_pool(RoleMappings={f"{USER_POOL}:{CLIENT_ID}": mapping})
    claims: dict[str, Any] = {
        "cognito:roles": [ROLE, OTHER_ROLE],
        "cognito:preferred_role": OTHER_ROLE,
    }
    identity = await world.get_id(pool, a=id_token())
    await world.credentials(identity, a=id_token(**claims))
    assert world.issuer.last["role_arn"] == OTHER_ROLE
    await world.credentials(identity, ROLE, a=id_token(**claims))
    assert world.issuer.last["role_arn"] == ROLE
    refused = await refused_credentials(world, identity, GUEST_ROLE, a=id_token(**claims))
    assert refused.startswith("NotAuthorizedException")
    assert (await refused_credentials(world, identity, a=id_token())).startswith(
        "NotAuthorizedException"
    )


async def test_claims_become_principal_tags(world: World) -> None:
    pool = await world.make_pool()
    await world.call(
        "SetPrincipalTagAttributeMap",
        IdentityPoolId=pool,
        IdentityProviderName=USER_POOL,
        PrincipalTags={"building_id": "custom:building_id", "absent": "custom:absent"},
    )
    identity = await world.get_id(pool, a=id_token())
    await world.credentials(identity, a=id_token(**{"custom:building_id": "1"}))
    assert world.issuer.last["principal_tags"] == {"building_id": "1"}
    await world.call(
        "SetPrincipalTagAttributeMap",
        IdentityPoolId=pool,
        IdentityProviderName=USER_POOL,
        UseDefaults=True,
    )
    await world.credentials(identity, a=id_token())
    assert world.issuer.last["principal_tags"] == {"username": "sub-1", "client": CLIENT_ID}
