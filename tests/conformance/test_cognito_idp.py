"""User pools: what AWS refuses, and what its tokens hold.

Each refusal is one that other emulators let pass. Texts as AWS gives them (observed), see
`docs/facts/user-pools.md`.
"""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.conformance.flow import PASSWORD, REGION, refusal, sign_in

from keyfob.cli.operator import Operator
from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients


@dataclass(frozen=True, slots=True)
class OpenPool:
    """A pool that people sign up to by themselves."""

    pool_id: str
    client_id: str
    """Allows SRP, and writes the attribute `email` alone."""
    password_client_id: str
    """Allows USER_PASSWORD_AUTH alone."""


@pytest.fixture(scope="module")
def pool(clients: Clients) -> OpenPool:
    idp = clients.client("cognito-idp")
    pool_id = idp.create_user_pool(
        PoolName="open",
        AutoVerifiedAttributes=["email"],
        Schema=[{"Name": "buildingId", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]["Id"]
    srp = idp.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="srp",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        WriteAttributes=["email"],
    )
    password = idp.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="password",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    return OpenPool(
        pool_id,
        srp["UserPoolClient"]["ClientId"],
        password["UserPoolClient"]["ClientId"],
    )


@pytest.fixture(scope="module")
def idp(clients: Clients) -> Any:
    return clients.client("cognito-idp")


def sign_up(idp: Any, pool: OpenPool, name: str, **more: Any) -> Any:
    arguments = {
        "ClientId": pool.client_id,
        "Username": name,
        "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": f"{name}@example.com"}],
    }
    return idp.sign_up(**(arguments | more))


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Short-1", "Password not long enough"),
        ("no-upper-case-1", "Password must have uppercase characters"),
        ("NO-LOWER-CASE-1", "Password must have lowercase characters"),
        ("No-Digits-Here", "Password must have numeric characters"),
        ("NoSymbols11", "Password must have symbol characters"),
    ],
)
def test_sign_up_refuses_a_weak_password(
    idp: Any, pool: OpenPool, password: str, problem: str
) -> None:
    refused = refusal(idp.sign_up, ClientId=pool.client_id, Username="weak", Password=password)
    assert (refused.code, refused.status) == ("InvalidPasswordException", 400)
    assert refused.message == f"Password did not conform with policy: {problem}"
    assert refusal(idp.admin_get_user, UserPoolId=pool.pool_id, Username="weak").code == (
        "UserNotFoundException"
    )


def test_confirm_sign_up_refuses_a_wrong_code_and_takes_the_right_one(
    server: ServerProcess, idp: Any, pool: OpenPool
) -> None:
    sign_up(idp, pool, "newcomer")
    mail = Operator(server.data).get("mail", limit=100)["messages"]
    text = next(m["text"] for m in mail if m["destination"] == "newcomer@example.com")
    right = "".join(filter(str.isdigit, text))[-6:]
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    confirm = {"ClientId": pool.client_id, "Username": "newcomer"}
    refused = refusal(idp.confirm_sign_up, **confirm, ConfirmationCode=wrong)
    assert refused.code == "CodeMismatchException"
    assert refused.message == "Invalid verification code provided, please try again."
    idp.confirm_sign_up(**confirm, ConfirmationCode=right)
    user = idp.admin_get_user(UserPoolId=pool.pool_id, Username="newcomer")
    assert user["UserStatus"] == "CONFIRMED"


def test_an_unconfirmed_user_does_not_sign_in(idp: Any, pool: OpenPool) -> None:
    sign_up(idp, pool, "unconfirmed")
    refused = refusal(
        idp.initiate_auth,
        ClientId=pool.password_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "unconfirmed", "PASSWORD": PASSWORD},
    )
    assert refused.code == "UserNotConfirmedException"


def test_admin_create_user_refuses_an_undeclared_custom_attribute(idp: Any, pool: OpenPool) -> None:
    refused = refusal(
        idp.admin_create_user,
        UserPoolId=pool.pool_id,
        Username="undeclared",
        UserAttributes=[{"Name": "custom:undeclared", "Value": "1"}],
    )
    assert refused.code == "InvalidParameterException"
    assert "Attribute does not exist in the schema" in refused.message
    assert refusal(idp.admin_get_user, UserPoolId=pool.pool_id, Username="undeclared").code == (
        "UserNotFoundException"
    )


def test_sign_up_refuses_an_attribute_that_the_client_may_not_write(
    idp: Any, pool: OpenPool
) -> None:
    refused = refusal(
        lambda: sign_up(
            idp, pool, "intruder", UserAttributes=[{"Name": "custom:buildingId", "Value": "1"}]
        )
    )
    assert refused.code == "NotAuthorizedException"
    assert refused.message == "A client attempted to write unauthorized attribute"


def test_a_user_cannot_move_to_another_building(clients: Clients, article: Article) -> None:
    refused = refusal(
        clients.client("cognito-idp").update_user_attributes,
        AccessToken=sign_in(clients, article, "alice")["AccessToken"],
        UserAttributes=[{"Name": "custom:buildingId", "Value": "2"}],
    )
    assert refused.code == "NotAuthorizedException"


def test_password_sign_in_is_refused_on_a_client_without_it(idp: Any, article: Article) -> None:
    refused = refusal(
        idp.initiate_auth,
        ClientId=article.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
    )
    assert refused.code == "InvalidParameterException"
    assert refused.message == "USER_PASSWORD_AUTH flow not enabled for this client"


