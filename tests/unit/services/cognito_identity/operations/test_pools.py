from typing import Any

import pytest
from tests.unit.services.caller import ACCOUNT
from tests.unit.services.cognito_identity.fakes import (
    CLIENT_ID,
    GUEST_ROLE,
    OTHER_ACCOUNT,
    OTHER_ROLE,
    ROLE,
    USER_POOL,
    World,
    id_token,
)

from keyfob.authz.operation import _AUTHORIZER, Auth, AuthorizedRequest
from keyfob.core.errors import AwsError
from keyfob.core.ids import Region
from keyfob.services.cognito_identity import OPERATIONS

SETTINGS: dict[str, Any] = {
    "IdentityPoolName": "my pool",
    "AllowUnauthenticatedIdentities": True,
    "AllowClassicFlow": False,
    "SupportedLoginProviders": {"graph.facebook.com": "7346241598935552"},
    "DeveloperProviderName": "login.example",
    "OpenIdConnectProviderARNs": [f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.org"],
    "CognitoIdentityProviders": [
        {"ProviderName": USER_POOL, "ClientId": CLIENT_ID, "ServerSideTokenCheck": True}
    ],
    "SamlProviderARNs": [f"arn:aws:iam::{ACCOUNT}:saml-provider/Example"],
    "IdentityPoolTags": {"stage": "test"},
}
MINIMAL = {"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": False}
MAPPING = {
    "Type": "Rules",
    "AmbiguousRoleResolution": "AuthenticatedRole",
    "RulesConfiguration": {
        "Rules": [{"Claim": "sub", "MatchType": "Equals", "Value": "1", "RoleARN": OTHER_ROLE}]
    },
}


async def refusal(world: World, name: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        await world.call(name, **params)
    return str(caught.value)


async def test_a_pool_is_shown_as_it_was_made(world: World) -> None:
    made = await world.call("CreateIdentityPool", **SETTINGS)
    pool_id = made["IdentityPoolId"]
    assert made == {"IdentityPoolId": pool_id, **SETTINGS}
    assert await world.call("DescribeIdentityPool", IdentityPoolId=pool_id) == made


async def test_what_was_not_set_is_not_shown(world: World) -> None:
    made = await world.call("CreateIdentityPool", **MINIMAL)
    assert set(made) == {"IdentityPoolId", "IdentityPoolName", "AllowUnauthenticatedIdentities"}


async def test_an_update_replaces_the_settings_and_keeps_the_roles(world: World) -> None:
    pool_id = await world.make_pool(guests=True, AllowClassicFlow=True)
    updated = await world.call("UpdateIdentityPool", IdentityPoolId=pool_id, **MINIMAL)
    assert updated == {"IdentityPoolId": pool_id, **MINIMAL}
    assert await world.call("DescribeIdentityPool", IdentityPoolId=pool_id) == updated
    roles = await world.call("GetIdentityPoolRoles", IdentityPoolId=pool_id)
    assert roles["Roles"] == {"authenticated": ROLE, "unauthenticated": GUEST_ROLE}


@pytest.mark.parametrize(
    "settings",
    [
        {"CognitoIdentityProviders": [{"ProviderName": USER_POOL}]},
        {"CognitoIdentityProviders": [{"ClientId": CLIENT_ID}]},
        {"CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": CLIENT_ID}] * 51},
    ],
)
async def test_settings_that_are_refused(world: World, settings: dict[str, Any]) -> None:
    refused = await refusal(world, "CreateIdentityPool", **MINIMAL, **settings)
    assert refused.startswith("InvalidParameterException")


async def test_the_developer_name_stays(world: World) -> None:
    made = await world.call("CreateIdentityPool", **SETTINGS)
    params = {"IdentityPoolId": made["IdentityPoolId"], **SETTINGS}
    await world.call("UpdateIdentityPool", **params)
    refused = await refusal(
        world, "UpdateIdentityPool", **(params | {"DeveloperProviderName": "other"})
    )
    assert refused.startswith("InvalidParameterException")


