import base64
import datetime
import hashlib
import hmac
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP, generate_hash_device

from keyfob.core.errors import AwsError

WHEN = datetime.datetime(2023, 11, 4, 2, 3, 4)


async def make(api: Any, **configuration: Any) -> tuple[str, str]:
    pool_id = await api.make_pool(DeviceConfiguration=configuration)
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id, email="a@example.com", email_verified="true")
    return pool_id, client_id


async def confirm(api: Any, pool_id: str, client_id: str) -> tuple[dict[str, Any], str, str]:
    """Sign in from a new device and give it a secret, as pycognito does."""
    tokens = await api.sign_in(client_id)
    device = tokens["NewDeviceMetadata"]
    secret, config = generate_hash_device(device["DeviceGroupKey"], device["DeviceKey"])
    password, verifier = secret, config
    answer = await api.call(
        "ConfirmDevice",
        AccessToken=tokens["AccessToken"],
        DeviceKey=device["DeviceKey"],
        DeviceName="laptop",
        DeviceSecretVerifierConfig=verifier,
    )
    return {**tokens, **answer}, device["DeviceKey"], password


async def begin(api: Any, client_id: str, device_key: str) -> dict[str, Any]:
    return dict(
        await api.call(
            "InitiateAuth",
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={
                "USERNAME": "alice",
                "PASSWORD": "Correct-Horse-1",
                "DEVICE_KEY": device_key,
            },
        )
    )


async def prove(api: Any, client_id: str, pool_id: str, first: Any, key: str, secret: str) -> Any:
    group_key = api.group_key
    person = AWSSRP("alice", secret, pool_id, client_id, client=object())
    challenge = await api.call(
        "RespondToAuthChallenge",
        ClientId=client_id,
        ChallengeName="DEVICE_SRP_AUTH",
        Session=first["Session"],
        ChallengeResponses={
            "USERNAME": "alice",
            "DEVICE_KEY": key,
            "SRP_A": person.get_auth_params()["SRP_A"],
        },
    )
    parameters = challenge["ChallengeParameters"]
    shared = person.get_device_authentication_key(
        group_key, key, secret, int(parameters["SRP_B"], 16), parameters["SALT"]
    )
    timestamp = AWSSRP.get_cognito_formatted_timestamp(WHEN)
    block = base64.b64decode(parameters["SECRET_BLOCK"])
    message = group_key.encode() + key.encode() + block + timestamp.encode()
    signature = hmac.new(shared, message, hashlib.sha256).digest()
    return await api.call(
        "RespondToAuthChallenge",
        ClientId=client_id,
        ChallengeName="DEVICE_PASSWORD_VERIFIER",
        ChallengeResponses={
            "USERNAME": "alice",
            "DEVICE_KEY": key,
            "TIMESTAMP": timestamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
        },
    )


async def require_mail(api: Any, pool_id: str) -> None:
    await api.call(
        "SetUserPoolMfaConfig",
        UserPoolId=pool_id,
        MfaConfiguration="ON",
        EmailMfaConfiguration={"Message": "{####}", "Subject": "s"},
    )


