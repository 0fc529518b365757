from typing import Any

import pytest

from keyfob.core.errors import AwsError

PASSWORD = "Correct-Horse-1"
UNDECLARED = (
    "Attributes did not conform to the schema: custom:no: Attribute does not exist in the schema."
)


async def make(api: Any, **pool: Any) -> str:
    schema = [{"Name": "born", "AttributeDataType": "String", "Mutable": False}]
    return str(await api.make_pool(**{"Schema": schema, **pool}))


async def create(api: Any, pool_id: str, name: str = "alice", **params: Any) -> dict[str, Any]:
    answer = await api.call("AdminCreateUser", UserPoolId=pool_id, Username=name, **params)
    return dict(answer["User"])


async def test_a_user_is_made_and_invited(api: Any) -> None:
    pool_id = await make(api)
    user = await create(
        api,
        pool_id,
        UserAttributes=[{"Name": "email", "Value": "a@example.com"}],
        DesiredDeliveryMediums=["EMAIL"],
    )
    assert (user["Username"], user["UserStatus"], user["Enabled"]) == (
        "alice",
        "FORCE_CHANGE_PASSWORD",
        True,
    )
    (message,) = await api.service.mailbox.read(pool_id, limit=10)
    assert message.record.destination == "a@example.com"
    client_id = await api.make_client(pool_id)
    answer = await api.initiate(client_id, "alice", message.content.code)
    assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


async def test_the_invitation_is_suppressed_or_sent_again(api: Any) -> None:
    pool_id = await make(api)
    attributes = [{"Name": "email", "Value": "a@example.com"}]
    medium: dict[str, Any] = {"DesiredDeliveryMediums": ["EMAIL"]}
    await create(api, pool_id, UserAttributes=attributes, MessageAction="SUPPRESS", **medium)
    assert await api.service.mailbox.read(pool_id, limit=10) == ()
    await create(api, pool_id, MessageAction="RESEND", **medium)
    assert len(await api.service.mailbox.read(pool_id, limit=10)) == 1
    await api.make_user(pool_id, "bob")
    with pytest.raises(AwsError) as error:
        await create(api, pool_id, "bob", MessageAction="RESEND")
    assert error.value.code == "UnsupportedUserStateException"


async def test_undeclared_attributes_are_refused(api: Any) -> None:
    pool_id = await make(api)
    with pytest.raises(AwsError) as error:
        await create(api, pool_id, UserAttributes=[{"Name": "custom:no", "Value": "1"}])
    assert (error.value.code, error.value.message) == (
        "InvalidParameterException",
        UNDECLARED,
    )


async def test_a_weak_temporary_password_is_refused(api: Any) -> None:
    with pytest.raises(AwsError, match="did not conform with policy"):
        await create(api, await make(api), TemporaryPassword="weak-w")


async def test_immutable_attributes_are_set_once(api: Any) -> None:
    pool_id = await make(api)
    born = [{"Name": "custom:born", "Value": "1970"}]
    user = await create(api, pool_id, UserAttributes=born)
    assert born[0] in user["Attributes"]
    with pytest.raises(AwsError, match="Attribute cannot be updated"):
        await api.call(
            "AdminUpdateUserAttributes", UserPoolId=pool_id, Username="alice", UserAttributes=born
        )


async def test_an_alias_cannot_be_taken_by_update(api: Any) -> None:
    pool_id = await make(api, AliasAttributes=["email"])
    await api.make_user(pool_id, "alice", email="a@example.com", email_verified="true")
    await api.make_user(pool_id, "bob")
    attributes = [
        {"Name": "email", "Value": "a@example.com"},
        {"Name": "email_verified", "Value": "true"},
    ]
    with pytest.raises(AwsError) as error:
        await api.call(
            "AdminUpdateUserAttributes",
            UserPoolId=pool_id,
            Username="bob",
            UserAttributes=attributes,
        )
    assert error.value.code == "AliasExistsException"
    bob = await api.call("AdminGetUser", UserPoolId=pool_id, Username="bob")
    assert [each["Name"] for each in bob["UserAttributes"]] == ["sub"]