async def test_a_deleted_pool_takes_its_identities_along(world: World) -> None:
    pool_id = await world.make_pool()
    identity = await world.get_id(pool_id, a=id_token())
    world.changes.take()
    assert await world.call("DeleteIdentityPool", IdentityPoolId=pool_id) == {}
    assert world.changes.take() == [("identity", identity)]
    assert "not found" in await refusal(world, "DescribeIdentityPool", IdentityPoolId=pool_id)
    assert "not found" in await refusal(world, "DescribeIdentity", IdentityId=identity)
    assert "not found" in await refusal(world, "GetId", IdentityPoolId=pool_id)


async def test_another_accounts_pool_does_not_exist(world: World) -> None:
    pool_id = await world.make_pool()
    identity = await world.get_id(pool_id, a=id_token())
    world.call.account = OTHER_ACCOUNT
    calls: list[tuple[str, dict[str, Any]]] = [
        ("DescribeIdentityPool", {}),
        ("UpdateIdentityPool", MINIMAL),
        ("DeleteIdentityPool", {}),
        ("SetIdentityPoolRoles", {"Roles": {}}),
        ("GetIdentityPoolRoles", {}),
        ("SetPrincipalTagAttributeMap", {"IdentityProviderName": USER_POOL}),
        ("GetPrincipalTagAttributeMap", {"IdentityProviderName": USER_POOL}),
        ("ListIdentities", {"MaxResults": 10}),
    ]
    for name, params in calls:
        refused = await refusal(world, name, IdentityPoolId=pool_id, **params)
        assert refused == f"ResourceNotFoundException: IdentityPool '{pool_id}' not found."
    assert "not found" in await refusal(world, "DescribeIdentity", IdentityId=identity)
    output = await world.call("DeleteIdentities", IdentityIdsToDelete=[identity])
    assert output["UnprocessedIdentityIds"] == [
        {"IdentityId": identity, "ErrorCode": "AccessDenied"}
    ]
    world.call.account = ACCOUNT
    assert await world.get_id(pool_id, a=id_token()) == identity


async def test_pools_are_listed_by_page_within_account_and_region(world: World) -> None:
    made = {(await world.call("CreateIdentityPool", **MINIMAL))["IdentityPoolId"] for _ in "abcde"}
    world.call.region = Region("us-east-1")
    await world.call("CreateIdentityPool", **MINIMAL)
    world.call.region = Region("eu-central-1")
    listed: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(3):
        page = await world.call("ListIdentityPools", MaxResults=2, **more)
        listed += [pool["IdentityPoolId"] for pool in page["IdentityPools"]]
        more = {"NextToken": page.get("NextToken")}
    assert more == {"NextToken": None}
    assert set(listed) == made
    assert len(listed) == 5


@pytest.mark.parametrize("token", ["x", "\u00e4", "////", "bm90IGFuIGlk"])
async def test_a_foreign_page_token_is_refused(world: World, token: str) -> None:
    refused = await refusal(world, "ListIdentityPools", MaxResults=2, NextToken=token)
    assert refused == "InvalidParameterException: Invalid NextToken."


async def test_identities_are_listed_by_page_and_disabled_ones_can_be_hidden(
    world: World,
) -> None:
    pool_id = await world.make_pool(guests=True)
    known = await world.get_id(pool_id, a=id_token())
    guest = await world.get_id(pool_id)
    await world.credentials(guest, a=id_token())
    page = await world.call("ListIdentities", IdentityPoolId=pool_id, MaxResults=1)
    rest = await world.call(
        "ListIdentities", IdentityPoolId=pool_id, MaxResults=1, NextToken=page["NextToken"]
    )
    shown = [each["IdentityId"] for each in (*page["Identities"], *rest["Identities"])]
    assert shown == sorted([known, guest])
    assert "NextToken" not in rest
    visible = await world.call(
        "ListIdentities", IdentityPoolId=pool_id, MaxResults=60, HideDisabled=True
    )
    assert [each["IdentityId"] for each in visible["Identities"]] == [known]


