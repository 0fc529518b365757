"""OAuth clients that nobody here wrote sign people in through the pages, by HTTP alone."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import boto3
import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.interop.people import REGION
from tests.unit.signin.forms import Page

from keyfob.cli.operator import Operator
from keyfob.testing import ServerProcess

pytestmark = pytest.mark.interop

CALLBACK = "https://app.example.com/callback"
PASSWORD = "Correct-Horse-1"
VERIFIER = "authlib-" + "x" * 40


@dataclass(frozen=True)
class App:
    """An application registered in a pool, and where its pool's pages are."""

    server: ServerProcess
    api: Any
    pool_id: str
    client_id: str
    client_secret: str
    ca_file: str

    @property
    def metadata(self) -> dict[str, str]:
        """The discovery document, as every library begins with it."""
        url = f"{self.server.endpoints.https_endpoint_url}/{self.pool_id}"
        context = ssl.create_default_context(cafile=self.ca_file)
        answer = httpx.get(f"{url}/.well-known/openid-configuration", verify=context)
        return dict(answer.raise_for_status().json())

    def keys(self) -> KeySet:
        url = f"{self.server.endpoints.endpoint_url}/{self.pool_id}/.well-known/jwks.json"
        return KeySet.import_key_set(httpx.get(url).raise_for_status().json())


@pytest.fixture(scope="module")
def register(server: ServerProcess) -> Callable[..., App]:
    endpoints = server.endpoints
    api = boto3.client(
        "cognito-idp",
        endpoint_url=endpoints.endpoint_url,
        region_name=REGION,
        aws_access_key_id=endpoints.access_key_id,
        aws_secret_access_key=endpoints.secret_access_key,
    )

    def make(*, has_secret: bool) -> App:
        pool_id = api.create_user_pool(PoolName="pages", AutoVerifiedAttributes=["email"])[
            "UserPool"
        ]["Id"]
        client = api.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="app",
            GenerateSecret=has_secret,
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email"],
            CallbackURLs=[CALLBACK],
            SupportedIdentityProviders=["COGNITO"],
        )["UserPoolClient"]
        api.admin_create_user(
            UserPoolId=pool_id,
            Username="alice",
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": "alice@example.com"}],
        )
        api.admin_set_user_password(
            UserPoolId=pool_id, Username="alice", Password=PASSWORD, Permanent=True
        )
        secret = client.get("ClientSecret", "")
        return App(server, api, pool_id, client["ClientId"], secret, endpoints.ca_file)

    return make


@pytest.fixture(scope="module")
def private(register: Callable[..., App]) -> App:
    return register(has_secret=True)


@pytest.fixture
def browser(private: App) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=private.ca_file)
    with httpx.Client(verify=context) as client:
        yield client


def go(browser: httpx.Client, method: str, url: str, form: Any = None) -> tuple[str, Page]:
    """Go on until a page wants something, or the application is called back."""
    answer = browser.request(method, url, data=form)
    while "location" in answer.headers:
        url = urljoin(url, answer.headers["location"])
        if url.startswith(CALLBACK):
            return url, Page("")
        answer = browser.get(url)
    assert answer.status_code < 500
    return url, Page(answer.text)


def submit(browser: httpx.Client, url: str, page: Page, **values: str) -> tuple[str, Page]:
    form = page.form
    return go(browser, "POST", urljoin(url, form.action), {**form.fields, **values})


def sign_in(browser: httpx.Client, url: str) -> str:
    """Return where the application is called back."""
    url, page = go(browser, "GET", url)
    return submit(browser, url, page, username="alice", password=PASSWORD)[0]


@contextmanager
def authlib_client(app: App, **options: str) -> Iterator[OAuth2Session]:
    client = OAuth2Session(
        app.client_id,
        redirect_uri=CALLBACK,
        scope="openid email",
        code_challenge_method="S256",
        **options,
    )
    client.trust_env = False  # else the environment's CA bundle wins
    client.verify = app.ca_file
    with client:
        yield client


def test_authlib_with_a_secret_and_pkce(private: App, browser: httpx.Client) -> None:
    found = private.metadata
    with authlib_client(private, client_secret=private.client_secret) as client:
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-1"
        )
        token = client.fetch_token(
            found["token_endpoint"],
            authorization_response=sign_in(browser, url),
            state=state,
            code_verifier=VERIFIER,
        )
        claims = jwt.decode(token["id_token"], private.keys(), algorithms=["RS256"]).claims
        assert claims["nonce"] == "n-1"
        assert claims["aud"] == private.client_id
        assert claims["iss"] == found["issuer"]
        assert client.get(found["userinfo_endpoint"]).json()["email"] == "alice@example.com"
        first = token["access_token"]
        renewed = client.refresh_token(found["token_endpoint"], token["refresh_token"])
        assert renewed["access_token"] != first
        assert client.revoke_token(found["revocation_endpoint"], token["refresh_token"]).ok
        assert client.get(found["userinfo_endpoint"]).status_code == 401


def test_authlib_as_a_public_client(register: Callable[..., App], browser: httpx.Client) -> None:
    app = register(has_secret=False)
    found = app.metadata
    with authlib_client(app, token_endpoint_auth_method="none") as client:
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=VERIFIER
        )
        client.fetch_token(
            found["token_endpoint"],
            authorization_response=sign_in(browser, url),
            state=state,
            code_verifier=VERIFIER,
        )
        assert client.get(found["userinfo_endpoint"]).json()["username"] == "alice"


def test_authlib_is_told_that_its_verifier_is_wrong(private: App, browser: httpx.Client) -> None:
    found = private.metadata
    with authlib_client(private, client_secret=private.client_secret) as client:
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=VERIFIER
        )
        back = sign_in(browser, url)
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.fetch_token(
                found["token_endpoint"],
                authorization_response=back,
                state=state,
                code_verifier=VERIFIER[::-1],
            )


def test_signing_up_with_the_code_from_the_mailbox(private: App, browser: httpx.Client) -> None:
    """The account made on the page is one the API knows, and signs in on the page."""
    found = private.metadata
    query = {
        "client_id": private.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
    }
    start = str(httpx.URL(found["authorization_endpoint"], params=query))
    url, page = go(browser, "GET", start)
    (link,) = (link for link in page.links if "/signup?" in link)
    url, page = go(browser, "GET", urljoin(url, link))
    fields = {"username": "bob", "password": PASSWORD, "attribute.email": "bob@example.com"}
    url, page = submit(browser, url, page, **fields)
    assert "b***@e***" in page.words
    url, page = submit(browser, url, page, code=_newest_code(private))
    url, page = go(browser, "GET", urljoin(url, page.links[0]))
    back, _ = submit(browser, url, page, username="bob", password=PASSWORD)
    assert "code" in parse_qs(urlsplit(back).query)
    user = private.api.admin_get_user(UserPoolId=private.pool_id, Username="bob")
    assert user["UserStatus"] == "CONFIRMED"


def _newest_code(app: App) -> str:
    messages = Operator(app.server.data).get("mail", limit=100)["messages"]
    return next(str(each["code"]) for each in messages if each["user_pool_id"] == app.pool_id)
