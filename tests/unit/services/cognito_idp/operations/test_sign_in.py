import base64
import datetime
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from pycognito.aws_srp import AWSSRP

from keyfob.core.errors import AwsError
from keyfob.tokens.jwks import render_jwks

PASSWORD = "Correct-Horse-1"
INCORRECT = ("NotAuthorizedException", "Incorrect username or password.")


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


def srp(
    pool_id: str, client_id: str, name: str, password: str, secret: str | None = None
) -> AWSSRP:
    return AWSSRP(name, password, pool_id, client_id, client=object(), client_secret=secret)


async def begin(api: Any, client_id: str, person: AWSSRP) -> dict[str, Any]:
    answer = await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters=person.get_auth_params(),
    )
    assert answer["ChallengeName"] == "PASSWORD_VERIFIER"
    return dict(answer["ChallengeParameters"])


def prove(person: AWSSRP, challenge: dict[str, Any]) -> dict[str, str]:
    """What pycognito answers, at a fixed time: its own clock call warns of deprecation."""
    user_id = challenge["USER_ID_FOR_SRP"]
    key = person.get_password_authentication_key(
        user_id, person.password, int(challenge["SRP_B"], 16), challenge["SALT"]
    )
    timestamp = AWSSRP.get_cognito_formatted_timestamp(datetime.datetime(2023, 11, 4, 2, 3, 4))
    block = base64.b64decode(challenge["SECRET_BLOCK"])
    message = person.pool_id.split("_")[1].encode() + user_id.encode() + block + timestamp.encode()
    signature = hmac.new(key, message, hashlib.sha256).digest()
    responses = {
        "TIMESTAMP": timestamp,
        "USERNAME": challenge["USERNAME"],
        "PASSWORD_CLAIM_SECRET_BLOCK": challenge["SECRET_BLOCK"],
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
    }
    if person.client_secret is not None:
        responses["SECRET_HASH"] = AWSSRP.get_secret_hash(
            challenge["USERNAME"], person.client_id, person.client_secret
        )
    return responses


