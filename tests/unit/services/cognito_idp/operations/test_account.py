from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from keyfob.core.errors import AwsError
from keyfob.tokens.claims import Claims
from keyfob.tokens.errors import TokenError, UnexpectedClaimError, UnknownKeyError
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.verify import decode_token

PASSWORD = "Correct-Horse-1"


async def make(api: Any, **client: Any) -> tuple[str, str]:
    schema = [
        {"Name": "tenant", "AttributeDataType": "String"},
        {"Name": "born", "AttributeDataType": "String", "Mutable": False},
    ]
    pool_id = await api.make_pool(Schema=schema, AutoVerifiedAttributes=["email"])
    client_id = await api.make_client(pool_id, **client)
    await api.make_user(pool_id, email="a@example.com", email_verified="true", custom_tenant="a")
    return pool_id, client_id


async def refused(api: Any, token: str) -> str:
    with pytest.raises(AwsError) as error:
        await api.call("GetUser", AccessToken=token)
    assert error.value.code == "NotAuthorizedException"
    return error.value.message


async def test_forged_tokens_are_refused(api: Any) -> None:
    pool_id, client_id = await make(api)
    genuine = (await api.sign_in(client_id))["AccessToken"]
    decoded = decode_token(genuine)
    stranger = RSAKey.generate_key(2048, {"kid": decoded.kid})
    forged = jwt.encode({"alg": "RS256", "kid": decoded.kid}, dict(decoded.claims.values), stranger)
    head, payload, signature = genuine.split(".")
    for token in (forged, "x", f"{head}.{payload}.", f"{head}.{payload[:-2]}AA.{signature}"):
        assert await refused(api, token) == "Invalid Access Token"
    assert await api.call("GetUser", AccessToken=genuine)
    assert pool_id


async def test_an_id_token_is_no_access_token(api: Any) -> None:
    _, client_id = await make(api)
    assert await refused(api, (await api.sign_in(client_id))["IdToken"]) == "Invalid Access Token"


async def test_a_token_of_another_pool_is_refused(api: Any) -> None:
    pool_id, client_id = await make(api)
    token = (await api.sign_in(client_id))["AccessToken"]
    await api.call("DeleteUserPool", UserPoolId=pool_id)
    assert await refused(api, token) == "Invalid Access Token"


async def test_an_expired_token_is_refused(api: Any) -> None:
    _, client_id = await make(api)
    token = (await api.sign_in(client_id))["AccessToken"]
    api.clock.advance(3_600)
    assert await refused(api, token) == "Access Token has expired"


async def test_a_token_without_the_scope_is_refused(api: Any) -> None:
    pool_id, client_id = await make(api)
    claims = dict(decode_token((await api.sign_in(client_id))["AccessToken"]).claims.values)
    pool = await api.service.require_pool(pool_id)
    key = api.service.keys.open(pool).access_token
    assert await refused(api, sign_jwt({**claims, "scope": "openid"}, key)) == (
        "Access Token does not have required scopes"
    )


@pytest.mark.parametrize("operation", ["GlobalSignOut", "AdminUserGlobalSignOut", "RevokeToken"])
async def test_revocation_is_exact(api: Any, operation: str) -> None:
    pool_id, client_id = await make(api)
    old = await api.sign_in(client_id)
    params = {
        "GlobalSignOut": {"AccessToken": old["AccessToken"]},
        "AdminUserGlobalSignOut": {"UserPoolId": pool_id, "Username": "alice"},
        "RevokeToken": {"Token": old["RefreshToken"], "ClientId": client_id},
    }
    await api.call(operation, **params[operation])
    assert await refused(api, old["AccessToken"]) == "Access Token has been revoked"
    with pytest.raises(AwsError, match="Refresh Token has been revoked"):
        await api.refresh(client_id, old["RefreshToken"])
    new = await api.sign_in(client_id)  # within the same second
    assert await api.call("GetUser", AccessToken=new["AccessToken"])
    assert await api.refresh(client_id, new["RefreshToken"])
    name = f"cognito-idp.eu-central-1.amazonaws.com/{pool_id}"
    for tokens, is_current in ((old, False), (new, True)):
        claims = await api.directory.verify(name, tokens["IdToken"], api.clock.now())
        assert await api.directory.is_current(name, claims) is is_current