async def test_an_administrator_confirms_once(api: Any) -> None:
    pool_id = await make(api)
    client_id = await api.make_client(pool_id)
    await api.call("SignUp", ClientId=client_id, Username="carol", Password=PASSWORD)
    await api.call("AdminConfirmSignUp", UserPoolId=pool_id, Username="carol")
    assert await api.sign_in(client_id, "carol")
    with pytest.raises(AwsError, match="Current status is CONFIRMED"):
        await api.call("AdminConfirmSignUp", UserPoolId=pool_id, Username="carol")


@pytest.mark.parametrize(
    ("operation", "extra"),
    [
        ("AdminGetUser", {}),
        ("AdminDeleteUser", {}),
        ("AdminConfirmSignUp", {}),
        ("AdminSetUserPassword", {"Password": PASSWORD}),
        ("AdminUpdateUserAttributes", {"UserAttributes": []}),
        ("AdminUserGlobalSignOut", {}),
    ],
)
async def test_nobody_and_nowhere(api: Any, operation: str, extra: dict[str, Any]) -> None:
    pool_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.call(operation, UserPoolId=pool_id, Username="nobody", **extra)
    assert error.value.code == "UserNotFoundException"
    with pytest.raises(AwsError) as error:
        await api.call(operation, UserPoolId="eu-central-1_None", Username="nobody", **extra)
    assert (error.value.code, error.value.message) == (
        "ResourceNotFoundException",
        "User pool eu-central-1_None does not exist.",
    )


async def test_another_account_sees_no_pool(api: Any) -> None:
    pool_id = await make(api)
    await api.make_user(pool_id)
    api.account = "999999999999"
    with pytest.raises(AwsError, match="does not exist"):
        await api.call("AdminGetUser", UserPoolId=pool_id, Username="alice")


async def test_users_are_listed_filtered_and_paged(api: Any) -> None:
    pool_id = await make(api)
    names = [f"user{number}" for number in range(5)]
    for name in names:
        await create(
            api, pool_id, name, UserAttributes=[{"Name": "email", "Value": f"{name}@example.com"}]
        )

    async def listed(**params: Any) -> set[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = await api.call("ListUsers", UserPoolId=pool_id, **params, **token)
            found += [user["Username"] for user in page["Users"]]
            if "PaginationToken" not in page:
                assert len(found) == len(set(found))
                return set(found)
            token = {"PaginationToken": page["PaginationToken"]}

    assert await listed() == await listed(Limit=2) == set(names)
    assert await listed(Filter='email = "user3@example.com"') == {"user3"}
    assert await listed(Filter='username ^= "user"', Limit=1) == set(names)
    assert await listed(Filter='"status" = "Disabled"') == set()
    assert await listed(Filter='cognito:user_status = "FORCE_CHANGE_PASSWORD"') == set(names)
    page = await api.call("ListUsers", UserPoolId=pool_id, AttributesToGet=["email"], Limit=1)
    assert [each["Name"] for each in page["Users"][0]["Attributes"]] == ["email"]


@pytest.mark.parametrize(
    "params",
    [
        {"Filter": "email"},
        {"Filter": 'email = "a" or email = "b"'},
        {"Filter": 'custom:born = "1"'},
        {"PaginationToken": "AAAA"},
    ],
)
async def test_bad_listings_are_refused(api: Any, params: dict[str, str]) -> None:
    pool_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.call("ListUsers", UserPoolId=pool_id, **params)
    assert error.value.code == "InvalidParameterException"


async def test_a_page_token_serves_its_own_listing(api: Any) -> None:
    pool_id, other = await make(api), await make(api)
    for name in ("alice", "bob"):
        await create(api, pool_id, name)
    page = await api.call("ListUsers", UserPoolId=pool_id, Limit=1)
    with pytest.raises(AwsError, match="pagination token"):
        await api.call("ListUsers", UserPoolId=other, PaginationToken=page["PaginationToken"])
