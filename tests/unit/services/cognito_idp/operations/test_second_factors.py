from typing import Any

import msgspec
import pyotp
import pytest

from keyfob.core.errors import AwsError

WRONG_CODE = ("CodeMismatchException", "Invalid code or auth state for the user.")


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


async def make(api: Any, mode: str = "OPTIONAL", **config: Any) -> tuple[str, str]:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    settings = config or {
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
        "EmailMfaConfiguration": {"Message": "It is {####}.", "Subject": "Code"},
    }
    await api.call("SetUserPoolMfaConfig", UserPoolId=pool_id, MfaConfiguration=mode, **settings)
    await api.make_user(pool_id, email="a@example.com", email_verified="true")
    return pool_id, client_id


async def set_up(api: Any, client_id: str, *, preferred: bool = True) -> pyotp.TOTP:
    token = (await api.sign_in(client_id))["AccessToken"]
    secret = (await api.call("AssociateSoftwareToken", AccessToken=token))["SecretCode"]
    application = pyotp.TOTP(secret)
    answer = await api.call(
        "VerifySoftwareToken",
        AccessToken=token,
        UserCode=application.at(int(api.clock.now())),
        FriendlyDeviceName="phone",
    )
    assert answer == {"Status": "SUCCESS"}
    await api.call(
        "SetUserMFAPreference",
        AccessToken=token,
        SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": preferred},
    )
    api.clock.advance(60)
    return application


async def respond(api: Any, client_id: str, answer: Any, **responses: str) -> dict[str, Any]:
    return dict(
        await api.call(
            "RespondToAuthChallenge",
            ClientId=client_id,
            ChallengeName=answer["ChallengeName"],
            Session=answer["Session"],
            ChallengeResponses={"USERNAME": "alice", **responses},
        )
    )


async def test_an_authenticator_application_is_asked_for_and_its_code_is_good_once(
    api: Any,
) -> None:
    _, client_id = await make(api)
    application = await set_up(api, client_id)
    first = await api.initiate(client_id, "alice")
    assert first["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert first["ChallengeParameters"] == {
        "USER_ID_FOR_SRP": "alice",
        "FRIENDLY_DEVICE_NAME": "phone",
    }
    code = application.at(int(api.clock.now()))
    done = await respond(api, client_id, first, SOFTWARE_TOKEN_MFA_CODE=code)
    assert "AccessToken" in done["AuthenticationResult"]
    second = await api.initiate(client_id, "alice")
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, second, SOFTWARE_TOKEN_MFA_CODE=code)
    message = "Your software token has already been used once."
    assert refusal(error) == ("ExpiredCodeException", message)
    api.clock.advance(30)
    fresh = application.at(int(api.clock.now()))
    await respond(api, client_id, second, SOFTWARE_TOKEN_MFA_CODE=fresh)
    api.clock.advance(30)
    again = application.at(int(api.clock.now()))
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, second, SOFTWARE_TOKEN_MFA_CODE=again)
    assert "only be used once" in refusal(error)[1]


async def test_guessing_codes_makes_the_user_wait_across_sessions(api: Any) -> None:
    _, client_id = await make(api)
    application = await set_up(api, client_id)
    for _ in range(5):
        answer = await api.initiate(client_id, "alice")
        with pytest.raises(AwsError) as error:
            await respond(api, client_id, answer, SOFTWARE_TOKEN_MFA_CODE="abcdef")
        assert refusal(error) == WRONG_CODE
    answer = await api.initiate(client_id, "alice")
    right = application.at(int(api.clock.now()))
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, SOFTWARE_TOKEN_MFA_CODE=right)
    assert refusal(error) == ("NotAuthorizedException", "Password attempts exceeded")
    api.clock.advance(2)
    await respond(api, client_id, answer, SOFTWARE_TOKEN_MFA_CODE=right)


