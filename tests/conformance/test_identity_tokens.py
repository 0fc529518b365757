"""Tokens against a running server: only a genuine, current ID token of the right client counts."""

import json
from typing import Any
from urllib.request import Request, urlopen

import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.conformance.flow import PASSWORD, REGION, identity_pool_with_role, refusal, sign_in
from tests.unit.tokens.attacks import NAMES, RECIPES, Forger, Recipe

from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients

REFUSALS = {
    "Invalid login token. Couldn't verify signed token.",
    "Invalid login token. Not a valid OpenId Connect identity token.",
    "Token is not from a supported provider of this identity pool.",
}


def published(server: ServerProcess, path: str, host: str) -> Any:
    request = Request(server.endpoints.endpoint_url + path, headers={"Host": host})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def public_key(jwks: Any, kid: str) -> rsa.RSAPublicKey:
    key = jwt.PyJWKSet.from_dict(jwks)[kid].key
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@pytest.fixture(scope="module")
def id_token(clients: Clients, article: Article) -> str:
    token: str = sign_in(clients, article, "alice")["IdToken"]
    return token


@pytest.fixture(scope="module")
def forger(server: ServerProcess, article: Article, id_token: str) -> Forger:
    jwks = published(server, f"/{article.user_pool_id}/.well-known/jwks.json", "localhost")
    kid = jwt.get_unverified_header(id_token)["kid"]
    return Forger(id_token, public_key(jwks, kid))


def get_id(clients: Clients, article: Article, token: str) -> str:
    answer = clients.client("cognito-identity").get_id(
        IdentityPoolId=article.identity_pool_id, Logins={article.provider_name: token}
    )
    identity_id: str = answer["IdentityId"]
    return identity_id


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_forged_login_token_is_refused(
    clients: Clients, article: Article, forger: Forger, recipe: Recipe
) -> None:
    token = forger.forge(recipe)
    with pytest.raises(ClientError) as caught:
        get_id(clients, article, token)
    error = caught.value.response["Error"]
    if len(token) <= 50_000:  # the model's limit
        assert error["Code"] == "NotAuthorizedException"
        assert error["Message"] in REFUSALS
    else:
        assert error["Code"] in {"InvalidParameterException", "ValidationException"}


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_forged_web_identity_token_is_refused(
    clients: Clients, article: Article, forger: Forger, recipe: Recipe
) -> None:
    code, status, _ = refusal(
        clients.client("sts").assume_role_with_web_identity,
        RoleArn=article.role_arn,
        RoleSessionName="forger",
        WebIdentityToken=forger.forge(recipe),
    )
    assert code in {"InvalidIdentityToken", "ValidationError"}
    assert status == 400


def test_another_token_of_the_same_pool_is_no_login(clients: Clients, article: Article) -> None:
    tokens = sign_in(clients, article, "alice")
    with pytest.raises(ClientError, match="Missing a required claim: aud"):
        get_id(clients, article, tokens["AccessToken"])
    with pytest.raises(ClientError, match="Not a valid OpenId"):
        get_id(clients, article, tokens["RefreshToken"])


def test_a_token_of_another_client_or_pool_is_no_login(clients: Clients, article: Article) -> None:
    idp = clients.client("cognito-idp")
    other_pool = idp.create_user_pool(PoolName="Other")["UserPool"]["Id"]
    for pool_id, text in [
        (article.user_pool_id, "not from a supported provider"),
        (other_pool, "Issuer doesn't match"),
    ]:
        client_id = idp.create_user_pool_client(
            UserPoolId=pool_id, ClientName="x", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        if pool_id == other_pool:
            idp.admin_create_user(UserPoolId=pool_id, Username="alice", MessageAction="SUPPRESS")
            idp.admin_set_user_password(
                UserPoolId=pool_id, Username="alice", Password=PASSWORD, Permanent=True
            )
        token = idp.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]["IdToken"]
        with pytest.raises(ClientError, match=text):
            get_id(clients, article, token)


def test_the_issuer_publishes_what_verifies_its_tokens(
    server: ServerProcess, clients: Clients, article: Article, id_token: str
) -> None:
    identity = clients.client("cognito-identity")
    pool_id = identity_pool_with_role(clients, article, "classic", None)
    logins = {article.provider_name: id_token}
    identity.update_identity_pool(
        IdentityPoolId=pool_id,
        IdentityPoolName="classic",
        AllowUnauthenticatedIdentities=False,
        AllowClassicFlow=True,
        CognitoIdentityProviders=[
            {"ProviderName": article.provider_name, "ClientId": article.client_id}
        ],
    )
    identity_id = identity.get_id(IdentityPoolId=pool_id, Logins=logins)["IdentityId"]
    token = identity.get_open_id_token(IdentityId=identity_id, Logins=logins)["Token"]

    host = f"cognito-identity.{REGION}.amazonaws.com"
    configuration = published(server, "/.well-known/openid-configuration", host)
    assert configuration["issuer"] == "https://cognito-identity.amazonaws.com"
    path = configuration["jwks_uri"].removeprefix(configuration["issuer"])
    jwks = published(server, path, host)
    assert jwks == published(server, f"/cognito-identity{path}", "localhost")
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(
        token,
        public_key(jwks, kid),
        ["RS256"],
        audience=pool_id,
        issuer=configuration["issuer"],
    )
    assert claims["sub"] == identity_id
