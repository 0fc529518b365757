from typing import Any

import pytest
from sqlalchemy import select

from keyfob.core.errors import AwsError
from keyfob.store.tables.federation import identity_providers

DETAILS = {"client_id": "c", "client_secret": "hush", "oidc_issuer": "https://idp.example.com"}


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


async def make_provider(api: Any, pool_id: str, name: str = "Corp", **more: Any) -> None:
    await api.call(
        "CreateIdentityProvider",
        UserPoolId=pool_id,
        ProviderName=name,
        ProviderType="OIDC",
        ProviderDetails=DETAILS,
        **more,
    )


async def test_a_provider_is_kept_and_its_secret_is_not_in_clear(api: Any) -> None:
    pool_id = await api.make_pool()
    await make_provider(
        api, pool_id, AttributeMapping={"email": "mail"}, IdpIdentifiers=["corp.example.com"]
    )
    found = await api.call(
        "GetIdentityProviderByIdentifier", UserPoolId=pool_id, IdpIdentifier="corp.example.com"
    )
    shown = await api.call("DescribeIdentityProvider", UserPoolId=pool_id, ProviderName="Corp")
    assert found == shown
    assert shown["IdentityProvider"]["ProviderDetails"] == DETAILS
    with api.database.engine.connect() as connection:
        stored = connection.execute(select(identity_providers.c.document)).scalar_one()
    assert b"hush" not in stored
    await api.call(
        "UpdateIdentityProvider",
        UserPoolId=pool_id,
        ProviderName="Corp",
        ProviderDetails={**DETAILS, "client_id": "d"},
    )
    shown = await api.call("DescribeIdentityProvider", UserPoolId=pool_id, ProviderName="Corp")
    assert shown["IdentityProvider"]["ProviderDetails"]["client_id"] == "d"
    assert shown["IdentityProvider"]["AttributeMapping"] == {"email": "mail"}


async def test_providers_of_a_pool(api: Any) -> None:
    pool_id, other = await api.make_pool(), await api.make_pool()
    await make_provider(api, pool_id, IdpIdentifiers=["one"])
    with pytest.raises(AwsError) as error:
        await make_provider(api, pool_id)
    message = "A provider with the name Corp already exists."
    assert refusal(error) == ("DuplicateProviderException", message)
    with pytest.raises(AwsError) as error:
        await make_provider(api, pool_id, "Second", IdpIdentifiers=["one"])
    assert error.value.code == "DuplicateProviderException"
    await make_provider(api, other, IdpIdentifiers=["one"])
    listed = await api.call("ListIdentityProviders", UserPoolId=pool_id)
    assert [each["ProviderName"] for each in listed["Providers"]] == ["Corp"]
    await api.call("DeleteIdentityProvider", UserPoolId=pool_id, ProviderName="Corp")
    for operation, params in (
        ("DescribeIdentityProvider", {"ProviderName": "Corp"}),
        ("DeleteIdentityProvider", {"ProviderName": "Corp"}),
        ("GetIdentityProviderByIdentifier", {"IdpIdentifier": "one"}),
    ):
        with pytest.raises(AwsError) as error:
            await api.call(operation, UserPoolId=pool_id, **params)
        assert error.value.code == "ResourceNotFoundException"


async def test_resource_servers(api: Any) -> None:
    pool_id = await api.make_pool()
    server = {
        "UserPoolId": pool_id,
        "Identifier": "https://doors.example.com",
        "Name": "doors",
        "Scopes": [{"ScopeName": "open", "ScopeDescription": "Open doors"}],
    }
    made = await api.call("CreateResourceServer", **server)
    assert made == {"ResourceServer": server}
    with pytest.raises(AwsError) as error:
        await api.call("CreateResourceServer", **server)
    message = "https://doors.example.com already exists in user pool."
    assert refusal(error) == ("InvalidParameterException", message)
    await api.call("UpdateResourceServer", **{**server, "Scopes": []})
    listed = await api.call("ListResourceServers", UserPoolId=pool_id, MaxResults=1)
    assert listed == {"ResourceServers": [{**server, "Scopes": []}]}
    key = {"UserPoolId": pool_id, "Identifier": server["Identifier"]}
    await api.call("DeleteResourceServer", **key)
    for operation in ("DescribeResourceServer", "DeleteResourceServer"):
        with pytest.raises(AwsError) as error:
            await api.call(operation, **key)
        assert refusal(error) == (
            "ResourceNotFoundException",
            "Resource server does not exist.",
        )


async def test_a_pool_has_25_resource_servers_at_most(api: Any) -> None:
    pool_id = await api.make_pool()
    for n in range(25):
        await api.call("CreateResourceServer", UserPoolId=pool_id, Identifier=f"r{n}", Name="r")
    with pytest.raises(AwsError) as error:
        await api.call("CreateResourceServer", UserPoolId=pool_id, Identifier="more", Name="r")
    assert error.value.code == "LimitExceededException"


async def test_domains_are_unique_on_the_server(api: Any) -> None:
    pool_id, other = await api.make_pool(), await api.make_pool()
    await api.call("CreateUserPoolDomain", UserPoolId=pool_id, Domain="hall", ManagedLoginVersion=2)
    shown = (await api.call("DescribeUserPoolDomain", Domain="hall"))["DomainDescription"]
    assert (shown["UserPoolId"], shown["Status"], shown["ManagedLoginVersion"]) == (
        pool_id,
        "ACTIVE",
        2,
    )
    with pytest.raises(AwsError) as error:
        await api.call("CreateUserPoolDomain", UserPoolId=other, Domain="hall")
    assert refusal(error)[1] == "Domain already associated with another user pool."
    with pytest.raises(AwsError) as error:
        await api.call("CreateUserPoolDomain", UserPoolId=pool_id, Domain="second")
    assert refusal(error)[1] == "User pool already has a domain configured."
    with pytest.raises(AwsError) as error:
        await api.call("DeleteUserPoolDomain", UserPoolId=other, Domain="hall")
    assert error.value.code == "ResourceNotFoundException"
    await api.call("UpdateUserPoolDomain", UserPoolId=pool_id, Domain="hall", ManagedLoginVersion=1)
    changed = (await api.call("DescribeUserPoolDomain", Domain="hall"))["DomainDescription"]
    assert changed["ManagedLoginVersion"] == 1
    assert changed["Version"] != shown["Version"]
    await api.call("DeleteUserPoolDomain", UserPoolId=pool_id, Domain="hall")
    assert await api.call("DescribeUserPoolDomain", Domain="hall") == {"DomainDescription": {}}


async def test_tags(api: Any) -> None:
    pool_id = await api.make_pool(UserPoolTags={"team": "doors"})
    arn = f"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{pool_id}"
    await api.call("TagResource", ResourceArn=arn, Tags={"cost": "1"})
    await api.call("UntagResource", ResourceArn=arn, TagKeys=["team", "none"])
    assert await api.call("ListTagsForResource", ResourceArn=arn) == {"Tags": {"cost": "1"}}
    with pytest.raises(AwsError) as error:
        await api.call("TagResource", ResourceArn=arn, Tags={str(n): "" for n in range(50)})
    assert error.value.code == "InvalidParameterException"
    for wrong in (arn + "x", arn.replace("123456789012", "210987654321")):
        with pytest.raises(AwsError) as error:
            await api.call("ListTagsForResource", ResourceArn=wrong)
        assert refusal(error) == (
            "ResourceNotFoundException",
            f"Resource {wrong} does not exist.",
        )