async def respond(api: Any, client_id: str, responses: dict[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = await api.call(
        "RespondToAuthChallenge",
        ClientId=client_id,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses=responses,
    )
    return answer


async def make(api: Any, **client: Any) -> tuple[str, str]:
    pool_id = await api.make_pool(
        Schema=[{"Name": "buildingId", "AttributeDataType": "Number"}],
    )
    client_id = await api.make_client(pool_id, **client)
    await api.make_user(
        pool_id, "alice", custom_buildingId="1", email="a@example.com", email_verified="true"
    )
    return pool_id, client_id


async def test_tokens_verify_against_the_published_keys(api: Any) -> None:
    pool_id, client_id = await make(api)
    result = await api.sign_in(client_id)
    document: Any = render_jwks(await api.directory.published_keys(pool_id))
    published = KeySet.import_key_set(document)
    issuer = f"https://cognito-idp.eu-central-1.amazonaws.com/{pool_id}"
    identity = jwt.decode(result["IdToken"], published, algorithms=["RS256"])
    access = jwt.decode(result["AccessToken"], published, algorithms=["RS256"])
    assert identity.header["kid"] != access.header["kid"]
    claims = dict(identity.claims)
    sub, event_id = claims.pop("sub"), claims.pop("event_id")
    origin_jti, jti = claims.pop("origin_jti"), claims.pop("jti")
    assert claims == {
        "iss": issuer,
        "cognito:username": "alice",
        "aud": client_id,
        "token_use": "id",
        "auth_time": 1_700_000_000,
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
        "email": "a@example.com",
        "email_verified": True,
        "custom:buildingId": "1",
    }
    rest = dict(access.claims)
    assert (rest.pop("sub"), rest.pop("event_id")) == (sub, event_id)
    assert rest.pop("origin_jti") == origin_jti
    assert rest.pop("jti") != jti
    assert rest == {
        "iss": issuer,
        "client_id": client_id,
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "auth_time": 1_700_000_000,
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
        "username": "alice",
    }
    assert (result["ExpiresIn"], result["TokenType"]) == (3_600, "Bearer")


async def test_only_readable_attributes_are_in_the_token(api: Any) -> None:
    pool_id, client_id = await make(api, ReadAttributes=["email"])
    claims = await verify(api, pool_id, (await api.sign_in(client_id))["IdToken"])
    assert "email" in claims
    assert "custom:buildingId" not in claims
    assert "email_verified" not in claims


async def test_attributes_added_later_are_not_seen_by_older_clients(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.call(
        "AddCustomAttributes",
        UserPoolId=pool_id,
        CustomAttributes=[{"Name": "late", "AttributeDataType": "String"}],
    )
    await api.call(
        "AdminUpdateUserAttributes",
        UserPoolId=pool_id,
        Username="alice",
        UserAttributes=[{"Name": "custom:late", "Value": "x"}],
    )
    assert "custom:late" not in await verify(
        api, pool_id, (await api.sign_in(client_id))["IdToken"]
    )
    newer = await api.make_client(pool_id)
    claims = await verify(api, pool_id, (await api.sign_in(newer))["IdToken"])
    assert claims["custom:late"] == "x"


async def verify(api: Any, pool_id: str, token: str) -> dict[str, Any]:
    name = f"cognito-idp.eu-central-1.amazonaws.com/{pool_id}"
    return dict((await api.directory.verify(name, token, api.clock.now())).values)


async def test_srp_with_the_right_password(api: Any) -> None:
    pool_id, client_id = await make(api)
    for _ in range(5):
        person = srp(pool_id, client_id, "alice", PASSWORD)
        answer = await respond(api, client_id, prove(person, await begin(api, client_id, person)))
        assert await verify(api, pool_id, answer["AuthenticationResult"]["IdToken"])


async def test_srp_with_a_client_secret(api: Any) -> None:
    pool_id, client_id = await make(api, GenerateSecret=True)
    described = await api.call("DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id)
    secret = described["UserPoolClient"]["ClientSecret"]
    person = srp(pool_id, client_id, "alice", PASSWORD, secret)
    answer = await respond(api, client_id, prove(person, await begin(api, client_id, person)))
    assert answer["AuthenticationResult"]["AccessToken"]


async def test_srp_with_a_wrong_password(api: Any) -> None:
    pool_id, client_id = await make(api)
    person = srp(pool_id, client_id, "alice", "Wrong-Horse-1")
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, prove(person, await begin(api, client_id, person)))
    assert refusal(error) == INCORRECT


async def test_an_srp_challenge_takes_one_answer(api: Any) -> None:
    pool_id, client_id = await make(api)
    person = srp(pool_id, client_id, "alice", PASSWORD)
    responses = prove(person, await begin(api, client_id, person))
    await respond(api, client_id, responses)
    with pytest.raises(AwsError, match="session can only be used once"):
        await respond(api, client_id, responses)


async def test_an_srp_challenge_expires(api: Any) -> None:
    pool_id, client_id = await make(api)
    person = srp(pool_id, client_id, "alice", PASSWORD)
    responses = prove(person, await begin(api, client_id, person))
    api.clock.advance(180)
    with pytest.raises(AwsError, match="session is expired"):
        await respond(api, client_id, responses)


async def test_an_srp_challenge_serves_its_client_and_user_only(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.make_user(pool_id, "bob")
    person = srp(pool_id, client_id, "alice", PASSWORD)
    responses = prove(person, await begin(api, client_id, person))
    with pytest.raises(AwsError, match="Invalid session"):
        await respond(api, await api.make_client(pool_id), responses)
    with pytest.raises(AwsError, match="Incorrect username"):
        await respond(api, client_id, {**responses, "USERNAME": "bob"})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("PASSWORD_CLAIM_SECRET_BLOCK", "AAAA"),
        ("PASSWORD_CLAIM_SECRET_BLOCK", "no base64"),
        ("PASSWORD_CLAIM_SIGNATURE", "AAAA"),
        ("PASSWORD_CLAIM_SIGNATURE", "ä"),
        ("TIMESTAMP", "yesterday"),
        ("TIMESTAMP", "Sat Nov 04 02:03:04 UTC 2023"),
        ("TIMESTAMP", "Sat Nov 4 02:03:05 UTC 2023"),
        ("USERNAME", ""),
    ],
)
async def test_a_changed_srp_answer_is_refused(api: Any, member: str, value: str) -> None:
    pool_id, client_id = await make(api)
    person = srp(pool_id, client_id, "alice", PASSWORD)
    responses = prove(person, await begin(api, client_id, person))
    with pytest.raises(AwsError):
        await respond(api, client_id, {**responses, member: value})


@pytest.mark.parametrize("public", ["0", "00", "xyz", "-1", "f" * 771])
async def test_a_useless_a_is_refused(api: Any, public: str) -> None:
    _, client_id = await make(api)
    with pytest.raises(AwsError, match="SRP_A"):
        await api.call(
            "InitiateAuth",
            ClientId=client_id,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": "alice", "SRP_A": public},
        )


async def test_unknown_users_look_like_known_ones_where_hidden(api: Any) -> None:
    pool_id, client_id = await make(api, PreventUserExistenceErrors="ENABLED")
    person = srp(pool_id, client_id, "nobody", PASSWORD)
    first, second = await begin(api, client_id, person), await begin(api, client_id, person)
    assert first["SALT"] == second["SALT"]
    assert first["USER_ID_FOR_SRP"] == second["USER_ID_FOR_SRP"]
    assert first["SRP_B"] != second["SRP_B"]
    known = await begin(api, client_id, srp(pool_id, client_id, "alice", PASSWORD))
    assert known.keys() == first.keys()
    assert {len(known["SALT"]), len(first["SALT"])} <= {31, 32}
    with pytest.raises(AwsError) as error:
        await respond(api, client_id, prove(person, first))
    assert refusal(error) == INCORRECT
    with pytest.raises(AwsError) as error:
        await api.initiate(client_id, "nobody")
    assert refusal(error) == INCORRECT


async def test_unknown_users_are_told_where_not_hidden(api: Any) -> None:
    _, client_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.initiate(client_id, "nobody")
    assert refusal(error) == ("UserNotFoundException", "User does not exist.")


async def test_a_wrong_password_is_refused(api: Any) -> None:
    _, client_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.initiate(client_id, "alice", "Wrong-Horse-1")
    assert refusal(error) == INCORRECT


async def test_password_sign_in_is_off_unless_asked_for(api: Any) -> None:
    pool_id, _ = await make(api)
    plain = await api.call("CreateUserPoolClient", UserPoolId=pool_id, ClientName="default")
    with pytest.raises(AwsError) as error:
        await api.initiate(plain["UserPoolClient"]["ClientId"], "alice")
    message = "USER_PASSWORD_AUTH flow not enabled for this client"
    assert refusal(error) == ("InvalidParameterException", message)


@pytest.mark.parametrize(
    ("operation", "flow", "message"),
    [
        ("InitiateAuth", "USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client."),
        ("InitiateAuth", "ADMIN_NO_SRP_AUTH", "Initiate Auth method not supported."),
        ("InitiateAuth", "REFRESH_TOKEN", "REFRESH_TOKEN_AUTH flow not enabled for this client"),
        ("InitiateAuth", "USER_AUTH", "USER_AUTH is not enabled for the client."),
        ("AdminInitiateAuth", "ADMIN_USER_PASSWORD_AUTH", "Auth flow not enabled for this client"),
        ("AdminInitiateAuth", "USER_PASSWORD_AUTH", "Initiate Auth method not supported."),
    ],
)
async def test_flows_that_are_off(api: Any, operation: str, flow: str, message: str) -> None:
    pool_id, client_id = await make(api, ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH"])
    pool = {"UserPoolId": pool_id} if operation.startswith("Admin") else {}
    with pytest.raises(AwsError) as error:
        await api.call(operation, ClientId=client_id, AuthFlow=flow, **pool)
    assert refusal(error) == ("InvalidParameterException", message)


async def test_an_administrator_signs_a_user_in(api: Any) -> None:
    pool_id, client_id = await make(api)
    for flow in ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"):
        answer = await api.call(
            "AdminInitiateAuth",
            UserPoolId=pool_id,
            ClientId=client_id,
            AuthFlow=flow,
            AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
        )
        assert answer["AuthenticationResult"]["RefreshToken"]


async def test_secret_hash_is_required_and_checked(api: Any) -> None:
    _, client_id = await make(api, GenerateSecret=True)
    parameters = {"USERNAME": "alice", "PASSWORD": PASSWORD}
    for given, message in (
        ({}, f"Client {client_id} is configured with secret but SECRET_HASH was not received"),
        ({"SECRET_HASH": "AAAA"}, f"Unable to verify secret hash for client {client_id}"),
    ):
        with pytest.raises(AwsError) as error:
            await api.call(
                "InitiateAuth",
                ClientId=client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={**parameters, **given},
            )
        assert refusal(error) == ("NotAuthorizedException", message)


async def test_five_failures_lock_for_a_while_that_doubles(api: Any) -> None:
    _, client_id = await make(api)
    for _ in range(5):
        with pytest.raises(AwsError, match="Incorrect"):
            await api.initiate(client_id, "alice", "Wrong-Horse-1")
    with pytest.raises(AwsError, match="Password attempts exceeded"):
        await api.initiate(client_id, "alice")
    api.clock.advance(1)
    with pytest.raises(AwsError, match="Incorrect"):
        await api.initiate(client_id, "alice", "Wrong-Horse-1")
    api.clock.advance(1.5)
    with pytest.raises(AwsError, match="Password attempts exceeded"):
        await api.initiate(client_id, "alice")
    api.clock.advance(1)
    assert await api.sign_in(client_id)
    with pytest.raises(AwsError, match="Incorrect"):
        await api.initiate(client_id, "alice", "Wrong-Horse-1")
    assert await api.sign_in(client_id)


async def test_waiting_does_not_tell_who_exists(api: Any) -> None:
    _, client_id = await make(api, PreventUserExistenceErrors="ENABLED")
    told: list[list[tuple[str, str]]] = []
    for name in ("alice", "nobody"):
        answers = []
        for _ in range(7):
            with pytest.raises(AwsError) as error:
                await api.initiate(client_id, name, "Wrong-Horse-1")
            answers.append(refusal(error))
        told.append(answers)
    assert told[0] == told[1]
    assert told[0][-1] == ("NotAuthorizedException", "Password attempts exceeded")


async def test_a_success_writes_nothing(api: Any) -> None:
    _, client_id = await make(api)
    await api.sign_in(client_id)

    async def refuse(_work: object) -> None:
        raise AssertionError("sign-in wrote to the database")

    api.database.write = refuse
    assert await api.sign_in(client_id)


async def test_a_temporary_password_must_be_replaced(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.call(
        "AdminSetUserPassword", UserPoolId=pool_id, Username="alice", Password="Temporary-1!"
    )
    challenge = await api.initiate(client_id, "alice", "Temporary-1!")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    parameters = challenge["ChallengeParameters"]
    assert json.loads(parameters["requiredAttributes"]) == []
    assert json.loads(parameters["userAttributes"])["email"] == "a@example.com"

    async def answer(password: str) -> dict[str, Any]:
        done: dict[str, Any] = await api.call(
            "RespondToAuthChallenge",
            ClientId=client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": "alice", "NEW_PASSWORD": password},
        )
        return done

    with pytest.raises(AwsError, match="Password did not conform"):
        await answer("weak")
    assert (await answer(PASSWORD))["AuthenticationResult"]["IdToken"]
    with pytest.raises(AwsError, match="session can only be used once"):
        await answer(PASSWORD)
    assert await api.sign_in(client_id)


async def test_a_temporary_password_expires(api: Any) -> None:
    pool_id, client_id = await make(api)
    await api.call(
        "AdminSetUserPassword", UserPoolId=pool_id, Username="alice", Password="Temporary-1!"
    )
    api.clock.advance(7 * 86_400)
    with pytest.raises(AwsError, match="Temporary password has expired"):
        await api.initiate(client_id, "alice", "Temporary-1!")


async def test_a_made_up_session_is_refused(api: Any) -> None:
    _, client_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.call(
            "RespondToAuthChallenge",
            ClientId=client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session="A" * 40,
            ChallengeResponses={"USERNAME": "alice", "NEW_PASSWORD": PASSWORD},
        )
    assert refusal(error) == ("NotAuthorizedException", "Invalid session for the user.")


async def test_refresh_keeps_the_sign_in_and_renews_the_rest(api: Any) -> None:
    pool_id, client_id = await make(api)
    first = await api.sign_in(client_id)
    api.clock.advance(4_000)
    again = await api.refresh(client_id, first["RefreshToken"])
    assert "RefreshToken" not in again
    old = dict(jwt_claims(first["IdToken"]))
    new = await verify(api, pool_id, again["IdToken"])
    assert (new["auth_time"], new["origin_jti"]) == (old["auth_time"], old["origin_jti"])
    assert new["iat"] == old["iat"] + 4_000
    assert new["jti"] != old["jti"]


def jwt_claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


async def test_refresh_tokens_that_are_refused(api: Any) -> None:
    pool_id, client_id = await make(api)
    token = (await api.sign_in(client_id))["RefreshToken"]
    for given, client in (("AAAA", client_id), (token, await api.make_client(pool_id))):
        with pytest.raises(AwsError) as error:
            await api.refresh(client, given)
        assert refusal(error) == ("NotAuthorizedException", "Invalid Refresh Token")
    api.clock.advance(30 * 86_400)
    with pytest.raises(AwsError, match="Refresh Token has expired"):
        await api.refresh(client_id, token)


async def test_refresh_with_a_secret_hashes_user_name_or_sub(api: Any) -> None:
    from_secret = AWSSRP.get_secret_hash
    pool_id, client_id = await make(api, GenerateSecret=True)
    described = await api.call("DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id)
    secret = described["UserPoolClient"]["ClientSecret"]
    answer = await api.call(
        "InitiateAuth",
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={
            "USERNAME": "alice",
            "PASSWORD": PASSWORD,
            "SECRET_HASH": from_secret("alice", client_id, secret),
        },
    )
    result = answer["AuthenticationResult"]
    for name in ("alice", jwt_claims(result["IdToken"])["sub"]):
        digest = from_secret(name, client_id, secret)
        assert await api.refresh(client_id, result["RefreshToken"], SECRET_HASH=digest)
    with pytest.raises(AwsError, match="Unable to verify secret hash"):
        await api.refresh(client_id, result["RefreshToken"], SECRET_HASH="AAAA")
