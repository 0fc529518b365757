"""Attacks on the sign-in pages and the OAuth endpoints, each named after what it tries."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tests.unit.services.cognito_idp.conftest import PASSWORD
from tests.unit.signin.conftest import CALLBACK, CHALLENGE, GOODBYE, VERIFIER, World, claims_of
from tests.unit.signin.forms import Page

from keyfob.core.http import HttpRequest
from keyfob.signin.discovery import Discovery

Build = Callable[..., Any]
EVIL = "https://evil.example.com/callback"
SCRIPT = "\"'><script>alert(1)</script>"


class TestForgedForms:
    async def test_a_form_without_a_token_is_refused(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url())
        form = visitor.page.form
        del form.fields["_csrf"]
        await visitor.submit(form, username="alice", password=PASSWORD)
        assert visitor.last.status == 403
        assert "keyfob-session" not in visitor.cookies

    async def test_a_token_from_another_browser_is_refused(self, world: World) -> None:
        attacker, victim = world.visitor(), world.visitor()
        await attacker.get(world.url())
        await victim.get(world.url())
        await victim.submit(attacker.page.form, username="alice", password=PASSWORD)
        assert victim.last.status == 403

    async def test_a_token_without_its_cookie_is_refused(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url())
        visitor.cookies.clear()
        await visitor.submit(username="alice", password=PASSWORD)
        assert visitor.last.status == 403

    async def test_a_form_from_another_origin_is_refused(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url())
        form = visitor.page.form
        fields = {**form.fields, "username": "alice", "password": PASSWORD}
        for origin in ("https://evil.example.com", "null"):
            response = await visitor.ask("POST", form.action, fields, {"origin": origin})
            assert response.status == 403

    async def test_a_token_of_another_pool_is_refused(self, world: World) -> None:
        other = await world.api.make_pool()
        await world.api.call("CreateUserPoolDomain", UserPoolId=other, Domain="other")
        answer = await world.api.call(
            "CreateUserPoolClient",
            UserPoolId=other,
            ClientName="other",
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid"],
            CallbackURLs=[CALLBACK],
        )
        visitor = world.visitor(host="other.auth.localhost")
        await visitor.get(world.url(client_id=answer["UserPoolClient"]["ClientId"]))
        token = visitor.page.form.fields["_csrf"]
        visitor.host = "acme.auth.localhost:4566"
        await visitor.get(world.url())
        await visitor.submit(_csrf=token, username="alice", password=PASSWORD)
        assert visitor.last.status == 403

    @pytest.mark.parametrize(
        "path",
        [
            "/login", "/challenge", "/signup", "/confirmUser", "/forgotPassword",
            "/confirmForgotPassword",
        ],
    )  # fmt: skip
    async def test_every_form_is_guarded(self, world: World, path: str) -> None:
        form = {"username": "alice", "password": PASSWORD, "code": "123456"}
        response = await world.visitor().ask("POST", world.url(path), form)
        assert response.status == 403
        assert await world.api.service.mailbox.read(world.pool_id, limit=1) == ()


class TestCodes:
    async def test_replaying_a_code_revokes_what_was_made_with_it(self, world: World) -> None:
        code = await world.code()
        _, tokens = await world.token(code=code)
        assert (await world.bearer(tokens["access_token"]))[0] == 200
        status, answer = await world.token(code=code)
        assert (status, answer) == (400, {"error": "invalid_grant"})
        assert (await world.bearer(tokens["access_token"]))[0] == 401
        status, _ = await world.token(
            grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        assert status == 400

    async def test_a_code_expires_after_five_minutes(self, world: World) -> None:
        code = await world.code()
        world.api.clock.advance(300)
        assert (await world.token(code=code))[1] == {"error": "invalid_grant"}

    async def test_a_code_for_another_client_is_refused_and_not_spoilt(self, world: World) -> None:
        code = await world.code()
        other = await world.api.make_client(
            world.pool_id,
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid"],
            CallbackURLs=[CALLBACK],
        )
        assert (await world.token(code=code, client_id=other))[1] == {"error": "invalid_grant"}
        assert (await world.token(code=code))[0] == 200

    async def test_another_redirect_uri_at_the_token_endpoint(self, world: World) -> None:
        for uri in ("https://app.example.com/other", CALLBACK + "/", None):
            code = await world.code()
            assert (await world.token(code=code, redirect_uri=uri))[0] == 400

    async def test_a_code_of_a_user_who_was_disabled(self, world: World) -> None:
        code = await world.code()
        await world.api.call("AdminDisableUser", UserPoolId=world.pool_id, Username="alice")
        assert (await world.token(code=code))[1] == {"error": "invalid_grant"}

    async def test_a_code_of_a_user_who_was_signed_out_everywhere(self, world: World) -> None:
        code = await world.code()
        await world.api.call("AdminUserGlobalSignOut", UserPoolId=world.pool_id, Username="alice")
        assert (await world.token(code=code))[1] == {"error": "invalid_grant"}

    async def test_a_code_of_a_user_who_has_to_choose_a_new_password(self, world: World) -> None:
        visitor = await world.sign_in()
        code = visitor.answer["code"]
        await world.api.call("AdminResetUserPassword", UserPoolId=world.pool_id, Username="alice")
        assert (await world.token(code=code))[1] == {"error": "invalid_grant"}
        await visitor.get(world.url())
        assert visitor.page.form.action.startswith("/login")

    async def test_a_code_at_the_token_endpoint_of_another_pool(self, world: World) -> None:
        code = await world.code()
        other = await world.api.make_pool()
        form = {
            "grant_type": "authorization_code",
            "client_id": world.client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        response = await world.visitor().ask("POST", f"/_signin/{other}/oauth2/token", form)
        assert b"invalid_client" in response.body


class TestPkce:
    @pytest.mark.parametrize("method", ["plain", "s256", None])
    async def test_a_weaker_method_is_refused(self, world: World, method: str | None) -> None:
        visitor = world.visitor()
        await visitor.get(world.url(code_challenge_method=method))
        assert visitor.answer["error"] == "invalid_request"

    @pytest.mark.parametrize("challenge", [None, "short", "é" * 43, "a" * 44])
    async def test_no_usable_challenge(self, world: World, challenge: str | None) -> None:
        visitor = world.visitor()
        await visitor.get(world.url(code_challenge=challenge))
        assert visitor.answer["error"] == "invalid_request"

    @pytest.mark.parametrize("verifier", [None, "w" * 43, "v" * 42, CHALLENGE.decode()])
    async def test_a_missing_or_wrong_verifier(self, world: World, verifier: str | None) -> None:
        code = await world.code()
        assert (await world.token(code=code, code_verifier=verifier))[1] == {
            "error": "invalid_grant"
        }

    async def test_a_verifier_that_could_be_guessed(self, world: World) -> None:
        digest = hashlib.sha256(b"short").digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        code = await world.code(code_challenge=challenge)
        assert (await world.token(code=code, code_verifier="short"))[0] == 400

    async def test_a_code_made_without_a_challenge_is_not_passed_off(self, world: World) -> None:
        code = await world.code(code_challenge=None, code_challenge_method=None)
        assert (await world.token(code=code))[1] == {"error": "invalid_grant"}


class TestRedirects:
    @pytest.mark.parametrize(
        "uri",
        [
            EVIL, CALLBACK + "/", CALLBACK + "?x=1", CALLBACK + "#f", CALLBACK.upper(),
            "https://app.example.com.evil.example.com/callback", "//evil.example.com",
            "https://app.example.com@evil.example.com/callback", "javascript:alert(1)", "", "/",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["/oauth2/authorize", "/login", "/logout", "/signup"])
    async def test_an_address_that_is_not_registered_is_never_gone_to(
        self, world: World, path: str, uri: str
    ) -> None:
        response = await world.visitor().ask("GET", world.url(path, redirect_uri=uri))
        assert response.status == 400
        assert "location" not in response.headers

    @pytest.mark.parametrize("uri", [EVIL, GOODBYE + "/", "//evil.example.com", CALLBACK])
    async def test_signing_out_goes_nowhere_else(self, world: World, uri: str) -> None:
        visitor = await world.sign_in()
        where = f"/logout?client_id={world.client_id}&logout_uri={quote(uri)}"
        response = await visitor.ask("GET", where)
        assert response.status == 400
        assert "location" not in response.headers
        await visitor.get(world.url())
        assert "code" in visitor.answer

    async def test_a_form_that_was_sent_for_one_address_goes_to_no_other(
        self, world: World
    ) -> None:
        visitor = world.visitor()
        await visitor.get(world.url())
        form = visitor.page.form
        form.action = form.action.replace(quote(CALLBACK, safe=""), quote(EVIL, safe=""))
        await visitor.submit(form, username="alice", password=PASSWORD)
        assert visitor.last.status == 400
        assert "location" not in visitor.last.headers

    @pytest.mark.parametrize(
        "uri", ["javascript:alert(1)", "data:text/html,x", "http://app.example.com/", "https:///x"]
    )
    async def test_a_registered_address_that_is_none(self, world: World, uri: str) -> None:
        await world.update_client(CallbackURLs=[uri], LogoutURLs=[uri])
        response = await world.visitor().ask("GET", world.url(redirect_uri=uri))
        assert response.status == 400

    @pytest.mark.parametrize(
        "state", ["a b+c%20&d=e#f", "ü☃", '{"k":"\'"}', "%0d%0aSet-Cookie: a=b", "\r\nX: y", ""]
    )
    async def test_the_state_comes_back_untouched(self, world: World, state: str) -> None:
        visitor = await world.sign_in(state=state)
        assert visitor.answer.get("state", "") == state
        assert not re.search(r"[\r\n]", visitor.last.headers["location"])

    async def test_a_parameter_sent_twice_is_refused(self, world: World) -> None:
        for repeated in (f"redirect_uri={quote(CALLBACK)}", "state=other", "scope=openid"):
            url = f"{world.url()}&{repeated}"
            assert (await world.visitor().ask("GET", url)).status == 400

    async def test_a_client_of_another_pool(self, world: World) -> None:
        other = await world.api.make_pool()
        response = await world.visitor().ask("GET", world.url(f"/_signin/{other}/oauth2/authorize"))
        assert response.status == 400

    async def test_a_client_that_does_not_use_the_pages(self, world: World) -> None:
        await world.update_client(AllowedOAuthFlowsUserPoolClient=False)
        assert (await world.visitor().ask("GET", world.url())).status == 400

    async def test_a_flow_the_client_may_not_use(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url(response_type="token"))
        assert visitor.answer == {
            "error": "unauthorized_client",
            "error_description": "the client may not use this flow",
            "state": "xyz",
        }
        await visitor.get(world.url(response_type="id_token"))
        assert visitor.answer["error"] == "unsupported_response_type"


class TestSessions:
    async def test_a_session_cookie_that_was_planted_is_not_adopted(self, world: World) -> None:
        attacker = await world.sign_in()
        planted = attacker.cookies["keyfob-session"]
        victim = world.visitor(cookies={"keyfob-session": planted})
        await victim.get(world.url(prompt="login"))
        await victim.submit(username="alice", password=PASSWORD)
        assert victim.cookies["keyfob-session"] != planted
        await attacker.ask("GET", f"/logout?client_id={world.client_id}&logout_uri={GOODBYE}")
        await victim.get(world.url())
        assert "code" in victim.answer

    async def test_a_made_up_or_altered_session_is_none(self, world: World) -> None:
        visitor = await world.sign_in()
        genuine = visitor.cookies["keyfob-session"]
        altered = genuine[:-1] + ("A" if genuine[-1] != "A" else "B")
        for value in ("made-up", altered):
            visitor.cookies["keyfob-session"] = value
            await visitor.get(world.url())
            assert visitor.page.form.action.startswith("/login")

    async def test_a_form_token_is_no_session(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url())
        visitor.cookies["keyfob-session"] = visitor.page.form.fields["_csrf"]
        await visitor.get(world.url())
        assert visitor.page.form.action.startswith("/login")

    async def test_a_session_of_another_pool_is_none(self, world: World) -> None:
        visitor = await world.sign_in()
        other = await world.api.make_pool()
        answer = await world.api.call(
            "CreateUserPoolClient",
            UserPoolId=other,
            ClientName="other",
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid"],
            CallbackURLs=[CALLBACK],
        )
        client_id = answer["UserPoolClient"]["ClientId"]
        await visitor.get(world.url(f"/_signin/{other}/oauth2/authorize", client_id=client_id))
        assert visitor.page.form.action.startswith(f"/_signin/{other}/login")

    @pytest.mark.parametrize("operation", ["AdminDisableUser", "AdminDeleteUser"])
    async def test_a_session_of_a_user_who_is_gone(self, world: World, operation: str) -> None:
        visitor = await world.sign_in()
        await world.api.call(operation, UserPoolId=world.pool_id, Username="alice")
        await visitor.get(world.url())
        assert visitor.page.form.action.startswith("/login")

    async def test_cookies_are_out_of_scripts_reach_and_stay_on_the_site(
        self, world: World
    ) -> None:
        for is_tls in (False, True):
            visitor = world.visitor(is_tls=is_tls)
            await visitor.get(world.url())
            first = visitor.last.headers["set-cookie"]
            await visitor.submit(username="alice", password=PASSWORD)
            for cookie in (first, visitor.last.headers["set-cookie"]):
                flags = cookie.split("; ")[1:]
                assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags)
                assert ("Secure" in flags) is is_tls
                assert not any(flag.startswith("Domain") for flag in flags)
            assert "Max-Age=3600" in visitor.last.headers["set-cookie"]


class TestPages:
    @pytest.mark.parametrize("name", ["state", "nonce", "login_hint", "lang", "scope", "prompt"])
    @pytest.mark.parametrize(
        "path", ["/login", "/signup", "/forgotPassword", "/confirmUser", "/confirmForgotPassword"]
    )
    async def test_script_in_a_parameter(self, world: World, name: str, path: str) -> None:
        value = f"openid {SCRIPT}" if name == "scope" else SCRIPT
        response = await world.visitor().ask("GET", world.url(path, **{name: value}))
        assert response.status == 200
        assert b"<script" not in response.body
        assert not any(tag == "script" for tag, _ in Page(response.body.decode()).tags)

    @pytest.mark.parametrize(
        "path", ["/login", "/signup", "/forgotPassword", "/confirmUser", "/confirmForgotPassword"]
    )
    async def test_script_in_a_form(self, world: World, path: str) -> None:
        visitor = world.visitor()
        await visitor.get(world.url(path))
        fields = {name: SCRIPT for name in visitor.page.form.fields if name != "_csrf"}
        form = visitor.page.form
        form.fields |= fields
        await visitor.submit(form, attribute__email=SCRIPT, password=SCRIPT, code=SCRIPT)
        assert b"<script" not in visitor.last.body
        names = {name for _, found in visitor.page.tags for name in found}
        assert not any(name.startswith("on") for name in names)

    async def test_script_in_the_clients_name(self, world: World) -> None:
        response = await world.visitor().ask("GET", world.url("/login"))
        assert b"Acme &lt;App&gt;" in response.body

    async def test_no_page_can_be_framed_scripted_or_kept(self, world: World) -> None:
        visitor = world.visitor()
        for url in (world.url("/login"), world.url(redirect_uri=EVIL)):
            headers = (await visitor.ask("GET", url)).headers
            policy = headers["content-security-policy"]
            assert headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in policy
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"

    async def test_forms_may_lead_back_to_the_application_alone(self, world: World) -> None:
        response = await world.visitor().ask("GET", world.url("/login"))
        policy = response.headers["content-security-policy"]
        assert policy.endswith("form-action 'self' https://app.example.com")

    async def test_no_page_loads_anything_from_elsewhere(self, world: World) -> None:
        page = Page((await world.visitor().ask("GET", world.url("/login"))).body.decode())
        loaded = [found.get("href") for tag, found in page.tags if tag == "link"]
        assert loaded == ["data:,", "/assets/signin.css"]
        assert not any("src" in found or "style" in found for _, found in page.tags)

    @pytest.mark.parametrize("path", ["/login", "/forgotPassword"])
    async def test_pages_do_not_tell_who_exists(self, world: World, path: str) -> None:
        answers = []
        for name in ("alice", "nobody"):
            visitor = world.visitor()
            await visitor.get(world.url(path))
            await visitor.submit(username=name, password="Wrong-Horse-1")
            words = visitor.page.words.replace(name, "")
            answers.append((visitor.last.status, re.sub(r"\w\*\*\*@\w\*\*\*", "", words)))
        assert answers[0] == answers[1]

    async def test_resetting_the_password_of_nobody(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url("/confirmForgotPassword"))
        answers = []
        for name in ("alice", "nobody"):
            await visitor.submit(username=name, code="123456", password="Another-Horse-2")
            answers.append(visitor.page.words)
        assert answers[0] == answers[1]

    async def test_guessing_passwords_on_the_page_is_slowed_down(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url())
        for _ in range(5):
            await visitor.submit(username="alice", password="Wrong-Horse-1")
        await visitor.submit(username="alice", password=PASSWORD)
        assert "Password attempts exceeded" in visitor.page.words

    async def test_a_challenge_of_another_client_is_refused(self, world: World) -> None:
        await world.api.call(
            "AdminCreateUser",
            UserPoolId=world.pool_id,
            Username="carol",
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )
        other = await world.api.make_client(world.pool_id)
        begun = await world.api.initiate(other, "carol")
        visitor = world.visitor()
        await visitor.get(world.url())
        await visitor.submit(username="carol", password=PASSWORD)
        await visitor.submit(session=begun["Session"], password="Another-Horse-2")
        assert visitor.last.status == 400
        assert visitor.page.forms == []

    async def test_a_challenge_that_was_answered_is_over(self, world: World) -> None:
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
        form = visitor.page.form
        await visitor.submit(form, password="Another-Horse-2")
        assert "code" in visitor.answer
        await visitor.submit(form, password="Third-Horse-3")
        assert visitor.last.status == 400


class TestClients:
    @pytest.fixture
    async def private(self, build: Build) -> World:
        built: World = await build(GenerateSecret=True)
        return built

    @pytest.mark.parametrize("secret", [None, "wrong"])
    async def test_a_missing_or_wrong_secret(self, private: World, secret: str | None) -> None:
        code = await private.code()
        assert await private.token(code=code, client_secret=secret) == (
            400,
            {"error": "invalid_client"},
        )
        # who is not the client does not spoil its code
        assert (await private.token(code=code, client_secret=private.client_secret))[0] == 200

    async def test_revoking_without_the_secret(self, private: World) -> None:
        form = {"client_id": private.client_id, "token": "x"}
        response = await private.visitor().ask("POST", "/oauth2/revoke", form)
        assert (response.status, response.body) == (401, b'{"error":"invalid_client"}')

    async def test_a_secret_for_a_client_that_has_none(self, world: World) -> None:
        answer = await world.token(code=await world.code(), client_secret="any")
        assert answer == (400, {"error": "invalid_client"})

    async def test_credentials_sent_twice(self, private: World) -> None:
        basic = base64.b64encode(f"{private.client_id}:{private.client_secret}".encode()).decode()
        form = {"grant_type": "authorization_code", "client_secret": private.client_secret}
        response = await private.visitor().ask(
            "POST", "/oauth2/token", form, {"authorization": f"Basic {basic}"}
        )
        assert b"invalid_request" in response.body

    @pytest.mark.parametrize("value", ["Basic !!!", "Basic YWJj", "Bearer x", "Basic"])
    async def test_a_field_that_is_no_basic_authentication(self, world: World, value: str) -> None:
        response = await world.visitor().ask(
            "POST", "/oauth2/token", {"grant_type": "x"}, {"authorization": value}
        )
        assert b"invalid_request" in response.body

    async def test_no_form_at_the_token_endpoint(self, world: World) -> None:
        response = await world.visitor().ask("POST", "/oauth2/token")
        assert b"invalid_request" in response.body

    async def test_grants_that_do_not_exist(self, world: World) -> None:
        assert (await world.token(grant_type="password"))[1] == {"error": "unsupported_grant_type"}
        assert (await world.token(grant_type=None))[1]["error"] == "invalid_request"

    async def test_a_public_client_is_no_machine(self, world: World) -> None:
        await world.update_client(AllowedOAuthFlows=["client_credentials"])
        answer = await world.token(grant_type="client_credentials")
        assert answer == (400, {"error": "unauthorized_client"})

    async def test_a_refresh_token_of_another_client(self, world: World) -> None:
        tokens = await world.tokens()
        other = await world.api.make_client(world.pool_id)
        status, answer = await world.token(
            grant_type="refresh_token", client_id=other, refresh_token=tokens["refresh_token"]
        )
        assert (status, answer["error"]) == (400, "invalid_grant")

    async def test_using_a_rotated_refresh_token_again(self, world: World) -> None:
        await world.update_client(
            RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
        )
        tokens = await world.tokens()
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        _, again = await world.token(**form)
        assert again["refresh_token"] != tokens["refresh_token"]
        world.api.clock.advance(1)
        status, answer = await world.token(**form)
        assert (status, answer["error"]) == (400, "invalid_grant")


class TestScopes:
    async def test_scopes_the_client_may_not_have_are_left_out(self, world: World) -> None:
        tokens = await world.tokens(scope="openid phone other/scope")
        assert claims_of(tokens["access_token"])["scope"] == "openid"

    async def test_a_request_for_such_scopes_alone_is_refused(self, world: World) -> None:
        visitor = world.visitor()
        await visitor.get(world.url(scope="phone email"))
        assert visitor.answer["error"] == "invalid_scope"

    async def test_more_scopes_at_a_refresh(self, world: World) -> None:
        tokens = await world.tokens(scope="openid")
        _, again = await world.token(
            grant_type="refresh_token",
            refresh_token=tokens["refresh_token"],
            scope="openid aws.cognito.signin.user.admin",
        )
        assert claims_of(again["access_token"])["scope"] == "openid"
        again = await world.api.call(
            "GetTokensFromRefreshToken",
            ClientId=world.client_id,
            RefreshToken=tokens["refresh_token"],
        )
        access = again["AuthenticationResult"]["AccessToken"]
        assert claims_of(access)["scope"] == "openid"

    async def test_a_token_without_the_scope_does_not_open_the_api(self, world: World) -> None:
        tokens = await world.tokens(scope="openid")
        with pytest.raises(Exception, match="required scopes"):
            await world.api.call("GetUser", AccessToken=tokens["access_token"])

    async def test_a_token_of_the_api_does_not_open_user_info(self, world: World) -> None:
        client_id = await world.api.make_client(world.pool_id)
        token = (await world.api.sign_in(client_id))["AccessToken"]
        assert (await world.bearer(token))[0] == 401
        assert (await world.bearer("no-token"))[0] == 401
        response = await world.visitor().ask("GET", "/oauth2/userInfo")
        assert response.status == 400
        assert "invalid_request" in response.headers["www-authenticate"]

    async def test_an_id_token_is_no_bearer_token(self, world: World) -> None:
        tokens = await world.tokens()
        assert (await world.bearer(tokens["id_token"]))[0] == 401

    async def test_a_token_at_another_pool(self, world: World) -> None:
        tokens = await world.tokens()
        other = await world.api.make_pool()
        response = await world.visitor().ask(
            "GET",
            f"/_signin/{other}/oauth2/userInfo",
            headers={"authorization": f"Bearer {tokens['access_token']}"},
        )
        assert response.status == 401

    async def test_a_machine_asks_for_what_it_may_not_have(self, build: Build) -> None:
        world: World = await build(
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=["openid", "gone/scope"],
        )
        for scope in (None, "openid", "gone/scope", "aws.cognito.signin.user.admin"):
            answer = await world.token(
                grant_type="client_credentials", client_secret=world.client_secret, scope=scope
            )
            assert answer == (400, {"error": "invalid_scope"})


async def test_a_host_field_that_is_none_gets_no_endpoints(world: World) -> None:
    discovery = Discovery(world.api.directory)
    path = f"/{world.pool_id}/.well-known/openid-configuration"
    for host, is_named in (("localhost:4566", True), ('evil"/x', False), ("a@b", False)):
        request = HttpRequest("GET", path, "", (("host", host),), b"", "127.0.0.1")
        answer = await discovery.handle(request)
        assert answer is not None
        assert (b'token_endpoint"' in answer.body) is is_named
