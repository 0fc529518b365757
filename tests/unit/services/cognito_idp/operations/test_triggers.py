import base64
import hashlib
import hmac
from typing import Any

import pytest
from pycognito.aws_srp import AWSSRP

from keyfob.core.errors import AwsError
from keyfob.services.cognito_idp.ports import FunctionFailedError, FunctionUnavailableError
from keyfob.tokens.verify import decode_token

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:"
PASSWORD = "Correct-Horse-1"


async def make(api: Any, *triggers: str, **config: Any) -> tuple[str, str]:
    pool_id = await api.make_pool(
        LambdaConfig={**{name: ARN + name for name in triggers}, **config},
        AutoVerifiedAttributes=["email"],
    )
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    return pool_id, await api.make_client(pool_id, ExplicitAuthFlows=flows)


def claims(token: str) -> dict[str, Any]:
    return dict(decode_token(token).claims.values)


def answering(response: dict[str, Any]) -> Any:
    return lambda event: {**event, "response": response}


async def sign_up(api: Any, client_id: str) -> dict[str, Any]:
    return dict(
        await api.call(
            "SignUp",
            ClientId=client_id,
            Username="alice",
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": "a@example.com"}],
            ValidationData=[{"Name": "code", "Value": "x"}],
            ClientMetadata={"door": "front"},
        )
    )


