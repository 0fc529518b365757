from typing import Any

import pytest

from keyfob.core.errors import AwsError

PASSWORD = "Correct-Horse-1"


async def make(api: Any, **pool: Any) -> tuple[str, str]:
    pool_id = await api.make_pool(**{"AutoVerifiedAttributes": ["email"], **pool})
    return pool_id, await api.make_client(pool_id)


async def sign_up(api: Any, client_id: str, name: str = "carol", **params: Any) -> dict[str, Any]:
    params.setdefault("UserAttributes", [{"Name": "email", "Value": "carol@example.com"}])
    answer: dict[str, Any] = await api.call(
        "SignUp", ClientId=client_id, Username=name, **{"Password": PASSWORD, **params}
    )
    return answer


async def confirm(api: Any, client_id: str, code: str, name: str = "carol") -> None:
    await api.call("ConfirmSignUp", ClientId=client_id, Username=name, ConfirmationCode=code)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_sign_up_confirm_sign_in(api: Any) -> None:
    pool_id, client_id = await make(api)
    answer = await sign_up(api, client_id)
    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"] == {
        "Destination": "c***@e***",
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    with pytest.raises(AwsError) as error:
        await api.sign_in(client_id, "carol")
    assert (error.value.code, error.value.message) == (
        "UserNotConfirmedException",
        "User is not confirmed.",
    )
    await confirm(api, client_id, await api.newest_code(pool_id))
    result = await api.sign_in(client_id, "carol")
    user = await api.call("GetUser", AccessToken=result["AccessToken"])
    assert user["Username"] == "carol"
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    assert attributes == {
        "sub": answer["UserSub"],
        "email": "carol@example.com",
        "email_verified": "true",
    }


async def test_a_wrong_code_is_refused_and_bounded(api: Any) -> None:
    pool_id, client_id = await make(api)
    await sign_up(api, client_id)
    code = await api.newest_code(pool_id)
    for _ in range(5):
        with pytest.raises(AwsError) as error:
            await confirm(api, client_id, another(code))
        assert error.value.code == "CodeMismatchException"
    with pytest.raises(AwsError) as error:
        await confirm(api, client_id, code)
    assert error.value.code == "LimitExceededException"


async def test_a_code_expires_and_a_new_one_replaces_it(api: Any) -> None:
    pool_id, client_id = await make(api)
    await sign_up(api, client_id)
    first = await api.newest_code(pool_id)
    api.clock.advance(86_400)
    with pytest.raises(AwsError) as error:
        await confirm(api, client_id, first)
    assert error.value.code == "ExpiredCodeException"
    await api.call("ResendConfirmationCode", ClientId=client_id, Username="carol")
    await confirm(api, client_id, await api.newest_code(pool_id))
    with pytest.raises(AwsError, match="Current status is CONFIRMED"):
        await confirm(api, client_id, first)
    with pytest.raises(AwsError, match="already confirmed"):
        await api.call("ResendConfirmationCode", ClientId=client_id, Username="carol")


async def test_codes_and_passwords_are_not_stored_in_clear(api: Any) -> None:
    pool_id, client_id = await make(api)
    await sign_up(api, client_id)
    code = await api.newest_code(pool_id)
    with api.database.engine.connect() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())
    blobs = bytes.fromhex("".join(part.split("'")[0] for part in dump.split("X'")[1:]))
    for secret in (PASSWORD, "PRIVATE KEY", f'"{code}"', f" {code}"):
        assert secret not in dump
        assert secret.encode() not in blobs


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Short1!", "Password not long enough"),
        ("lower-case-1", "Password must have uppercase characters"),
        ("UPPER-CASE-1", "Password must have lowercase characters"),
        ("No-Numbers", "Password must have numeric characters"),
        ("NoSymbols1", "Password must have symbol characters"),
        ("Aa1!" * 65, "Password too long"),
    ],
)
async def test_a_weak_password_is_refused(api: Any, password: str, problem: str) -> None:
    _, client_id = await make(api)
    with pytest.raises(AwsError) as error:
        await sign_up(api, client_id, Password=password)
    assert error.value.code == "InvalidPasswordException"
    assert error.value.message == f"Password did not conform with policy: {problem}"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("custom:no", "x", "custom:no: Attribute does not exist in the schema."),
        ("nickname2", "x", "nickname2: Attribute does not exist in the schema."),
        ("sub", "x", "non-mutable attribute sub"),
        ("email", "none", "Invalid email address format."),
        ("phone_number", "0123", "Invalid phone number format."),
        ("custom:floor", "9", "custom:floor: The value is not a Number within"),
        ("custom:floor", "x", "custom:floor: The value is not a Number within"),
        ("custom:room", "abcd", "custom:room: String length"),
        ("custom:room", "", "name: The attribute is required"),
    ],
)
async def test_values_must_conform_to_the_schema(
    api: Any, name: str, value: str, message: str
) -> None:
    schema = [
        {
            "Name": "floor",
            "AttributeDataType": "Number",
            "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "8"},
        },
        {
            "Name": "room",
            "AttributeDataType": "String",
            "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "3"},
        },
        {"Name": "name", "AttributeDataType": "String", "Required": True},
    ]
    _, client_id = await make(api, Schema=schema)
    with pytest.raises(AwsError) as error:
        await sign_up(api, client_id, UserAttributes=[{"Name": name, "Value": value}])
    assert error.value.code == "InvalidParameterException"
    assert message in error.value.message