async def test_revoking_one_sign_in_leaves_the_others(api: Any) -> None:
    _, client_id = await make(api)
    first, second = await api.sign_in(client_id), await api.sign_in(client_id)
    await api.call("RevokeToken", Token=first["RefreshToken"], ClientId=client_id)
    await api.call("RevokeToken", Token=first["RefreshToken"], ClientId=client_id)
    assert await refused(api, first["AccessToken"]) == "Access Token has been revoked"
    assert await api.call("GetUser", AccessToken=second["AccessToken"])


async def test_what_revoke_token_refuses(api: Any) -> None:
    pool_id, client_id = await make(api)
    tokens = await api.sign_in(client_id)
    with pytest.raises(AwsError) as error:
        await api.call("RevokeToken", Token=tokens["AccessToken"], ClientId=client_id)
    assert error.value.code == "UnsupportedTokenTypeException"
    secretive = await api.make_client(pool_id, GenerateSecret=True)
    with pytest.raises(AwsError) as error:
        await api.call("RevokeToken", Token=tokens["RefreshToken"], ClientId=secretive)
    assert error.value.code == "UnauthorizedException"
    other = await api.make_client(pool_id, EnableTokenRevocation=False)
    with pytest.raises(AwsError) as error:
        await api.call("RevokeToken", Token=tokens["RefreshToken"], ClientId=other)
    assert error.value.code == "UnsupportedOperationException"
    third = await api.make_client(pool_id)
    await api.call("RevokeToken", Token=tokens["RefreshToken"], ClientId=third)
    await api.call("RevokeToken", Token="bogus", ClientId=third)
    assert await api.call("GetUser", AccessToken=tokens["AccessToken"])


async def test_without_revocation_the_ids_are_left_out(api: Any) -> None:
    _, client_id = await make(api, EnableTokenRevocation=False)
    tokens = await api.sign_in(client_id)
    for token in (tokens["IdToken"], tokens["AccessToken"]):
        assert not {"jti", "origin_jti"} & decode_token(token).claims.values.keys()
    await api.call("GlobalSignOut", AccessToken=tokens["AccessToken"])
    assert await refused(api, tokens["AccessToken"]) == "Access Token has been revoked"


async def test_a_disabled_user_is_out_until_enabled(api: Any) -> None:
    pool_id, client_id = await make(api)
    tokens = await api.sign_in(client_id)
    await api.call("AdminDisableUser", UserPoolId=pool_id, Username="alice")
    assert await refused(api, tokens["AccessToken"]) == "User is disabled."
    with pytest.raises(AwsError, match="User is disabled"):
        await api.sign_in(client_id)
    with pytest.raises(AwsError, match="revoked"):
        await api.refresh(client_id, tokens["RefreshToken"])
    await api.call("AdminEnableUser", UserPoolId=pool_id, Username="alice")
    assert await api.sign_in(client_id)


@pytest.mark.parametrize("operation", ["AdminDeleteUser", "DeleteUser"])
async def test_a_deleted_user_is_gone_even_if_made_again(api: Any, operation: str) -> None:
    pool_id, client_id = await make(api)
    tokens = await api.sign_in(client_id)
    by = {"AdminDeleteUser": {"UserPoolId": pool_id, "Username": "alice"}}
    await api.call(operation, **by.get(operation, {"AccessToken": tokens["AccessToken"]}))
    await api.make_user(pool_id)
    with pytest.raises(AwsError) as error:
        await api.call("GetUser", AccessToken=tokens["AccessToken"])
    assert error.value.code == "UserNotFoundException"
    with pytest.raises(AwsError, match="revoked"):
        await api.refresh(client_id, tokens["RefreshToken"])


