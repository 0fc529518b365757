from typing import Any

import pytest

from keyfob.core.errors import AwsError
from keyfob.tokens.verify import decode_token


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


async def make(api: Any, **client: Any) -> tuple[str, str]:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id, **client)
    await api.make_user(pool_id)
    return pool_id, client_id


def rotation(grace_s: int) -> dict[str, Any]:
    return {
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": grace_s},
    }


async def get_tokens(api: Any, client_id: str, token: str, **extra: str) -> dict[str, Any]:
    answer = await api.call(
        "GetTokensFromRefreshToken", ClientId=client_id, RefreshToken=token, **extra
    )
    return dict(answer["AuthenticationResult"])


async def test_a_rotated_token_is_good_once(api: Any) -> None:
    _, client_id = await make(api, **rotation(0))
    first = (await api.sign_in(client_id))["RefreshToken"]
    second = (await get_tokens(api, client_id, first))["RefreshToken"]
    api.clock.advance(1)
    with pytest.raises(AwsError) as error:
        await get_tokens(api, client_id, first)
    assert refusal(error) == ("RefreshTokenReuseException", "Refresh token has been reused.")
    assert "AccessToken" in await get_tokens(api, client_id, second)


async def test_a_rotated_token_stays_good_for_a_retry(api: Any) -> None:
    _, client_id = await make(api, **rotation(10))
    first = (await api.sign_in(client_id))["RefreshToken"]
    await get_tokens(api, client_id, first)
    api.clock.advance(10)
    retried = await get_tokens(api, client_id, first)
    api.clock.advance(1)
    with pytest.raises(AwsError) as error:
        await get_tokens(api, client_id, first)
    assert error.value.code == "RefreshTokenReuseException"
    assert "RefreshToken" in await get_tokens(api, client_id, retried["RefreshToken"])


async def test_rotation_does_not_prolong_a_sign_in(api: Any) -> None:
    _, client_id = await make(
        api, **rotation(0), RefreshTokenValidity=1, TokenValidityUnits={"RefreshToken": "hours"}
    )
    token = (await api.sign_in(client_id))["RefreshToken"]
    api.clock.advance(3_000)
    token = (await get_tokens(api, client_id, token))["RefreshToken"]
    api.clock.advance(601)
    with pytest.raises(AwsError) as error:
        await get_tokens(api, client_id, token)
    assert refusal(error) == ("NotAuthorizedException", "Refresh Token has expired")


async def test_without_rotation_the_token_stays(api: Any) -> None:
    _, client_id = await make(api)
    signed_in = await api.sign_in(client_id)
    token = signed_in["RefreshToken"]
    for _ in range(2):
        result = await get_tokens(api, client_id, token)
        assert "RefreshToken" not in result
    before = decode_token(signed_in["AccessToken"]).claims.values
    after = decode_token(result["AccessToken"]).claims.values
    assert after["origin_jti"] == before["origin_jti"]


async def test_the_client_proves_itself_by_its_secret(api: Any) -> None:
    pool_id, client_id = await make(api, GenerateSecret=True)
    described = await api.call("DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id)
    secret = described["UserPoolClient"]["ClientSecret"]
    from_admin = await api.call(
        "AdminInitiateAuth",
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={
            "USERNAME": "alice",
            "PASSWORD": "Correct-Horse-1",
            "SECRET_HASH": hash_of(secret, "alice", client_id),
        },
    )
    token = from_admin["AuthenticationResult"]["RefreshToken"]
    for wrong in ({}, {"ClientSecret": "x" * 30}):
        with pytest.raises(AwsError) as error:
            await get_tokens(api, client_id, token, **wrong)
        assert error.value.code == "NotAuthorizedException"
    assert "IdToken" in await get_tokens(api, client_id, token, ClientSecret=secret)


async def test_rotation_excludes_the_older_flow(api: Any) -> None:
    pool_id, _ = await make(api)
    with pytest.raises(AwsError) as error:
        await api.make_client(
            pool_id,
            ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
            RefreshTokenRotation={"Feature": "ENABLED"},
        )
    assert error.value.code == "InvalidParameterException"


async def test_two_secrets_at_a_time(api: Any) -> None:
    pool_id, client_id = await make(api, GenerateSecret=True)
    names = {"UserPoolId": pool_id, "ClientId": client_id}
    first = (await api.call("ListUserPoolClientSecrets", **names))["ClientSecrets"][0]
    assert "ClientSecretValue" not in first
    added = (await api.call("AddUserPoolClientSecret", **names))["ClientSecretDescriptor"]
    with pytest.raises(AwsError) as error:
        await api.call("AddUserPoolClientSecret", **names)
    assert error.value.code == "LimitExceededException"
    await api.call("DeleteUserPoolClientSecret", **names, ClientSecretId=first["ClientSecretId"])
    described = await api.call("DescribeUserPoolClient", **names)
    assert described["UserPoolClient"]["ClientSecret"] == added["ClientSecretValue"]
    with pytest.raises(AwsError) as error:
        await api.call(
            "DeleteUserPoolClientSecret", **names, ClientSecretId=added["ClientSecretId"]
        )
    assert refusal(error)[1] == "The only secret of a client cannot be deleted."
    with pytest.raises(AwsError) as error:
        await api.call("DeleteUserPoolClientSecret", **names, ClientSecretId="x")
    assert error.value.code == "ResourceNotFoundException"


async def test_a_deleted_secret_proves_nothing(api: Any) -> None:
    pool_id, client_id = await make(api, GenerateSecret=True)
    names = {"UserPoolId": pool_id, "ClientId": client_id}
    described = await api.call("DescribeUserPoolClient", **names)
    old = described["UserPoolClient"]["ClientSecret"]
    first = (await api.call("ListUserPoolClientSecrets", **names))["ClientSecrets"][0]
    new = (await api.call("AddUserPoolClientSecret", **names))["ClientSecretDescriptor"]

    async def sign_in(secret: str) -> Any:
        return await api.call(
            "InitiateAuth",
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={
                "USERNAME": "alice",
                "PASSWORD": "Correct-Horse-1",
                "SECRET_HASH": hash_of(secret, "alice", client_id),
            },
        )

    await sign_in(old)
    await sign_in(new["ClientSecretValue"])
    await api.call("DeleteUserPoolClientSecret", **names, ClientSecretId=first["ClientSecretId"])
    with pytest.raises(AwsError) as error:
        await sign_in(old)
    assert refusal(error)[1] == f"Unable to verify secret hash for client {client_id}"


async def test_a_public_client_stays_public(api: Any) -> None:
    pool_id, client_id = await make(api)
    with pytest.raises(AwsError) as error:
        await api.call("AddUserPoolClientSecret", UserPoolId=pool_id, ClientId=client_id)
    assert refusal(error)[1] == "The client was not created with a secret."


def hash_of(secret: str, name: str, client_id: str) -> str:
    import base64
    import hashlib
    import hmac

    mac = hmac.new(secret.encode(), (name + client_id).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()
