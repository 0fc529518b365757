"""Tokens of providers that are no user pools."""

import pytest
from tests.unit.services.cognito_identity.fakes import (
    CLIENT_ID,
    OIDC_ARN,
    OIDC_URL,
    OTHER_ROLE,
    USER_POOL,
    World,
    id_token,
)

from keyfob.core.errors import AwsError

GOOGLE = "accounts.google.com"


async def test_an_oidc_provider_registered_in_iam_is_accepted(world: World) -> None:
    pool = await world.make_pool(OpenIdConnectProviderARNs=[OIDC_ARN])
    token = id_token("ann", provider=OIDC_URL, aud="app")
    identity = await world.get_id(pool, **{OIDC_URL: token})
    await world.credentials(identity, **{OIDC_URL: token})
    assert world.issuer.last["amr"] == ("authenticated", OIDC_URL, f"{OIDC_URL}:app:ann")
    for bad, text in [
        (id_token("ann", provider=OIDC_URL, aud="other"), "supported provider"),
        (id_token("ann", provider=OIDC_URL, aud="app", key="forger"), "Couldn't verify"),
        (id_token("ann", provider=OIDC_URL, aud="app", iss="https://x"), "Issuer doesn't"),
        (id_token("ann", provider=OIDC_URL, aud="app", exp=1), "Token expired"),
        (id_token("ann", provider=OIDC_URL, aud="app", nbf=9e12), "Not a valid"),
        (id_token("ann", provider=OIDC_URL, aud="app", without="sub"), "claim: sub"),
    ]:
        with pytest.raises(AwsError, match=text):
            await world.get_id(pool, **{OIDC_URL: bad})


async def test_a_provider_the_pool_does_not_list_is_refused(world: World) -> None:
    pool = await world.make_pool(OpenIdConnectProviderARNs=[OIDC_ARN.replace("realm", "other")])
    for provider in (OIDC_URL, GOOGLE, "cognito-identity.amazonaws.com"):
        with pytest.raises(AwsError, match="not from a supported provider"):
            await world.get_id(pool, **{provider: id_token(provider=provider, aud="app")})


async def test_role_and_tag_maps_may_go_by_the_providers_arn(world: World) -> None:
    rule = {"Claim": "team", "MatchType": "Equals", "Value": "blue", "RoleARN": OTHER_ROLE}
    mapping = {
        "Type": "Rules",
        "AmbiguousRoleResolution": "Deny",
        "RulesConfiguration": {"Rules": [rule]},
    }
    pool = await world.make_pool(
        OpenIdConnectProviderARNs=[OIDC_ARN], RoleMappings={OIDC_ARN: mapping}
    )
    await world.call(
        "SetPrincipalTagAttributeMap",
        IdentityPoolId=pool,
        IdentityProviderName=OIDC_ARN,
        PrincipalTags={"team": "team"},
    )
    token = id_token(provider=OIDC_URL, aud="app", team="blue")
    identity = await world.get_id(pool, **{OIDC_URL: token})
    await world.credentials(identity, **{OIDC_URL: token})
    assert world.issuer.last["role_arn"] == OTHER_ROLE
    assert world.issuer.last["principal_tags"] == {"team": "blue"}


@pytest.mark.parametrize(
    ("provider", "issuer"),
    [
        (GOOGLE, "https://accounts.google.com"),
        (GOOGLE, "accounts.google.com"),
        ("appleid.apple.com", "https://appleid.apple.com"),
        ("graph.facebook.com", "https://www.facebook.com"),
    ],
)
async def test_social_tokens_are_known_by_their_issuer(
    world: World, provider: str, issuer: str
) -> None:
    pool = await world.make_pool(SupportedLoginProviders={provider: CLIENT_ID})
    key = "www.facebook.com" if provider == "graph.facebook.com" else provider
    token = id_token(provider=provider, iss=issuer, key=key)
    assert await world.get_id(pool, **{provider: token})
    with pytest.raises(AwsError, match="supported provider"):
        stranger = id_token(provider=provider, iss=issuer, key=key, aud="other app")
        await world.get_id(pool, **{provider: stranger})


async def test_a_user_pools_token_is_not_passed_off_as_anothers(world: World) -> None:
    pool = await world.make_pool(
        SupportedLoginProviders={GOOGLE: CLIENT_ID}, OpenIdConnectProviderARNs=[OIDC_ARN]
    )
    for provider in (GOOGLE, OIDC_URL):
        with pytest.raises(AwsError, match="Issuer doesn't match"):
            await world.get_id(pool, **{provider: id_token(provider=USER_POOL)})


async def test_opaque_tokens_are_refused(world: World) -> None:
    pool = await world.make_pool(SupportedLoginProviders={"www.amazon.com": "amzn1"})
    with pytest.raises(AwsError, match="Not a valid OpenId"):
        await world.get_id(pool, **{"www.amazon.com": "Atza|opaque"})
    with pytest.raises(AwsError, match="supported provider"):
        token = id_token(provider="www.amazon.com", aud="amzn1")
        await world.get_id(pool, **{"www.amazon.com": token})


async def test_keys_that_cannot_be_had_are_said_to_be_so(world: World) -> None:
    pool = await world.make_pool(OpenIdConnectProviderARNs=[OIDC_ARN])
    world.issuer_keys.are_reachable = False
    with pytest.raises(AwsError, match="ExternalServiceException"):
        await world.get_id(pool, **{OIDC_URL: id_token(provider=OIDC_URL, aud="app")})
