"""The sign-in pages over an in-memory service, and somebody who uses them."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.unit.services.cognito_idp.conftest import PASSWORD, Api, api, functions
from tests.unit.signin.forms import Form, Page

from keyfob.authz.authorizer import Authorizer
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.signin.desk import Desk
from keyfob.signin.operations import PublicOperations
from keyfob.signin.routes import SignInRoutes

__all__ = ["api", "functions"]

HOST = "acme.auth.localhost:4566"
CALLBACK = "https://app.example.com/callback"
GOODBYE = "https://app.example.com/goodbye"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


@dataclass
class Visitor:
    """A browser: keeps cookies, follows what stays on the site, fills in forms."""

    routes: SignInRoutes
    host: str = HOST
    is_tls: bool = False
    cookies: dict[str, str] = field(default_factory=dict)
    last: HttpResponse = field(default_factory=lambda: HttpResponse(0))

    async def ask(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        parts = urlsplit(url)
        fields = {"host": self.host}
        if self.cookies:
            fields["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            fields["content-type"] = "application/x-www-form-urlencoded"
        fields |= headers or {}
        request = HttpRequest(
            method,
            parts.path,
            parts.query,
            tuple(fields.items()),
            urlencode(form or {}).encode(),
            "127.0.0.1",
            self.is_tls,
        )
        response = await self.routes.handle(request)
        assert response is not None
        self.last = response
        cookie = response.headers.get("set-cookie")
        if cookie is not None:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return response

    async def get(self, url: str) -> HttpResponse:
        """Go somewhere, and on for as long as it is this site."""
        response = await self.ask("GET", url)
        while (location := response.headers.get("location", "")).startswith("/"):
            response = await self.ask("GET", location)
        return response

    async def submit(self, form: Form | None = None, **values: str) -> HttpResponse:
        """Fill in the first form of the page, or another, and send it."""
        chosen = form or self.page.form
        filled = {**chosen.fields, **{k.replace("__", "."): v for k, v in values.items()}}
        origin = f"{'https' if self.is_tls else 'http'}://{self.host}"
        return await self.ask("POST", chosen.action, filled, {"origin": origin})

    @property
    def page(self) -> Page:
        return Page(self.last.body.decode())

    @property
    def answer(self) -> dict[str, str]:
        """What the application is told by the redirect."""
        parts = urlsplit(self.last.headers["location"])
        assert parts._replace(query="", fragment="").geturl() == CALLBACK
        return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))


@dataclass
class World:
    """A pool with a domain and a client, and what one does with them."""

    api: Api
    routes: SignInRoutes
    desk: Desk
    pool_id: str
    client_id: str
    client_secret: str = ""

    def visitor(self, **facts: Any) -> Visitor:
        return Visitor(self.routes, **facts)

    def url(self, path: str = "/oauth2/authorize", /, **changes: str | None) -> str:
        params: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email",
            "state": "xyz",
            "code_challenge": CHALLENGE.decode(),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{path}?{urlencode({k: v for k, v in params.items() if v is not None})}"

    async def sign_in(self, **changes: str | None) -> Visitor:
        visitor = self.visitor()
        await visitor.get(self.url(**changes))
        await visitor.submit(username="alice", password=PASSWORD)
        return visitor

    async def code(self, **changes: str | None) -> str:
        return (await self.sign_in(**changes)).answer["code"]

    async def token(self, **form: str | None) -> tuple[int, dict[str, Any]]:
        sent = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **form,
        }
        response = await self.visitor().ask(
            "POST", "/oauth2/token", {k: v for k, v in sent.items() if v is not None}
        )
        return response.status, json.loads(response.body)

    async def tokens(self, **changes: str | None) -> dict[str, Any]:
        status, answer = await self.token(code=await self.code(**changes))
        assert status == 200, answer
        return answer

    async def bearer(self, token: str) -> tuple[int, dict[str, Any]]:
        response = await self.visitor().ask(
            "GET", "/oauth2/userInfo", headers={"authorization": f"Bearer {token}"}
        )
        return response.status, json.loads(response.body)

    async def update_client(self, **params: Any) -> None:
        await self.api.call(
            "UpdateUserPoolClient",
            UserPoolId=self.pool_id,
            ClientId=self.client_id,
            **{**CLIENT, **params},
        )


CLIENT: dict[str, Any] = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email", "profile", "aws.cognito.signin.user.admin"],
    "CallbackURLs": [CALLBACK, "https://app.example.com/other"],
    "LogoutURLs": [GOODBYE],
    "SupportedIdentityProviders": ["COGNITO"],
    "PreventUserExistenceErrors": "ENABLED",
}


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


@pytest.fixture
def build(api: Api) -> Callable[..., Any]:
    async def make(*, pool: dict[str, Any] | None = None, **client: Any) -> World:
        pool_id = await api.make_pool(AutoVerifiedAttributes=["email"], **(pool or {}))
        answer = await api.call(
            "CreateUserPoolClient",
            UserPoolId=pool_id,
            ClientName="Acme <App>",
            **{**CLIENT, **client},
        )
        made = answer["UserPoolClient"]
        await api.call("CreateUserPoolDomain", UserPoolId=pool_id, Domain="acme")
        await api.make_user(
            pool_id, email="alice@example.com", email_verified="true", given_name="Alice"
        )
        # nobody is asked whether a public operation may be called
        desk = Desk(api.service, PublicOperations(api.service, cast("Authorizer", object())))
        routes = SignInRoutes(desk, api.clock)
        return World(api, routes, desk, pool_id, made["ClientId"], made.get("ClientSecret", ""))

    return make


@pytest.fixture
async def world(build: Callable[..., Any]) -> World:
    built: World = await build()
    return built