async def test_sign_up_is_confirmed_by_the_function(api: Any, functions: Any) -> None:
    pool_id, client_id = await make(api, "PreSignUp", "PostConfirmation")
    verdict = {"autoConfirmUser": True, "autoVerifyEmail": True}
    functions.by_arn = {
        ARN + "PreSignUp": answering(verdict),
        ARN + "PostConfirmation": answering({}),
    }
    answer = await sign_up(api, client_id)
    assert answer["UserConfirmed"] is True
    assert "CodeDeliveryDetails" not in answer
    before, after = functions.events
    assert before == {
        "version": "1",
        "region": "eu-central-1",
        "userPoolId": pool_id,
        "userName": "alice",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "triggerSource": "PreSignUp_SignUp",
        "request": {
            "userAttributes": {"email": "a@example.com"},
            "validationData": {"code": "x"},
            "clientMetadata": {"door": "front"},
        },
        "response": {
            "autoConfirmUser": False,
            "autoVerifyEmail": False,
            "autoVerifyPhone": False,
        },
    }
    assert after["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    attributes = after["request"]["userAttributes"]
    assert attributes["cognito:user_status"] == "CONFIRMED"
    assert attributes["email_verified"] == "true"


async def test_a_function_that_raises_refuses(api: Any, functions: Any) -> None:
    _, client_id = await make(api, "PreSignUp")

    def refuse(_event: Any) -> object:
        raise FunctionFailedError("not today")

    functions.by_arn = {ARN + "PreSignUp": refuse}
    with pytest.raises(AwsError) as error:
        await sign_up(api, client_id)
    assert (error.value.code, error.value.message) == (
        "UserLambdaValidationException",
        "PreSignUp failed with error not today.",
    )
    assert len(functions.events) == 1


async def test_a_function_that_does_not_answer_is_tried_three_times(
    api: Any, functions: Any
) -> None:
    _, client_id = await make(api, "PreSignUp")

    def fail(_event: Any) -> object:
        raise FunctionUnavailableError("gone")

    functions.by_arn = {ARN + "PreSignUp": fail}
    with pytest.raises(AwsError) as error:
        await sign_up(api, client_id)
    assert error.value.code == "UnexpectedLambdaException"
    assert len(functions.events) == 3


@pytest.mark.parametrize("answer", [None, [], {}, {"response": "yes"}])
async def test_an_answer_of_another_form_is_refused(
    api: Any, functions: Any, answer: object
) -> None:
    _, client_id = await make(api, "PreSignUp")
    functions.by_arn = {ARN + "PreSignUp": lambda _event: answer}
    with pytest.raises(AwsError) as error:
        await sign_up(api, client_id)
    assert error.value.code == "InvalidLambdaResponseException"


async def test_pre_authentication_is_asked_before_the_password(api: Any, functions: Any) -> None:
    pool_id, client_id = await make(api, "PreAuthentication", "PostAuthentication")
    functions.by_arn = {
        ARN + "PreAuthentication": answering({}),
        ARN + "PostAuthentication": answering({}),
    }
    await api.make_user(pool_id)
    with pytest.raises(AwsError):
        await api.initiate(client_id, "alice", "Wrong")
    assert [event["triggerSource"] for event in functions.events] == [
        "PreAuthentication_Authentication"
    ]
    await api.sign_in(client_id)
    assert functions.events[-1]["triggerSource"] == "PostAuthentication_Authentication"


async def test_tokens_version_1(api: Any, functions: Any) -> None:
    pool_id, client_id = await make(api, "PreTokenGeneration")
    await api.make_user(pool_id, email="a@example.com")
    details = {
        "claimsToAddOrOverride": {"tenant": "t1", "sub": "forged", "aud": "forged"},
        "claimsToSuppress": ["email", "exp"],
        "groupOverrideDetails": {"groupsToOverride": ["g"], "preferredRole": "r"},
    }
    functions.by_arn = {ARN + "PreTokenGeneration": answering({"claimsOverrideDetails": details})}
    tokens = await api.sign_in(client_id)
    identity = claims(tokens["IdToken"])
    assert identity["tenant"] == "t1"
    assert identity["aud"] == client_id
    assert identity["sub"] != "forged"
    assert "exp" in identity
    assert "email" not in identity
    assert identity["cognito:groups"] == ["g"]
    assert identity["cognito:preferred_role"] == "r"
    assert "tenant" not in claims(tokens["AccessToken"])
    await api.refresh(client_id, tokens["RefreshToken"])
    assert [event["triggerSource"] for event in functions.events] == [
        "TokenGeneration_Authentication",
        "TokenGeneration_RefreshTokens",
    ]


async def test_tokens_version_2(api: Any, functions: Any) -> None:
    config = {"LambdaArn": ARN + "tokens", "LambdaVersion": "V2_0"}
    pool_id, client_id = await make(api, PreTokenGenerationConfig=config)
    await api.make_user(pool_id)
    details = {
        "idTokenGeneration": {"claimsToAddOrOverride": {"floors": [1, 2]}},
        "accessTokenGeneration": {
            "claimsToAddOrOverride": {"tenant": "t1", "client_id": "forged"},
            "scopesToAdd": ["doors/open"],
            "scopesToSuppress": ["aws.cognito.signin.user.admin"],
        },
    }
    functions.by_arn = {ARN + "tokens": answering({"claimsAndScopeOverrideDetails": details})}
    tokens = await api.sign_in(client_id)
    access = claims(tokens["AccessToken"])
    assert claims(tokens["IdToken"])["floors"] == [1, 2]
    assert (access["tenant"], access["client_id"]) == ("t1", client_id)
    assert access["scope"] == "doors/open"
    assert functions.events[0]["version"] == "2"
    assert functions.events[0]["request"]["scopes"] == ["aws.cognito.signin.user.admin"]


async def test_messages_are_worded_by_the_function(api: Any, functions: Any) -> None:
    pool_id, client_id = await make(api, "CustomMessage")
    wording = {"emailSubject": "Hi", "emailMessage": "Yours is {####}"}
    functions.by_arn = {ARN + "CustomMessage": answering(wording)}
    await sign_up(api, client_id)
    message = (await api.service.mailbox.read(pool_id, limit=1))[0].content
    assert (message.subject, message.text) == ("Hi", f"Yours is {message.code}")
    assert functions.events[0]["triggerSource"] == "CustomMessage_SignUp"
    assert functions.events[0]["request"]["codeParameter"] == "{####}"


async def make_riddle(api: Any, functions: Any) -> tuple[str, str]:
    names = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
    pool_id, client_id = await make(api, *names)
    await api.make_user(pool_id)

    def define(event: dict[str, Any]) -> object:
        session = event["request"]["session"]
        if session and session[-1]["challengeResult"]:
            return {**event, "response": {"issueTokens": True, "failAuthentication": False}}
        if len(session) >= 2:
            return {**event, "response": {"failAuthentication": True}}
        return {**event, "response": {"challengeName": "CUSTOM_CHALLENGE"}}

    create = {
        "publicChallengeParameters": {"question": "friend?"},
        "privateChallengeParameters": {"answer": "mellon"},
        "challengeMetadata": "door",
    }

    def verify(event: dict[str, Any]) -> object:
        request = event["request"]
        is_right = request["privateChallengeParameters"]["answer"] == request["challengeAnswer"]
        return {**event, "response": {"answerCorrect": is_right}}

    functions.by_arn = dict(
        zip((ARN + name for name in names), (define, answering(create), verify), strict=True)
    )
    return pool_id, client_id


async def begin_custom(api: Any, client_id: str) -> Any:
    return await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="CUSTOM_AUTH",
        AuthParameters={"USERNAME": "alice"},
    )


async def answer(api: Any, client_id: str, challenge: Any, text: str) -> Any:
    return await api.call(
        "RespondToAuthChallenge",
        ClientId=client_id,
        ChallengeName="CUSTOM_CHALLENGE",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "alice", "ANSWER": text},
    )