async def test_get_user_shows_what_the_client_may_read(api: Any) -> None:
    _, client_id = await make(api, ReadAttributes=["email"])
    user = await api.call("GetUser", AccessToken=(await api.sign_in(client_id))["AccessToken"])
    assert [each["Name"] for each in user["UserAttributes"]] == ["sub", "email"]


async def test_a_user_changes_what_the_client_may_write(api: Any) -> None:
    pool_id, client_id = await make(api, WriteAttributes=["email", "nickname", "custom:born"])
    token = (await api.sign_in(client_id))["AccessToken"]

    async def write(name: str, value: str) -> dict[str, Any]:
        attributes = [{"Name": name, "Value": value}]
        answer: dict[str, Any] = await api.call(
            "UpdateUserAttributes", AccessToken=token, UserAttributes=attributes
        )
        return answer

    assert await write("nickname", "Al") == {"CodeDeliveryDetailsList": []}
    with pytest.raises(AwsError, match="unauthorized attribute"):
        await write("custom:tenant", "b")
    with pytest.raises(AwsError, match=r"user.custom:born: Attribute cannot be updated"):
        await write("custom:born", "later")
    with pytest.raises(AwsError, match="unauthorized attribute"):
        await write("email_verified", "true")
    details = (await write("email", "new@example.com"))["CodeDeliveryDetailsList"]
    assert [each["Destination"] for each in details] == ["n***@e***"]
    user = await api.call("AdminGetUser", UserPoolId=pool_id, Username="alice")
    assert {"Name": "email_verified", "Value": "false"} in user["UserAttributes"]
    assert {"Name": "custom:tenant", "Value": "a"} in user["UserAttributes"]


async def test_changing_the_password_takes_the_old_one(api: Any) -> None:
    _, client_id = await make(api)
    token = (await api.sign_in(client_id))["AccessToken"]
    change = {"AccessToken": token, "ProposedPassword": "Another-Horse-2"}
    with pytest.raises(AwsError, match="Incorrect username or password"):
        await api.call("ChangePassword", PreviousPassword="Wrong-Horse-1", **change)
    with pytest.raises(AwsError, match="did not conform"):
        await api.call(
            "ChangePassword", **{**change, "ProposedPassword": "weak"}, PreviousPassword=PASSWORD
        )
    await api.call("ChangePassword", PreviousPassword=PASSWORD, **change)
    assert await api.initiate(client_id, "alice", "Another-Horse-2")
    with pytest.raises(AwsError, match="Incorrect"):
        await api.initiate(client_id, "alice")


async def test_the_directory_tells_tokens_apart(api: Any) -> None:
    pool_id, client_id = await make(api)
    tokens = await api.sign_in(client_id)
    name = f"cognito-idp.eu-central-1.amazonaws.com/{pool_id}"
    with pytest.raises(UnexpectedClaimError):
        await api.directory.verify(name, tokens["AccessToken"], api.clock.now())
    other = await api.make_pool()
    for wrong in (f"cognito-idp.us-east-1.amazonaws.com/{pool_id}", pool_id, "x/none_1"):
        with pytest.raises(UnknownKeyError):
            await api.directory.verify(wrong, tokens["IdToken"], api.clock.now())
    with pytest.raises(TokenError):
        other_name = f"cognito-idp.eu-central-1.amazonaws.com/{other}"
        await api.directory.verify(other_name, tokens["IdToken"], api.clock.now())
    gone = Claims({"sub": "nobody", "event_id": "x"})
    assert not await api.directory.is_current(name, gone)


async def test_the_directory_finds_people(api: Any) -> None:
    pool_id, _ = await make(api)
    (found,) = await api.directory.find_users("alice")
    assert (found.pool_id, found.username) == (pool_id, "alice")
    assert await api.directory.find_users(found.sub) == (found,)
    assert await api.directory.find_users("nobody") == ()
