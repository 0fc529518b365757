import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from keyfob.core.errors import AwsError
from keyfob.core.ids import SystemRandomness
from keyfob.services.cognito_idp.attempts import AttemptLanes
from keyfob.services.cognito_idp.domain.sessions import SessionSealer, UsedChallenges

PASSWORD = "Correct-Horse-1"


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_a_burst_of_guesses_is_counted_guess_by_guess(api: Any, name: str) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id, PreventUserExistenceErrors="ENABLED")
    await api.make_user(pool_id)
    guesses = [api.initiate(client_id, name, f"Wrong-{n}") for n in range(40)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    messages = [outcome.message for outcome in outcomes if isinstance(outcome, AwsError)]
    assert messages.count("Incorrect username or password.") == 5
    assert messages.count("Password attempts exceeded") == 35


async def test_a_burst_over_several_operations_shares_the_count(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id)
    token = (await api.sign_in(client_id))["AccessToken"]
    changes = [
        api.call(
            "ChangePassword",
            AccessToken=token,
            PreviousPassword="Wrong-1",
            ProposedPassword="Another-Horse-1",
        )
        for _ in range(10)
    ]
    guesses = [api.initiate(client_id, "alice", "Wrong-2") for _ in range(10)]
    outcomes = await asyncio.gather(*changes, *guesses, return_exceptions=True)
    messages = [outcome.message for outcome in outcomes if isinstance(outcome, AwsError)]
    assert messages.count("Incorrect username or password.") == 5


async def test_right_passwords_at_once_all_get_in(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id)
    results = await asyncio.gather(*(api.sign_in(client_id) for _ in range(20)))
    assert all("AccessToken" in result for result in results)


async def test_a_lane_refuses_when_too_many_wait() -> None:
    lanes = AttemptLanes(max_waiting=2)
    release = asyncio.Event()

    async def hold() -> None:
        async with lanes.enter("pool", "alice"):
            await release.wait()

    held = [asyncio.create_task(hold()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(AwsError) as error:
        async with lanes.enter("pool", "alice"):
            pass
    assert refusal(error) == ("TooManyRequestsException", "Rate exceeded")
    async with lanes.enter("pool", "bob"):
        release.set()
    await asyncio.gather(*held)
    async with lanes.enter("pool", "alice"):
        pass


async def test_a_challenge_does_not_outlive_the_server(api: Any) -> None:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.call(
        "AdminCreateUser",
        UserPoolId=pool_id,
        Username="alice",
        TemporaryPassword=PASSWORD,
        MessageAction="SUPPRESS",
    )
    challenge = await api.initiate(client_id, "alice")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with ThreadPoolExecutor(1) as crypto:
        api.service = replace(
            api.service,
            crypto=crypto,
            sessions=SessionSealer(api.service.sealer, SystemRandomness().token_bytes(8).hex()),
            used=UsedChallenges(),
        )
        with pytest.raises(AwsError) as error:
            await api.call(
                "RespondToAuthChallenge",
                ClientId=client_id,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=challenge["Session"],
                ChallengeResponses={"USERNAME": "alice", "NEW_PASSWORD": "Another-Horse-1"},
            )
    assert refusal(error) == ("NotAuthorizedException", "Invalid session for the user.")


async def test_earlier_passwords_do_not_come_back(api: Any) -> None:
    policy = {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 2}}
    pool_id = await api.make_pool(Policies=policy)
    await api.make_user(pool_id)

    async def set_password(password: str) -> None:
        await api.call(
            "AdminSetUserPassword",
            UserPoolId=pool_id,
            Username="alice",
            Password=password,
            Permanent=True,
        )

    await set_password("second password")
    for former in (PASSWORD, "second password"):
        with pytest.raises(AwsError) as error:
            await set_password(former)
        assert refusal(error) == (
            "PasswordHistoryPolicyViolationException",
            "Password has previously been used.",
        )
    await set_password("third password")
    await set_password(PASSWORD)