async def test_a_pending_application_does_not_replace_the_verified_one(api: Any) -> None:
    _, client_id = await make(api)
    application = await set_up(api, client_id)
    answer = await api.initiate(client_id, "alice")
    code = application.at(int(api.clock.now()))
    tokens = (await respond(api, client_id, answer, SOFTWARE_TOKEN_MFA_CODE=code))[
        "AuthenticationResult"
    ]
    await api.call("AssociateSoftwareToken", AccessToken=tokens["AccessToken"])
    with pytest.raises(AwsError) as error:
        await api.call("VerifySoftwareToken", AccessToken=tokens["AccessToken"], UserCode="abcdef")
    assert refusal(error) == ("EnableSoftwareTokenMFAException", "Code mismatch")
    api.clock.advance(30)
    answer = await api.initiate(client_id, "alice")
    code = application.at(int(api.clock.now()))
    await respond(api, client_id, answer, SOFTWARE_TOKEN_MFA_CODE=code)


async def test_setup_during_sign_in_where_a_second_factor_is_required(api: Any) -> None:
    _, client_id = await make(api, "ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    answer = await api.initiate(client_id, "alice")
    assert answer["ChallengeName"] == "MFA_SETUP"
    can_set_up = answer["ChallengeParameters"]["MFAS_CAN_SETUP"]
    assert msgspec.json.decode(can_set_up) == ["SOFTWARE_TOKEN_MFA"]
    with pytest.raises(AwsError):
        await respond(api, client_id, answer)
    begun = await api.call("AssociateSoftwareToken", Session=answer["Session"])
    code = pyotp.TOTP(begun["SecretCode"]).at(int(api.clock.now()))
    verified = await api.call("VerifySoftwareToken", Session=begun["Session"], UserCode=code)
    done = await respond(api, client_id, {**answer, "Session": verified["Session"]})
    token = done["AuthenticationResult"]["AccessToken"]
    shown = await api.call("GetUser", AccessToken=token)
    assert shown["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
    assert (await api.initiate(client_id, "alice"))["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with pytest.raises(AwsError) as error:
        await api.call("VerifySoftwareToken", Session=begun["Session"], UserCode=code)
    assert error.value.code == "NotAuthorizedException"


async def test_a_code_by_e_mail_worded_by_the_pool(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.call(
        "AdminSetUserMFAPreference",
        UserPoolId=pool_id,
        Username="alice",
        EmailMfaSettings={"Enabled": True},
    )
    answer = await api.initiate(client_id, "alice")
    assert answer["ChallengeName"] == "EMAIL_OTP"
    assert answer["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "a***@e***"
    code = await api.newest_code(pool_id)
    message = (await api.service.mailbox.read(pool_id, limit=1))[0]
    assert (message.content.subject, message.content.text) == ("Code", f"It is {code}.")
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, EMAIL_OTP_CODE="abcdef")
    assert refusal(error) == WRONG_CODE
    done = await respond(api, client_id, answer, EMAIL_OTP_CODE=code)
    assert "AuthenticationResult" in done


async def test_the_user_chooses_where_no_factor_is_preferred(api: Any) -> None:
    pool_id, client_id = await make(api)
    application = await set_up(api, client_id, preferred=False)
    await api.call(
        "AdminSetUserMFAPreference",
        UserPoolId=pool_id,
        Username="alice",
        EmailMfaSettings={"Enabled": True},
    )
    answer = await api.initiate(client_id, "alice")
    assert answer["ChallengeName"] == "SELECT_MFA_TYPE"
    with pytest.raises(AwsError):
        await respond(api, client_id, answer, ANSWER="SMS_MFA")
    chosen = await respond(api, client_id, answer, ANSWER="SOFTWARE_TOKEN_MFA")
    code = application.at(int(api.clock.now()))
    done = await respond(api, client_id, chosen, SOFTWARE_TOKEN_MFA_CODE=code)
    assert "AuthenticationResult" in done


async def test_a_session_answers_its_own_challenge_only(api: Any) -> None:
    _, client_id = await make(api)
    application = await set_up(api, client_id)
    answer = await api.initiate(client_id, "alice")
    code = application.at(int(api.clock.now()))
    for changed in ({"ChallengeName": "EMAIL_OTP"}, {"ChallengeName": "MFA_SETUP"}):
        with pytest.raises(AwsError) as error:
            await respond(api, client_id, {**answer, **changed}, EMAIL_OTP_CODE=code)
        assert refusal(error) == ("NotAuthorizedException", "Invalid session for the user.")
    api.clock.advance(181)
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, SOFTWARE_TOKEN_MFA_CODE=code)
    assert "session is expired" in refusal(error)[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"SMSMfaSettings": {"Enabled": True}},
            "SMS_MFA is not enabled for the user pool.",
        ),
        (
            {"SoftwareTokenMfaSettings": {"Enabled": True}},
            "User has not verified software token mfa",
        ),
        (
            {
                "SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True},
                "EmailMfaSettings": {"Enabled": True, "PreferredMfa": True},
            },
            "Only one MFA method can be preferred.",
        ),
        (
            {"EmailMfaSettings": {"Enabled": False, "PreferredMfa": True}},
            "EMAIL_OTP must be enabled to be preferred.",
        ),
    ],
)
async def test_preferences_that_cannot_be(api: Any, settings: Any, message: str) -> None:
    pool_id, _ = await make(api)
    with pytest.raises(AwsError) as error:
        await api.call(
            "AdminSetUserMFAPreference", UserPoolId=pool_id, Username="alice", **settings
        )
    assert refusal(error) == ("InvalidParameterException", message)


