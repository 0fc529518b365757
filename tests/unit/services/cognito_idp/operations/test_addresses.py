from typing import Any

import pytest

from keyfob.core.errors import AwsError


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


async def make(api: Any, **pool: Any) -> tuple[str, str]:
    pool_id = await api.make_pool(**pool)
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id, email="a@example.com", phone_number="+4930123456")
    return pool_id, client_id


async def attributes(api: Any, token: str) -> dict[str, str]:
    shown = await api.call("GetUser", AccessToken=token)
    return {each["Name"]: each["Value"] for each in shown["UserAttributes"]}


async def test_a_mailed_code_proves_an_address(api: Any) -> None:
    pool_id, client_id = await make(api)
    token = (await api.sign_in(client_id))["AccessToken"]
    sent = await api.call(
        "GetUserAttributeVerificationCode", AccessToken=token, AttributeName="email"
    )
    assert sent["CodeDeliveryDetails"]["Destination"] == "a***@e***"
    code = await api.newest_code(pool_id)
    with pytest.raises(AwsError) as error:
        await api.call(
            "VerifyUserAttribute", AccessToken=token, AttributeName="phone_number", Code=code
        )
    assert error.value.code == "ExpiredCodeException"
    with pytest.raises(AwsError) as error:
        await api.call(
            "VerifyUserAttribute", AccessToken=token, AttributeName="email", Code="abcdef"
        )
    assert error.value.code == "CodeMismatchException"
    await api.call("VerifyUserAttribute", AccessToken=token, AttributeName="email", Code=code)
    assert (await attributes(api, token))["email_verified"] == "true"
    with pytest.raises(AwsError) as error:
        await api.call("VerifyUserAttribute", AccessToken=token, AttributeName="email", Code=code)
    assert error.value.code == "ExpiredCodeException"


async def test_the_code_of_an_update_proves_the_new_address(api: Any) -> None:
    pool_id, client_id = await make(api, AutoVerifiedAttributes=["email"])
    token = (await api.sign_in(client_id))["AccessToken"]
    await api.call(
        "UpdateUserAttributes",
        AccessToken=token,
        UserAttributes=[{"Name": "email", "Value": "b@example.com"}],
    )
    code = await api.newest_code(pool_id)
    await api.call("VerifyUserAttribute", AccessToken=token, AttributeName="email", Code=code)
    shown = await attributes(api, token)
    assert (shown["email"], shown["email_verified"]) == ("b@example.com", "true")


async def test_a_code_for_an_address_does_not_prove_the_next_one(api: Any) -> None:
    pool_id, client_id = await make(api)
    token = (await api.sign_in(client_id))["AccessToken"]
    await api.call("GetUserAttributeVerificationCode", AccessToken=token, AttributeName="email")
    code = await api.newest_code(pool_id)
    await api.call(
        "UpdateUserAttributes",
        AccessToken=token,
        UserAttributes=[{"Name": "email", "Value": "victim@example.com"}],
    )
    with pytest.raises(AwsError) as error:
        await api.call("VerifyUserAttribute", AccessToken=token, AttributeName="email", Code=code)
    assert error.value.code == "ExpiredCodeException"


async def test_only_addresses_are_proven(api: Any) -> None:
    _, client_id = await make(api)
    token = (await api.sign_in(client_id))["AccessToken"]
    with pytest.raises(AwsError) as error:
        await api.call("GetUserAttributeVerificationCode", AccessToken=token, AttributeName="name")
    message = "User does not have a value for name that can be verified."
    assert refusal(error) == ("InvalidParameterException", message)


async def test_attributes_are_removed_by_those_who_may_write_them(api: Any) -> None:
    pool_id, client_id = await make(api)
    reader = await api.make_client(pool_id, WriteAttributes=["name"])
    token = (await api.sign_in(reader))["AccessToken"]
    with pytest.raises(AwsError) as error:
        await api.call("DeleteUserAttributes", AccessToken=token, UserAttributeNames=["email"])
    message = "A client attempted to write unauthorized attribute"
    assert refusal(error) == ("NotAuthorizedException", message)
    token = (await api.sign_in(client_id))["AccessToken"]
    await api.call("DeleteUserAttributes", AccessToken=token, UserAttributeNames=["email"])
    await api.call(
        "AdminDeleteUserAttributes",
        UserPoolId=pool_id,
        Username="alice",
        UserAttributeNames=["phone_number"],
    )
    assert set(await attributes(api, token)) == {"sub"}


async def test_a_reset_password_is_worthless_and_a_code_sets_another(api: Any) -> None:
    pool_id, client_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.call("AdminResetUserPassword", UserPoolId=pool_id, Username="alice")
    assert error.value.code == "InvalidParameterException"
    await api.call(
        "AdminUpdateUserAttributes",
        UserPoolId=pool_id,
        Username="alice",
        UserAttributes=[{"Name": "email_verified", "Value": "true"}],
    )
    await api.call("AdminResetUserPassword", UserPoolId=pool_id, Username="alice")
    with pytest.raises(AwsError) as error:
        await api.sign_in(client_id)
    message = "Password reset required for the user"
    assert refusal(error) == ("PasswordResetRequiredException", message)
    await api.call(
        "ConfirmForgotPassword",
        ClientId=client_id,
        Username="alice",
        ConfirmationCode=await api.newest_code(pool_id),
        Password="Another-Horse-1",
    )
    result = await api.initiate(client_id, "alice", "Another-Horse-1")
    assert "AuthenticationResult" in result


@pytest.mark.parametrize(
    ("mechanisms", "medium"),
    [
        ([("verified_email", 1), ("verified_phone_number", 2)], "EMAIL"),
        ([("verified_email", 2), ("verified_phone_number", 1)], "SMS"),
        ([("admin_only", 1)], None),
    ],
)
async def test_recovery_goes_where_the_pool_says(
    api: Any, mechanisms: list[tuple[str, int]], medium: str | None
) -> None:
    setting = {"RecoveryMechanisms": [{"Name": n, "Priority": p} for n, p in mechanisms]}
    pool_id, client_id = await make(api, AccountRecoverySetting=setting)
    flags = [{"Name": f"{name}_verified", "Value": "true"} for name in ("email", "phone_number")]
    await api.call(
        "AdminUpdateUserAttributes", UserPoolId=pool_id, Username="alice", UserAttributes=flags
    )
    if medium is None:
        with pytest.raises(AwsError) as error:
            await api.call("ForgotPassword", ClientId=client_id, Username="alice")
        assert error.value.code == "InvalidParameterException"
        return
    sent = await api.call("ForgotPassword", ClientId=client_id, Username="alice")
    assert sent["CodeDeliveryDetails"]["DeliveryMedium"] == medium
