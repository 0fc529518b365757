from typing import Any

import pytest

from keyfob.core.errors import AwsError

PASSWORD = "Correct-Horse-1"
POLICY = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}


async def make(api: Any) -> tuple[str, str]:
    pool_id = await api.make_pool(Policies=POLICY)
    client_id = await api.make_client(
        pool_id, ExplicitAuthFlows=["ALLOW_USER_AUTH"], PreventUserExistenceErrors="ENABLED"
    )
    await api.make_user(pool_id, email="a@example.com", email_verified="true")
    return pool_id, client_id


async def begin(api: Any, client_id: str, name: str = "alice", **parameters: str) -> Any:
    return await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="USER_AUTH",
        AuthParameters={"USERNAME": name, **parameters},
    )


async def respond(api: Any, client_id: str, answer: Any, name: str, **responses: str) -> Any:
    return await api.call(
        "RespondToAuthChallenge",
        ClientId=client_id,
        ChallengeName=answer["ChallengeName"],
        Session=answer["Session"],
        ChallengeResponses={"USERNAME": name, **responses},
    )


async def test_the_user_chooses_the_password(api: Any) -> None:
    _, client_id = await make(api)
    answer = await begin(api, client_id)
    assert answer["ChallengeName"] == "SELECT_CHALLENGE"
    assert answer["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]
    done = await respond(api, client_id, answer, "alice", ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert "AuthenticationResult" in done
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, "alice", ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert "only be used once" in error.value.message


async def test_the_preferred_proof_is_asked_for_at_once(api: Any) -> None:
    pool_id, client_id = await make(api)
    answer = await begin(api, client_id, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert answer["ChallengeName"] == "EMAIL_OTP"
    code = await api.newest_code(pool_id)
    done = await respond(api, client_id, answer, "alice", EMAIL_OTP_CODE=code)
    assert "AuthenticationResult" in done
    answer = await begin(api, client_id, PREFERRED_CHALLENGE="PASSWORD")
    assert answer["ChallengeName"] == "PASSWORD"
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, "alice", PASSWORD="Wrong-Horse-1")
    assert error.value.message == "Incorrect username or password."
    done = await begin(api, client_id, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD)
    assert "AuthenticationResult" in done


async def test_nobody_gets_the_same_answers_as_somebody(api: Any) -> None:
    _, client_id = await make(api)
    for preferred in ({}, {"PREFERRED_CHALLENGE": "EMAIL_OTP"}):
        somebody = await begin(api, client_id, "alice", **preferred)
        nobody = await begin(api, client_id, "ghost", **preferred)
        assert nobody.keys() == somebody.keys()
        assert nobody["ChallengeName"] == somebody["ChallengeName"]
        assert nobody["ChallengeParameters"].keys() == somebody["ChallengeParameters"].keys()
    refusals = []
    for name, answer in (("alice", somebody), ("ghost", nobody)):
        with pytest.raises(AwsError) as error:
            await respond(api, client_id, answer, name, EMAIL_OTP_CODE="abcdef")
        refusals.append((error.value.code, error.value.message))
    assert refusals[0] == refusals[1]


async def test_what_was_not_offered_is_refused(api: Any) -> None:
    _, client_id = await make(api)
    answer = await begin(api, client_id, PREFERRED_CHALLENGE="SMS_OTP")
    assert answer["ChallengeName"] == "SELECT_CHALLENGE"
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, "alice", ANSWER="SMS_OTP")
    assert error.value.message == "SMS_OTP is not available for the user."


async def test_a_session_serves_its_own_user_only(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.make_user(pool_id, "bob")
    answer = await begin(api, client_id, PREFERRED_CHALLENGE="EMAIL_OTP")
    code = await api.newest_code(pool_id)
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, answer, "bob", EMAIL_OTP_CODE=code)
    assert error.value.message == "Invalid session for the user."