def test_srp_is_refused_on_a_client_without_it(idp: Any, pool: OpenPool) -> None:
    refused = refusal(
        idp.initiate_auth,
        ClientId=pool.password_client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": "alice", "SRP_A": "ab12"},
    )
    assert refused.code == "InvalidParameterException"


def test_password_sign_in_refuses_a_wrong_password(idp: Any, pool: OpenPool) -> None:
    idp.admin_create_user(UserPoolId=pool.pool_id, Username="keeper", MessageAction="SUPPRESS")
    idp.admin_set_user_password(
        UserPoolId=pool.pool_id, Username="keeper", Password=PASSWORD, Permanent=True
    )
    call = {"ClientId": pool.password_client_id, "AuthFlow": "USER_PASSWORD_AUTH"}
    refused = refusal(
        idp.initiate_auth,
        **call,
        AuthParameters={"USERNAME": "keeper", "PASSWORD": PASSWORD + "x"},
    )
    assert refused[::2] == ("NotAuthorizedException", "Incorrect username or password.")
    right = {"USERNAME": "keeper", "PASSWORD": PASSWORD}
    assert "IdToken" in idp.initiate_auth(**call, AuthParameters=right)["AuthenticationResult"]


def test_srp_refuses_a_wrong_password(clients: Clients, article: Article) -> None:
    refused = refusal(sign_in, clients=clients, article=article, name="bob", password="Wrong-1-x")
    assert refused[::2] == ("NotAuthorizedException", "Incorrect username or password.")


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def test_tokens_verify_against_the_published_keys(
    server: ServerProcess, clients: Clients, article: Article
) -> None:
    base = f"{server.endpoints.endpoint_url}/{article.user_pool_id}/.well-known"
    keys = jwt.PyJWKSet.from_dict(fetch(f"{base}/jwks.json"))
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{article.user_pool_id}"
    assert fetch(f"{base}/openid-configuration")["issuer"] == issuer
    tokens = sign_in(clients, article, "alice")

    def claims(token: str, **options: Any) -> Any:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, ["RS256"], issuer=issuer, **options)

    identity = claims(tokens["IdToken"], audience=article.client_id)
    access = claims(tokens["AccessToken"])
    assert identity["token_use"] == "id"
    assert identity["custom:buildingId"] == "1"
    assert identity["cognito:username"] == "alice"
    assert access["token_use"] == "access"
    assert access["client_id"] == article.client_id
    assert "aud" not in access
    assert access["scope"] == "aws.cognito.signin.user.admin"
    for claim in ("origin_jti", "event_id", "auth_time", "sub"):
        assert identity[claim] == access[claim]
    assert identity["jti"] != access["jti"]


def test_two_pools_sign_with_different_keys(
    server: ServerProcess, article: Article, pool: OpenPool
) -> None:
    kids = [
        {
            key["kid"]
            for key in fetch(f"{server.endpoints.endpoint_url}/{one}/.well-known/jwks.json")["keys"]
        }
        for one in (article.user_pool_id, pool.pool_id)
    ]
    assert len(kids[0]) == len(kids[1]) == 2
    assert not kids[0] & kids[1]


def forged(token: str) -> str:
    """Return the token signed with a key of one's own, all claims as they were."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, key, "RS256", headers=jwt.get_unverified_header(token))


def test_get_user_refuses_a_forged_token(clients: Clients, article: Article, idp: Any) -> None:
    token = sign_in(clients, article, "alice")["AccessToken"]
    assert idp.get_user(AccessToken=token)["Username"] == "alice"
    head, body, _signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    for bad in (
        forged(token),
        f"{head}.{body}.",
        jwt.encode(claims, "", "none"),
        jwt.encode(claims, "a" * 64, "HS256", {"kid": jwt.get_unverified_header(token)["kid"]}),
        "aa.bb.cc",
    ):
        refused = refusal(idp.get_user, AccessToken=bad)
        assert refused[::2] == ("NotAuthorizedException", "Invalid Access Token")


def test_get_user_refuses_an_id_token(clients: Clients, article: Article, idp: Any) -> None:
    token = sign_in(clients, article, "alice")["IdToken"]
    assert refusal(idp.get_user, AccessToken=token).code == "NotAuthorizedException"


def test_a_revoked_refresh_token_gives_no_more_tokens(
    clients: Clients, article: Article, idp: Any
) -> None:
    tokens = sign_in(clients, article, "alice")
    refresh = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    call = {"ClientId": article.client_id, "AuthFlow": "REFRESH_TOKEN_AUTH"}
    assert idp.initiate_auth(**call, AuthParameters=refresh)["AuthenticationResult"]["IdToken"]
    idp.revoke_token(Token=tokens["RefreshToken"], ClientId=article.client_id)
    refused = refusal(idp.initiate_auth, **call, AuthParameters=refresh)
    assert refused[::2] == ("NotAuthorizedException", "Refresh Token has been revoked")
    refused = refusal(idp.get_user, AccessToken=tokens["AccessToken"])
    assert refused[::2] == ("NotAuthorizedException", "Access Token has been revoked")


def test_an_operation_that_is_not_there_says_so(idp: Any) -> None:
    refused = refusal(idp.describe_user_import_job, UserPoolId="eu-central-1_abc", JobId="import-1")
    assert refused.status == 501
    assert "DescribeUserImportJob" in refused.message
