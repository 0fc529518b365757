from typing import Any

import pytest
from tests.unit.services.caller import NOW_S
from tests.unit.services.cognito_identity.fakes import (
    USER_POOL,
    FakeOpenIdKeys,
    World,
    id_token,
    signing_key,
)

from keyfob.core.errors import AwsError
from keyfob.services.cognito_identity import IdentityPoolDirectory, IdentityPoolIssuer
from keyfob.services.sts import CognitoTokenVerifier
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.verify import decode_token


def verifier(world: World) -> CognitoTokenVerifier:
    directory = IdentityPoolDirectory(world.pools, world.identities)
    return CognitoTokenVerifier(IdentityPoolIssuer(directory, FakeOpenIdKeys()))


async def open_id_token(world: World, identity: str, **logins: str) -> str:
    extra = {"Logins": {USER_POOL: logins["a"]}} if logins else {}
    output = await world.call("GetOpenIdToken", IdentityId=identity, **extra)
    assert output["IdentityId"] == identity
    token: str = output["Token"]
    return token


async def refusal(world: World, identity: str, **logins: str) -> str:
    with pytest.raises(AwsError) as caught:
        await open_id_token(world, identity, **logins)
    return str(caught.value)


async def test_a_token_says_who_and_sts_takes_it(world: World) -> None:
    pool = await world.make_pool(AllowClassicFlow=True)
    tags = {"tenant": "custom:tenant"}
    await world.call(
        "SetPrincipalTagAttributeMap",
        IdentityPoolId=pool,
        IdentityProviderName=USER_POOL,
        PrincipalTags=tags,
    )
    login = id_token(**{"custom:tenant": "7"})
    identity = await world.get_id(pool, a=login)
    token = await open_id_token(world, identity, a=login)
    amr = ["authenticated", USER_POOL, f"{USER_POOL}:CognitoSignIn:sub-1"]
    assert decode_token(token).claims.values == {
        "iss": "https://cognito-identity.amazonaws.com",
        "sub": identity,
        "aud": pool,
        "amr": amr,
        "iat": int(NOW_S),
        "exp": int(NOW_S) + 600,
        "https://aws.amazon.com/tags": {"principal_tags": {"tenant": ["7"]}},
    }
    found = await verifier(world).verify(token, NOW_S)
    assert (found.audience, found.subject, found.amr) == (pool, identity, tuple(amr))
    assert found.principal_tags == {"tenant": "7"}


async def test_guests(world: World) -> None:
    pool = await world.make_pool(guests=True, AllowClassicFlow=True)
    token = await open_id_token(world, await world.get_id(pool))
    assert (await verifier(world).verify(token, NOW_S)).amr == ("unauthenticated",)


async def test_the_classic_flow_must_be_enabled_and_takes_no_mappings(world: World) -> None:
    pool = await world.make_pool()
    identity = await world.get_id(pool, a=id_token())
    assert "is not enabled" in await refusal(world, identity, a=id_token())
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "Deny"}
    mapped = await world.make_pool(AllowClassicFlow=True, RoleMappings={"p": mapping})
    other = await world.get_id(mapped, a=id_token())
    assert "not supported with RoleMappings" in await refusal(world, other, a=id_token())


async def test_proof_is_needed_as_for_credentials(world: World) -> None:
    pool = await world.make_pool(guests=True, AllowClassicFlow=True)
    identity = await world.get_id(pool, a=id_token())
    assert "forbidden" in await refusal(world, identity)
    assert "Couldn't verify" in await refusal(world, identity, a=id_token(key="forger"))
    assert "Logins don't match" in await refusal(world, identity, a=id_token("sub-2"))


async def test_sts_refuses_forged_expired_and_orphaned_tokens(world: World) -> None:
    pool = await world.make_pool(AllowClassicFlow=True)
    identity = await world.get_id(pool, a=id_token())
    token = await open_id_token(world, identity, a=id_token())
    claims: dict[str, Any] = dict(decode_token(token).claims.values)
    forged = [
        sign_jwt(claims, signing_key("forger")),
        sign_jwt(claims | {"iss": "https://example.org"}, signing_key("issuer")),
        sign_jwt(claims | {"aud": "eu-central-1:0"}, signing_key("issuer")),
        "garbage",
    ]
    for bad in forged:
        with pytest.raises(AwsError, match="InvalidIdentityToken"):
            await verifier(world).verify(bad, NOW_S)
    with pytest.raises(AwsError, match="ExpiredTokenException"):
        await verifier(world).verify(token, NOW_S + 600)
    await world.call("DeleteIdentities", IdentityIdsToDelete=[identity])
    with pytest.raises(AwsError, match="InvalidIdentityToken"):
        await verifier(world).verify(token, NOW_S)