async def test_attributes_the_client_may_not_write(api: Any) -> None:
    pool_id, _ = await make(api, Schema=[{"Name": "tenant", "AttributeDataType": "String"}])
    client_id = await api.make_client(pool_id, WriteAttributes=["email"])
    for name in ("custom:tenant", "nickname", "email_verified"):
        with pytest.raises(AwsError) as error:
            await sign_up(api, client_id, UserAttributes=[{"Name": name, "Value": "true"}])
        assert (error.value.code, error.value.message) == (
            "NotAuthorizedException",
            "A client attempted to write unauthorized attribute",
        )


async def test_lists_never_set_let_custom_attributes_be_written(api: Any) -> None:
    pool_id, client_id = await make(api, Schema=[{"Name": "tenant", "AttributeDataType": "String"}])
    await sign_up(api, client_id, UserAttributes=[{"Name": "custom:tenant", "Value": "a"}])
    user = await api.call("AdminGetUser", UserPoolId=pool_id, Username="carol")
    assert {"Name": "custom:tenant", "Value": "a"} in user["UserAttributes"]


async def test_nobody_verifies_their_own_address(api: Any) -> None:
    _, client_id = await make(api)
    with pytest.raises(AwsError, match="unauthorized attribute"):
        await sign_up(api, client_id, UserAttributes=[{"Name": "email_verified", "Value": "true"}])


async def test_a_name_is_taken_once(api: Any) -> None:
    for configuration in ({"CaseSensitive": True}, {"CaseSensitive": False}):
        _, client_id = await make(api, UsernameConfiguration=configuration)
        await sign_up(api, client_id)
        with pytest.raises(AwsError) as error:
            await sign_up(api, client_id)
        assert (error.value.code, error.value.message) == (
            "UsernameExistsException",
            "User already exists",
        )
        if configuration["CaseSensitive"]:
            await sign_up(api, client_id, "Carol")
        else:
            with pytest.raises(AwsError, match="User already exists"):
                await sign_up(api, client_id, "Carol")


async def test_email_as_user_name(api: Any) -> None:
    pool_id, client_id = await make(api, UsernameAttributes=["email"])
    with pytest.raises(AwsError, match="Username should be an email"):
        await sign_up(api, client_id, "carol", UserAttributes=[])
    answer = await sign_up(api, client_id, "carol@example.com", UserAttributes=[])
    await confirm(api, client_id, await api.newest_code(pool_id), "carol@example.com")
    result = await api.sign_in(client_id, "carol@example.com")
    user = await api.call("GetUser", AccessToken=result["AccessToken"])
    assert user["Username"] == answer["UserSub"]
    with pytest.raises(AwsError, match="An account with the given email already exists"):
        await sign_up(api, client_id, "carol@example.com", UserAttributes=[])


async def test_an_alias_serves_once_it_is_verified_and_belongs_to_one(api: Any) -> None:
    pool_id, client_id = await make(api, AliasAttributes=["email"])
    with pytest.raises(AwsError, match="cannot be of email format"):
        await sign_up(api, client_id, "carol@example.com")
    await sign_up(api, client_id)
    with pytest.raises(AwsError, match="User does not exist"):
        await api.initiate(client_id, "carol@example.com")
    await confirm(api, client_id, await api.newest_code(pool_id))
    assert await api.sign_in(client_id, "carol@example.com")
    await sign_up(api, client_id, "impostor")
    code = await api.newest_code(pool_id)
    with pytest.raises(AwsError) as error:
        await confirm(api, client_id, code, "impostor")
    assert (error.value.code, error.value.message) == (
        "AliasExistsException",
        "An account with the email already exists.",
    )
    await api.call(
        "ConfirmSignUp",
        ClientId=client_id,
        Username="impostor",
        ConfirmationCode=code,
        ForceAliasCreation=True,
    )
    token = (await api.sign_in(client_id, "carol@example.com"))["AccessToken"]
    assert (await api.call("GetUser", AccessToken=token))["Username"] == "impostor"
    loser = await api.call("AdminGetUser", UserPoolId=pool_id, Username="carol")
    assert {"Name": "email_verified", "Value": "false"} in loser["UserAttributes"]


async def test_sign_up_may_be_closed(api: Any) -> None:
    _, client_id = await make(api, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    with pytest.raises(AwsError, match="SignUp is not permitted"):
        await sign_up(api, client_id)


async def test_hidden_existence_in_codes(api: Any) -> None:
    pool_id, _ = await make(api)
    client_id = await api.make_client(pool_id, PreventUserExistenceErrors="ENABLED")
    for operation in ("ResendConfirmationCode", "ForgotPassword"):
        details = [
            (await api.call(operation, ClientId=client_id, Username="nobody"))[
                "CodeDeliveryDetails"
            ]
            for _ in range(2)
        ]
        assert details[0] == details[1]
        assert details[0]["DeliveryMedium"] == "EMAIL"
    with pytest.raises(AwsError) as error:
        await confirm(api, client_id, "123456", "nobody")
    assert error.value.code == "ExpiredCodeException"


async def test_a_forgotten_password(api: Any) -> None:
    pool_id, client_id = await make(api)
    await sign_up(api, client_id)
    await confirm(api, client_id, await api.newest_code(pool_id))
    await api.call("ForgotPassword", ClientId=client_id, Username="carol")
    code = await api.newest_code(pool_id)
    new = {"ClientId": client_id, "Username": "carol", "Password": "Another-Horse-2"}
    with pytest.raises(AwsError, match="Invalid verification code"):
        await api.call("ConfirmForgotPassword", ConfirmationCode=another(code), **new)
    await api.call("ConfirmForgotPassword", ConfirmationCode=code, **new)
    assert await api.initiate(client_id, "carol", "Another-Horse-2")
    with pytest.raises(AwsError, match="Incorrect"):
        await api.initiate(client_id, "carol")
    with pytest.raises(AwsError, match="request a code again"):
        await api.call("ConfirmForgotPassword", ConfirmationCode=code, **new)
