from typing import Any

import pytest

from keyfob.core.errors import AwsError


async def test_a_pool_is_described_as_made(api: Any) -> None:
    made = await api.call(
        "CreateUserPool",
        PoolName="people",
        Schema=[
            {"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": False},
            {"Name": "floor", "AttributeDataType": "Number"},
            {"Name": "flag", "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": True},
        ],
        Policies={"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True}},
        UserPoolTags={"stage": "test"},
    )
    pool = made["UserPool"]
    region, _, rest = pool["Id"].partition("_")
    assert (region, len(rest)) == ("eu-central-1", 9)
    assert pool["Arn"] == f"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{pool['Id']}"
    described = await api.call("DescribeUserPool", UserPoolId=pool["Id"])
    assert described["UserPool"] == pool
    schema = {each["Name"]: each for each in pool["SchemaAttributes"]}
    assert (schema["email"]["Required"], schema["email"]["Mutable"]) == (True, False)
    assert schema["custom:floor"]["AttributeDataType"] == "Number"
    assert schema["dev:flag"]["DeveloperOnlyAttribute"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 10
    assert pool["Policies"]["PasswordPolicy"]["RequireSymbols"] is False
    assert pool["UserPoolTags"] == {"stage": "test"}


async def test_update_sets_what_is_named_and_resets_the_rest(api: Any) -> None:
    pool_id = await api.make_pool(
        Policies={"PasswordPolicy": {"MinimumLength": 12}}, AutoVerifiedAttributes=["email"]
    )
    await api.call("UpdateUserPool", UserPoolId=pool_id, AutoVerifiedAttributes=["email"])
    pool = (await api.call("DescribeUserPool", UserPoolId=pool_id))["UserPool"]
    assert pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8


@pytest.mark.parametrize(
    "params",
    [
        {"MfaConfiguration": "ON"},
        {"LambdaConfig": {"UserMigration": "arn:aws:lambda:eu-central-1:123456789012:function:f"}},
        {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["WEB_AUTHN"]}}},
        {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}},
        {"IssuerConfiguration": {"Type": "UPDATED"}},
        {"UsernameAttributes": ["email"], "AliasAttributes": ["email"]},
        {"Schema": [{"Name": "x", "AttributeDataType": "String", "Required": True}]},
        {"Schema": [{"Name": "x"}]},
        {"Schema": [{"Name": "x", "AttributeDataType": "String"}] * 2},
        {"Schema": [{"Name": "email", "AttributeDataType": "Number"}]},
    ],
)
async def test_what_would_not_be_enforced_is_refused(api: Any, params: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as error:
        await api.call("CreateUserPool", PoolName="people", **params)
    assert error.value.code == "InvalidParameterException"


async def test_pools_are_listed_by_page_account_and_region(api: Any) -> None:
    made = {await api.make_pool() for _ in range(3)}
    first = await api.call("ListUserPools", MaxResults=2)
    second = await api.call("ListUserPools", MaxResults=2, NextToken=first["NextToken"])
    assert {pool["Id"] for pool in first["UserPools"] + second["UserPools"]} == made
    assert "NextToken" not in second
    with pytest.raises(AwsError, match="pagination token"):
        await api.call("ListUserPools", MaxResults=2, NextToken="x")
    api.region = "us-east-1"
    assert (await api.call("ListUserPools", MaxResults=2))["UserPools"] == []


async def test_a_protected_pool_stays(api: Any) -> None:
    pool_id = await api.make_pool(DeletionProtection="ACTIVE")
    with pytest.raises(AwsError, match="deletion protection"):
        await api.call("DeleteUserPool", UserPoolId=pool_id)
    await api.call("UpdateUserPool", UserPoolId=pool_id, DeletionProtection="INACTIVE")
    await api.call("DeleteUserPool", UserPoolId=pool_id)
    with pytest.raises(AwsError, match="does not exist"):
        await api.call("DescribeUserPool", UserPoolId=pool_id)


async def test_deleting_a_pool_ends_its_clients(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id)
    await api.sign_in(client_id)
    await api.call("DeleteUserPool", UserPoolId=pool_id)
    with pytest.raises(AwsError) as error:
        await api.sign_in(client_id)
    assert error.value.message == f"User pool client {client_id} does not exist."


async def test_at_most_fifty_custom_attributes(api: Any) -> None:
    pool_id = await api.make_pool()
    batch = [
        [{"Name": f"a{i}", "AttributeDataType": "String"} for i in r]
        for r in (range(25), range(25, 50))
    ]
    for attributes in batch:
        await api.call("AddCustomAttributes", UserPoolId=pool_id, CustomAttributes=attributes)
    with pytest.raises(AwsError) as error:
        await api.call(
            "AddCustomAttributes",
            UserPoolId=pool_id,
            CustomAttributes=[{"Name": "more", "AttributeDataType": "String"}],
        )
    assert error.value.code == "LimitExceededException"


async def test_a_client_is_described_updated_listed_deleted(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id, GenerateSecret=True, ReadAttributes=["email"])
    names = {"UserPoolId": pool_id, "ClientId": client_id}
    client = (await api.call("DescribeUserPoolClient", **names))["UserPoolClient"]
    assert len(client["ClientSecret"]) == 52
    assert client["ReadAttributes"] == ["email"]
    assert "WriteAttributes" not in client
    updated = (await api.call("UpdateUserPoolClient", **names, ClientName="new"))["UserPoolClient"]
    assert (updated["ClientName"], updated["ClientSecret"]) == ("new", client["ClientSecret"])
    assert updated["ExplicitAuthFlows"] == [
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_CUSTOM_AUTH",
    ]
    assert "ReadAttributes" not in updated
    listed = await api.call("ListUserPoolClients", UserPoolId=pool_id)
    assert [each["ClientId"] for each in listed["UserPoolClients"]] == [client_id]
    await api.call("DeleteUserPoolClient", **names)
    with pytest.raises(AwsError, match="User pool client"):
        await api.call("DescribeUserPoolClient", **names)


async def test_a_client_of_another_pool_is_not_found(api: Any) -> None:
    client_id = await api.make_client(await api.make_pool())
    with pytest.raises(AwsError, match="User pool client"):
        await api.call(
            "DescribeUserPoolClient", UserPoolId=await api.make_pool(), ClientId=client_id
        )


@pytest.mark.parametrize(
    "params",
    [
        {"ReadAttributes": ["custom:no"]},
        {"WriteAttributes": ["email_verified"]},
        {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]},
        {"AccessTokenValidity": 1, "TokenValidityUnits": {"AccessToken": "minutes"}},
        {"IdTokenValidity": 2, "TokenValidityUnits": {"IdToken": "days"}},
        {"RefreshTokenValidity": 59, "TokenValidityUnits": {"RefreshToken": "minutes"}},
        {"RefreshTokenRotation": {"Feature": "ENABLED"}},
        {"GenerateSecret": True, "ClientSecret": "x" * 24},
    ],
)
async def test_bad_client_settings_are_refused(api: Any, params: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as error:
        await api.make_client(await api.make_pool(), **params)
    assert error.value.code == "InvalidParameterException"


async def test_token_lifetimes_are_the_clients(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(
        pool_id, AccessTokenValidity=10, TokenValidityUnits={"AccessToken": "minutes"}
    )
    await api.make_user(pool_id)
    result = await api.sign_in(client_id)
    assert result["ExpiresIn"] == 600