async def test_roles_are_replaced_as_a_whole(world: World) -> None:
    pool_id = await world.make_pool()
    key = f"{USER_POOL}:{CLIENT_ID}"
    await world.call(
        "SetIdentityPoolRoles",
        IdentityPoolId=pool_id,
        Roles={"authenticated": ROLE},
        RoleMappings={key: MAPPING},
    )
    assert await world.call("GetIdentityPoolRoles", IdentityPoolId=pool_id) == {
        "IdentityPoolId": pool_id,
        "Roles": {"authenticated": ROLE},
        "RoleMappings": {key: MAPPING},
    }
    await world.call("SetIdentityPoolRoles", IdentityPoolId=pool_id, Roles={})
    assert await world.call("GetIdentityPoolRoles", IdentityPoolId=pool_id) == {
        "IdentityPoolId": pool_id,
        "Roles": {},
    }


async def test_every_role_must_be_passable(world: World) -> None:
    pool_id = await world.make_pool()
    world.pass_role.asked.clear()
    world.pass_role.refused.add(OTHER_ROLE)
    refused = await refusal_of_pass_role(
        world,
        IdentityPoolId=pool_id,
        Roles={"authenticated": GUEST_ROLE},
        RoleMappings={"p": MAPPING},
    )
    assert refused == "AccessDeniedException"
    service = "cognito-identity.amazonaws.com"
    assert world.pass_role.asked == [(GUEST_ROLE, service), (OTHER_ROLE, service)]
    roles = await world.call("GetIdentityPoolRoles", IdentityPoolId=pool_id)
    assert roles["Roles"]["authenticated"] == ROLE


async def refusal_of_pass_role(world: World, **params: Any) -> str:
    """An authorisation failure is no modelled error, so the caller's check is stepped over."""
    row = world.call.rows["SetIdentityPoolRoles"]
    call = world.call.make_call("SetIdentityPoolRoles", params)
    with pytest.raises(AwsError) as caught:
        await row.handler(world.call.service, AuthorizedRequest(call, _AUTHORIZER))
    return caught.value.code


@pytest.mark.parametrize(
    "mapping",
    [
        {"Type": "Token"},
        {"Type": "Rules", "AmbiguousRoleResolution": "Deny"},
        MAPPING | {"RulesConfiguration": {"Rules": MAPPING["RulesConfiguration"]["Rules"] * 26}},  # type: ignore[index]
    ],
)
async def test_mappings_that_are_refused(world: World, mapping: dict[str, Any]) -> None:
    pool_id = await world.make_pool()
    refused = await refusal(
        world,
        "SetIdentityPoolRoles",
        IdentityPoolId=pool_id,
        Roles={},
        RoleMappings={"p": mapping},
    )
    assert refused.startswith("InvalidParameterException")


async def test_tag_maps(world: World) -> None:
    pool_id = await world.make_pool()
    asked = {"IdentityPoolId": pool_id, "IdentityProviderName": USER_POOL}
    unset = await refusal(world, "GetPrincipalTagAttributeMap", **asked)
    assert unset.startswith("ResourceNotFoundException")
    given = await world.call(
        "SetPrincipalTagAttributeMap", **asked, PrincipalTags={"t": "custom:t"}
    )
    assert given == {**asked, "UseDefaults": False, "PrincipalTags": {"t": "custom:t"}}
    assert await world.call("GetPrincipalTagAttributeMap", **asked) == given
    defaults = await world.call("SetPrincipalTagAttributeMap", **asked, UseDefaults=True)
    assert defaults["PrincipalTags"] == {"username": "sub", "client": "aud"}


async def test_rows_name_the_pool_and_agree_with_the_model(world: World) -> None:
    pool_id = "us-west-2:11111111-2222-4333-8444-555555555555"
    assert await world.call.resources("DeleteIdentityPool", IdentityPoolId=pool_id) == (
        f"arn:aws:cognito-identity:us-west-2:{ACCOUNT}:identitypool/{pool_id}",
    )
    for row in OPERATIONS:
        is_unsigned = world.call.model.operation_model(row.name).auth_type == "none"
        assert row.auth is (Auth.PUBLIC if is_unsigned else Auth.SIGV4)
        assert row.action == ("" if is_unsigned else f"cognito-identity:{row.name}")