@pytest.fixture(autouse=True)
def _remember_group(api: Any) -> None:
    """The group key is part of the metadata of a sign-in; tests read it there."""
    call = api.call

    async def spying(operation: str, **params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await call(operation, **params)
        metadata = answer.get("AuthenticationResult", {}).get("NewDeviceMetadata")
        if metadata:
            api.group_key = metadata["DeviceGroupKey"]
        return answer

    api.call = spying


async def test_a_remembered_device_takes_the_place_of_the_second_factor(api: Any) -> None:
    pool_id, client_id = await make(api)
    answer, key, secret = await confirm(api, pool_id, client_id)
    assert answer["UserConfirmationNecessary"] is False
    await require_mail(api, pool_id)
    first = await begin(api, client_id, key)
    assert first["ChallengeName"] == "DEVICE_SRP_AUTH"
    done = await prove(api, client_id, pool_id, first, key, secret)
    tokens = done["AuthenticationResult"]
    assert "NewDeviceMetadata" not in tokens
    refreshed = await api.refresh(client_id, tokens["RefreshToken"], DEVICE_KEY=key)
    assert "AccessToken" in refreshed
    with pytest.raises(AwsError) as error:
        await api.refresh(client_id, tokens["RefreshToken"])
    assert error.value.message == "Invalid Refresh Token"


async def test_another_secret_is_refused(api: Any) -> None:
    pool_id, client_id = await make(api)
    _, key, secret = await confirm(api, pool_id, client_id)
    first = await begin(api, client_id, key)
    with pytest.raises(AwsError) as error:
        await prove(api, client_id, pool_id, first, key, secret[:-2] + "xx")
    assert error.value.message == "Incorrect username or password."


async def test_an_unknown_or_forgotten_device_does_not_spare_the_factor(api: Any) -> None:
    pool_id, client_id = await make(api)
    _, key, _ = await confirm(api, pool_id, client_id)
    await require_mail(api, pool_id)
    unknown = key[:-4] + "0000"
    assert (await begin(api, client_id, unknown))["ChallengeName"] == "EMAIL_OTP"
    names = {"UserPoolId": pool_id, "Username": "alice", "DeviceKey": key}
    await api.call("AdminUpdateDeviceStatus", **names, DeviceRememberedStatus="not_remembered")
    assert (await begin(api, client_id, key))["ChallengeName"] == "EMAIL_OTP"
    await api.call("AdminUpdateDeviceStatus", **names, DeviceRememberedStatus="remembered")
    assert (await begin(api, client_id, key))["ChallengeName"] == "DEVICE_SRP_AUTH"
    await api.call("AdminForgetDevice", **names)
    assert (await begin(api, client_id, key))["ChallengeName"] == "EMAIL_OTP"


async def test_a_device_of_another_user_does_not_spare_the_factor(api: Any) -> None:
    pool_id, client_id = await make(api)
    _, key, _ = await confirm(api, pool_id, client_id)
    await api.make_user(pool_id, "bob", email="b@example.com", email_verified="true")
    await require_mail(api, pool_id)
    answer = await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "bob", "PASSWORD": "Correct-Horse-1", "DEVICE_KEY": key},
    )
    assert answer["ChallengeName"] == "EMAIL_OTP"


async def test_devices_are_shown_to_their_user(api: Any) -> None:
    pool_id, client_id = await make(api, DeviceOnlyRememberedOnUserPrompt=True)
    answer, key, _ = await confirm(api, pool_id, client_id)
    assert answer["UserConfirmationNecessary"] is True
    token = answer["AccessToken"]
    listed = (await api.call("ListDevices", AccessToken=token))["Devices"]
    assert [device["DeviceKey"] for device in listed] == [key]
    shown = {each["Name"]: each["Value"] for each in listed[0]["DeviceAttributes"]}
    assert (shown["device_name"], shown["device_status"]) == ("laptop", "not_remembered")
    await api.call(
        "UpdateDeviceStatus", AccessToken=token, DeviceKey=key, DeviceRememberedStatus="remembered"
    )
    by_admin = await api.call("AdminGetDevice", UserPoolId=pool_id, Username="alice", DeviceKey=key)
    own = await api.call("GetDevice", AccessToken=token, DeviceKey=key)
    assert own == by_admin
    await api.call("ForgetDevice", AccessToken=token, DeviceKey=key)
    with pytest.raises(AwsError) as error:
        await api.call("GetDevice", AccessToken=token, DeviceKey=key)
    assert (error.value.code, error.value.message) == (
        "ResourceNotFoundException",
        "Device does not exist.",
    )


async def test_what_cannot_be_confirmed(api: Any) -> None:
    pool_id, client_id = await make(api)
    answer, key, _ = await confirm(api, pool_id, client_id)
    config = {"PasswordVerifier": "AQ==", "Salt": "AQ=="}
    for device_key, verifier, code in (
        (key, config, "DeviceKeyExistsException"),
        (key[:-4] + "0000", config, "InvalidParameterException"),
        (key, {"PasswordVerifier": "AA==", "Salt": "AQ=="}, "InvalidParameterException"),
        (key, {"PasswordVerifier": "?", "Salt": "AQ=="}, "InvalidParameterException"),
    ):
        with pytest.raises(AwsError) as error:
            await api.call(
                "ConfirmDevice",
                AccessToken=answer["AccessToken"],
                DeviceKey=device_key,
                DeviceSecretVerifierConfig=verifier,
            )
        assert error.value.code == code
    with pytest.raises(AwsError) as error:
        await api.call("GetDevice", DeviceKey=key)
    assert error.value.message == "Invalid Access Token"


async def test_a_pool_without_tracking_knows_no_devices(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id)
    tokens = await api.sign_in(client_id)
    assert "NewDeviceMetadata" not in tokens
    with pytest.raises(AwsError) as error:
        await api.call("ConfirmDevice", AccessToken=tokens["AccessToken"], DeviceKey="x_0")
    assert error.value.code == "InvalidUserPoolConfigurationException"