async def test_a_custom_challenge(api: Any, functions: Any) -> None:
    _, client_id = await make_riddle(api, functions)
    challenge = await begin_custom(api, client_id)
    assert challenge["ChallengeParameters"]["question"] == "friend?"
    assert "mellon" not in str(challenge)
    second = await answer(api, client_id, challenge, "friend")
    done = await answer(api, client_id, second, "mellon")
    assert "AuthenticationResult" in done
    asked = [e for e in functions.events if e["triggerSource"].startswith("Define")][-1]
    assert asked["request"]["session"] == [
        {
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": passed,
            "challengeMetadata": "door",
        }
        for passed in (False, True)
    ]


async def test_a_custom_session_is_good_for_one_answer(api: Any, functions: Any) -> None:
    _, client_id = await make_riddle(api, functions)
    challenge = await begin_custom(api, client_id)
    second = await answer(api, client_id, challenge, "wrong")
    with pytest.raises(AwsError) as error:
        await answer(api, client_id, challenge, "mellon")
    assert "only be used once" in error.value.message
    with pytest.raises(AwsError) as error:
        await answer(api, client_id, second, "wrong")
    assert error.value.message == "Incorrect username or password."


async def test_a_custom_sign_in_needs_its_functions(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.make_user(pool_id)
    with pytest.raises(AwsError) as error:
        await begin_custom(api, client_id)
    assert error.value.message == (
        "Custom auth lambda trigger is not configured for the user pool."
    )


async def test_triggers_need_a_function_service(api: Any, functions: Any) -> None:
    functions.is_available = False
    with pytest.raises(AwsError) as error:
        await make(api, "PreSignUp")
    assert error.value.message == "LambdaConfig is not supported by keyfob yet."


async def begin_with_password(api: Any, functions: Any) -> tuple[str, Any, Any]:
    """A custom sign-in whose first round is the proof of the password."""
    pool_id, client_id = await make_riddle(api, functions)
    riddle = functions.by_arn[ARN + "DefineAuthChallenge"]

    def define(event: dict[str, Any]) -> object:
        session = event["request"]["session"]
        if session[-1]["challengeName"] == "SRP_A":
            return {**event, "response": {"challengeName": "PASSWORD_VERIFIER"}}
        if session[-1]["challengeName"] == "PASSWORD_VERIFIER":
            return {**event, "response": {"challengeName": "CUSTOM_CHALLENGE"}}
        return riddle(event)

    functions.by_arn[ARN + "DefineAuthChallenge"] = define
    person = AWSSRP("alice", PASSWORD, pool_id, client_id, client=object())
    challenge = await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="CUSTOM_AUTH",
        AuthParameters={**person.get_auth_params(), "CHALLENGE_NAME": "SRP_A"},
    )
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    return client_id, person, challenge


async def prove(api: Any, client_id: str, person: Any, challenge: Any, **session: str) -> Any:
    parameters = challenge["ChallengeParameters"]
    key = person.get_password_authentication_key(
        "alice", PASSWORD, int(parameters["SRP_B"], 16), parameters["SALT"]
    )
    timestamp = "Sat Nov 4 02:03:04 UTC 2023"
    block = base64.b64decode(parameters["SECRET_BLOCK"])
    message = person.pool_id.split("_")[1].encode() + b"alice" + block + timestamp.encode()
    signature = hmac.new(key, message, hashlib.sha256).digest()
    return await api.call(
        "RespondToAuthChallenge",
        ClientId=client_id,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses={
            "USERNAME": "alice",
            "TIMESTAMP": timestamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
        },
        **session,
    )


async def test_a_password_can_be_the_first_round(api: Any, functions: Any) -> None:
    client_id, person, challenge = await begin_with_password(api, functions)
    session = challenge["Session"]
    riddle = await prove(api, client_id, person, challenge, Session=session)
    assert riddle["ChallengeName"] == "CUSTOM_CHALLENGE"
    done = await answer(api, client_id, riddle, "mellon")
    assert "AuthenticationResult" in done


async def test_a_password_round_does_not_skip_the_rounds_after_it(api: Any, functions: Any) -> None:
    client_id, person, challenge = await begin_with_password(api, functions)
    with pytest.raises(AwsError) as error:
        await prove(api, client_id, person, challenge)
    assert error.value.message == "Invalid session for the user."
    other = await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="CUSTOM_AUTH",
        AuthParameters={**person.get_auth_params(), "CHALLENGE_NAME": "SRP_A"},
    )
    with pytest.raises(AwsError) as error:
        await prove(api, client_id, person, other, Session=challenge["Session"])
    assert error.value.message == "Invalid session for the user."
