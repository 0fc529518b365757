"""What the pages and endpoints do when everybody behaves."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from tests.unit.services.cognito_idp.conftest import PASSWORD, Functions
from tests.unit.signin.conftest import CALLBACK, GOODBYE, World, claims_of

from keyfob.core.http import HttpRequest

NEW_PASSWORD = "Another-Horse-2"
Build = Callable[..., Any]


async def test_a_code_is_exchanged_for_tokens_with_oauth_claims(world: World) -> None:
    visitor = await world.sign_in(nonce="n-1")
    assert visitor.answer["state"] == "xyz"
    _, tokens = await world.token(code=visitor.answer["code"])
    identity, access = claims_of(tokens["id_token"]), claims_of(tokens["access_token"])
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3_600
    assert identity["nonce"] == "n-1"
    assert identity["email"] == "alice@example.com"
    assert "given_name" not in identity
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert identity["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert access["scope"] == "openid email"
    assert access["version"] == 2
    assert access["origin_jti"] == identity["origin_jti"]


@pytest.mark.parametrize(
    ("scope", "seen", "unseen"),
    [
        ("openid", {"email", "given_name"}, set()),
        ("openid profile", {"given_name"}, {"email"}),
        (None, {"email", "given_name"}, set()),
    ],
)
async def test_scopes_decide_which_attributes_there_are(
    world: World, scope: str | None, seen: set[str], unseen: set[str]
) -> None:
    tokens = await world.tokens(scope=scope)
    names = set(claims_of(tokens["id_token"]))
    assert seen <= names
    assert not unseen & names
    _, info = await world.bearer(tokens["access_token"])
    assert seen <= set(info)
    assert not unseen & set(info)
    assert info["username"] == "alice"


async def test_without_openid_there_is_no_id_token(world: World) -> None:
    tokens = await world.tokens(scope="aws.cognito.signin.user.admin email")
    assert "id_token" not in tokens
    assert claims_of(tokens["access_token"])["scope"] == "aws.cognito.signin.user.admin"
    user = await world.api.call("GetUser", AccessToken=tokens["access_token"])
    assert user["Username"] == "alice"


async def test_flags_are_texts_in_user_info(world: World) -> None:
    tokens = await world.tokens()
    _, info = await world.bearer(tokens["access_token"])
    assert info["email_verified"] == "true"


async def test_a_refresh_keeps_scope_and_sign_in(world: World) -> None:
    tokens = await world.tokens()
    world.api.clock.advance(100)
    status, again = await world.token(
        grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert status == 200
    assert "refresh_token" not in again
    first, second = claims_of(tokens["access_token"]), claims_of(again["access_token"])
    assert second["scope"] == first["scope"]
    assert second["origin_jti"] == first["origin_jti"]
    assert second["auth_time"] == first["auth_time"]
    assert "id_token" in again


async def test_who_is_signed_in_is_not_asked_again_for_an_hour(world: World) -> None:
    visitor = await world.sign_in()
    await visitor.get(world.url())
    assert "code" in visitor.answer
    world.api.clock.advance(3_600)
    await visitor.get(world.url())
    assert visitor.page.form.action.startswith("/login")


async def test_who_is_signed_in_may_go_on_from_the_sign_in_page(world: World) -> None:
    visitor = await world.sign_in()
    await visitor.get(world.url("/login"))
    assert "Continue as alice@example.com" in visitor.page.words
    await visitor.get(visitor.page.links[0])
    assert "code" in visitor.answer


async def test_prompt_login_asks_again(world: World) -> None:
    visitor = await world.sign_in()
    await visitor.get(world.url(prompt="login"))
    assert visitor.page.form.action.startswith("/login")
    assert "Continue as" not in visitor.page.words


async def test_prompt_select_account_lets_the_user_choose(world: World) -> None:
    visitor = await world.sign_in()
    await visitor.get(world.url(prompt="select_account"))
    assert "Continue as alice@example.com" in visitor.page.words
    await visitor.get(visitor.page.links[0])
    assert "code" in visitor.answer


async def test_prompt_none_without_a_session_is_told(world: World) -> None:
    visitor = world.visitor()
    await visitor.get(world.url(prompt="none"))
    assert visitor.answer == {"error": "login_required", "state": "xyz"}


async def test_the_pages_work_under_a_path(world: World) -> None:
    for key in ("acme", world.pool_id):
        visitor = world.visitor(host="localhost:4566")
        await visitor.get(world.url(f"/_signin/{key}/oauth2/authorize"))
        assert visitor.page.form.action.startswith(f"/_signin/{key}/login?")
        await visitor.submit(username="alice", password=PASSWORD)
        assert "code" in visitor.answer
        assert f"Path=/_signin/{key}/;" in visitor.last.headers["set-cookie"]


async def test_the_pages_answer_at_the_name_aws_gives(world: World) -> None:
    visitor = world.visitor(host="acme.auth.eu-central-1.amazoncognito.com")
    await visitor.get(world.url())
    assert visitor.last.status == 200


async def test_other_hosts_are_left_to_the_apis(world: World) -> None:
    for host in ("localhost", "other.auth.localhost", "acme.auth.us-east-1.amazoncognito.com"):
        request = HttpRequest("GET", "/login", "", (("host", host),), b"", "127.0.0.1")
        assert await world.routes.handle(request) is None


async def test_a_pools_own_domain(world: World) -> None:
    await world.api.call(
        "CreateUserPoolDomain",
        UserPoolId=world.pool_id,
        Domain="auth.example.com",
        CustomDomainConfig={"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"},
    )
    visitor = world.visitor(host="auth.example.com")
    await visitor.get(world.url())
    assert visitor.last.status == 200


async def test_implicit_tokens_come_in_the_fragment(build: Build) -> None:
    world: World = await build(AllowedOAuthFlows=["implicit"])
    visitor = await world.sign_in(response_type="token", nonce="n")
    location = urlsplit(visitor.last.headers["location"])
    assert location.query == ""
    assert visitor.answer["state"] == "xyz"
    assert claims_of(visitor.answer["id_token"])["nonce"] == "n"
    assert "refresh_token" not in visitor.answer


async def test_signing_up_on_the_pages(world: World) -> None:
    visitor = world.visitor()
    await visitor.get(world.url("/signup"))
    await visitor.submit(username="bob", password=PASSWORD, attribute__email="bob@example.com")
    assert "b***@e***" in visitor.page.words
    await visitor.submit(code="000000")
    assert "Invalid verification code" in visitor.page.words
    await visitor.submit(visitor.page.forms[1])
    assert "on its way" in visitor.page.words
    await visitor.submit(code=await world.api.newest_code(world.pool_id))
    assert "confirmed" in visitor.page.words
    await visitor.get(visitor.page.links[0])
    await visitor.submit(username="bob", password=PASSWORD)
    assert "code" in visitor.answer


async def test_who_is_not_confirmed_is_asked_for_the_code(world: World) -> None:
    visitor = world.visitor()
    await visitor.get(world.url("/signup"))
    await visitor.submit(username="bob", password=PASSWORD, attribute__email="bob@example.com")
    await visitor.get(world.url())
    await visitor.submit(username="bob", password=PASSWORD)
    assert visitor.page.form.action.startswith("/confirmUser")
    assert visitor.page.form.fields["username"] == "bob"


async def test_no_sign_up_where_only_administrators_make_users(build: Build) -> None:
    world: World = await build(pool={"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}})
    visitor = world.visitor()
    await visitor.get(world.url())
    assert not any("/signup" in link for link in visitor.page.links)
    await visitor.get(world.url("/signup"))
    assert visitor.last.status == 403


async def test_a_forgotten_password(world: World) -> None:
    visitor = world.visitor()
    await visitor.get(world.url("/forgotPassword"))
    await visitor.submit(username="alice")
    assert "a***@e***" in visitor.page.words
    code = await world.api.newest_code(world.pool_id)
    await visitor.submit(code=code, password="short")
    assert "not long enough" in visitor.page.words
    await visitor.submit(code=code, password=NEW_PASSWORD)
    assert "changed" in visitor.page.words
    await visitor.get(visitor.page.links[0])
    await visitor.submit(username="alice", password=NEW_PASSWORD)
    assert "code" in visitor.answer


async def test_a_temporary_password_is_replaced(world: World) -> None:
    await world.api.call(
        "AdminCreateUser",
        UserPoolId=world.pool_id,
        Username="carol",
        TemporaryPassword=PASSWORD,
        MessageAction="SUPPRESS",
    )
    visitor = world.visitor()
    await visitor.get(world.url())
    await visitor.submit(username="carol", password=PASSWORD)
    assert "first time only" in visitor.page.words
    await visitor.submit(password="short")
    assert "not long enough" in visitor.page.words
    await visitor.submit(password=NEW_PASSWORD)
    assert "code" in visitor.answer


async def _require_software_tokens(world: World) -> None:
    await world.api.call(
        "SetUserPoolMfaConfig",
        UserPoolId=world.pool_id,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="ON",
    )


async def test_an_authenticator_is_set_up_and_asked_for(world: World) -> None:
    await _require_software_tokens(world)
    visitor = await world.sign_in()
    secret = next(
        link.partition("secret=")[2].partition("&")[0]
        for link in visitor.page.links
        if link.startswith("otpauth://")
    )
    application = pyotp.TOTP(secret)
    await visitor.submit(code="000000")
    assert secret in visitor.page.words.replace(" ", "")
    world.api.clock.advance(5)
    await visitor.submit(code=application.at(int(world.api.clock.now())))
    assert "code" in visitor.answer
    world.api.clock.advance(60)
    second = await world.sign_in()
    assert "authenticator application" in second.page.words
    await second.submit(code="000000")
    assert second.last.status == 400
    world.api.clock.advance(5)
    await second.submit(code=application.at(int(world.api.clock.now())))
    assert "code" in second.answer


async def test_one_of_two_factors_is_chosen(world: World) -> None:
    await world.api.call(
        "SetUserPoolMfaConfig",
        UserPoolId=world.pool_id,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        EmailMfaConfiguration={"Message": "{####}", "Subject": "Code"},
        MfaConfiguration="OPTIONAL",
    )
    tokens = await world.tokens(scope="aws.cognito.signin.user.admin")
    access = tokens["access_token"]
    begun = await world.api.call("AssociateSoftwareToken", AccessToken=access)
    code = pyotp.TOTP(begun["SecretCode"]).at(int(world.api.clock.now()))
    await world.api.call("VerifySoftwareToken", AccessToken=access, UserCode=code)
    await world.api.call(
        "SetUserMFAPreference",
        AccessToken=access,
        SoftwareTokenMfaSettings={"Enabled": True},
        EmailMfaSettings={"Enabled": True},
    )
    visitor = await world.sign_in()
    assert "Email" in visitor.page.words
    await visitor.submit(factor="EMAIL_OTP")
    assert "a***@e***" in visitor.page.words
    await visitor.submit(code=await world.api.newest_code(world.pool_id))
    assert "code" in visitor.answer


async def test_signing_out_ends_the_session_everywhere_its_cookie_went(world: World) -> None:
    visitor = await world.sign_in()
    copy = world.visitor(cookies=dict(visitor.cookies))
    await visitor.ask("GET", f"/logout?client_id={world.client_id}&logout_uri={GOODBYE}")
    assert visitor.last.headers["location"] == GOODBYE
    for each in (visitor, copy):
        await each.get(world.url())
        assert each.page.form.action.startswith("/login")


async def test_signing_out_and_in_as_someone_else(world: World) -> None:
    visitor = await world.sign_in()
    await visitor.get(world.url("/logout"))
    assert visitor.page.form.action.startswith("/login")
    assert "keyfob-session" not in visitor.cookies


async def test_a_global_sign_out_ends_browser_sessions(world: World) -> None:
    visitor = await world.sign_in()
    await world.api.call("AdminUserGlobalSignOut", UserPoolId=world.pool_id, Username="alice")
    await visitor.get(world.url())
    assert visitor.page.form.action.startswith("/login")


async def test_a_revoked_token_is_worthless(world: World) -> None:
    tokens = await world.tokens()
    form = {"token": tokens["refresh_token"], "client_id": world.client_id}
    response = await world.visitor().ask("POST", "/oauth2/revoke", form)
    assert (response.status, response.body) == (200, b"")
    status, answer = await world.token(
        grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert (status, answer["error"]) == (400, "invalid_grant")
    status, answer = await world.bearer(tokens["access_token"])
    assert (status, answer["error"]) == (401, "invalid_token")


async def test_revoking_what_is_no_refresh_token(world: World) -> None:
    tokens = await world.tokens()
    visitor = world.visitor()
    client = {"client_id": world.client_id}
    response = await visitor.ask("POST", "/oauth2/revoke", {**client, "token": "bogus"})
    assert response.status == 200
    response = await visitor.ask(
        "POST", "/oauth2/revoke", {**client, "token": tokens["access_token"]}
    )
    assert b"unsupported_token_type" in response.body
    assert (await visitor.ask("POST", "/oauth2/revoke", client)).status == 400


async def test_a_machine_gets_the_scopes_of_apis(build: Build) -> None:
    world: World = await build(GenerateSecret=True)
    await world.api.call(
        "CreateResourceServer",
        UserPoolId=world.pool_id,
        Identifier="https://api.example.com",
        Name="api",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "Read"}],
    )
    scope = "https://api.example.com/read"
    await world.update_client(
        AllowedOAuthFlows=["client_credentials"], AllowedOAuthScopes=[scope, "gone/scope"]
    )
    status, tokens = await world.token(
        grant_type="client_credentials", client_secret=world.client_secret
    )
    assert status == 200
    claims = claims_of(tokens["access_token"])
    assert set(tokens) == {"access_token", "expires_in", "token_type"}
    assert (claims["sub"], claims["scope"]) == (world.client_id, scope)
    assert "username" not in claims


async def test_a_client_with_a_secret_signs_people_up(build: Build) -> None:
    world: World = await build(GenerateSecret=True)
    visitor = world.visitor()
    await visitor.get(world.url("/signup"))
    await visitor.submit(username="bob", password=PASSWORD, attribute__email="bob@example.com")
    await visitor.submit(code=await world.api.newest_code(world.pool_id))
    assert "confirmed" in visitor.page.words
    basic = base64.b64encode(f"{world.client_id}:{world.client_secret}".encode()).decode()
    code = await world.code()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
    }
    response = await visitor.ask("POST", "/oauth2/token", form, {"authorization": f"Basic {basic}"})
    assert response.status == 200


async def test_triggers_are_told_of_hosted_sign_in(build: Build, functions: Functions) -> None:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:t"
    triggers = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    functions.by_arn[arn] = lambda event: event
    world: World = await build(pool={"LambdaConfig": dict.fromkeys(triggers, arn)})
    functions.events.clear()
    await world.tokens()
    assert [event["triggerSource"] for event in functions.events] == [
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "TokenGeneration_HostedAuth",
    ]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/signup", "DELETE", 405), ("/oauth2/token", "GET", 405), ("/nowhere", "GET", 404)],
)
async def test_what_is_not_served(world: World, path: str, method: str, status: int) -> None:
    prefixed = f"/_signin/acme{path}"
    assert (await world.visitor(host="h").ask(method, prefixed)).status == status


async def test_a_path_of_no_pool_is_not_found(world: World) -> None:
    assert (await world.visitor(host="h").ask("GET", "/_signin/nobody/login")).status == 404