async def test_pool_configurations_that_cannot_be(api: Any) -> None:
    pool_id = await api.make_pool()
    with pytest.raises(AwsError) as error:
        await api.call("SetUserPoolMfaConfig", UserPoolId=pool_id, MfaConfiguration="ON")
    assert "cannot be turned on" in refusal(error)[1]
    with pytest.raises(AwsError) as error:
        await api.call(
            "SetUserPoolMfaConfig",
            UserPoolId=pool_id,
            MfaConfiguration="OFF",
            SoftwareTokenMfaConfiguration={"Enabled": True},
        )
    assert "can't turn off MFA and configure an MFA together" in refusal(error)[1]
    await api.call(
        "SetUserPoolMfaConfig",
        UserPoolId=pool_id,
        MfaConfiguration="ON",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    shown = await api.call("GetUserPoolMfaConfig", UserPoolId=pool_id)
    assert shown == {"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": True}}


async def test_a_software_token_needs_a_pool_that_has_them_and_a_caller(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id)
    token = (await api.sign_in(client_id))["AccessToken"]
    with pytest.raises(AwsError) as error:
        await api.call("AssociateSoftwareToken", AccessToken=token)
    message = "Software Token MFA has not been enabled by the userPool."
    assert refusal(error) == ("SoftwareTokenMFANotFoundException", message)
    with pytest.raises(AwsError) as error:
        await api.call("VerifySoftwareToken", AccessToken=token, UserCode="123456")
    assert error.value.code == "SoftwareTokenMFANotFoundException"
    with pytest.raises(AwsError) as error:
        await api.call("AssociateSoftwareToken")
    assert refusal(error)[1] == "Either AccessToken or Session must be provided."


async def test_a_lost_application_is_forgotten_by_an_administrator(api: Any) -> None:
    pool_id, client_id = await make(api)
    await set_up(api, client_id)
    names = {"UserPoolId": pool_id, "Username": "alice"}
    assert await api.call("AdminGetUserAuthFactors", **names) == {
        "Username": "alice",
        "ConfiguredUserAuthFactors": ["PASSWORD", "EMAIL_OTP"],
        "UserMFASettingList": ["SOFTWARE_TOKEN_MFA"],
        "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA",
    }
    await api.call("AdminDeleteSoftwareToken", **names)
    token = (await api.sign_in(client_id))["AccessToken"]
    factors = await api.call("GetUserAuthFactors", AccessToken=token)
    assert "UserMFASettingList" not in factors
    with pytest.raises(AwsError) as error:
        await api.call("AdminDeleteSoftwareToken", **names)
    assert error.value.code == "SoftwareTokenMFANotFoundException"
