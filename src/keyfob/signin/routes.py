"""Which request goes where: the endpoints of every pool's sign-in pages.

Source: Cognito Developer Guide, "OpenID Connect and OAuth 2.0 endpoints" (documented).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from keyfob.core.clock import Clock
from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.signin.accounts import (
    show_confirm_user,
    show_forgot,
    show_reset,
    show_sign_up,
    take_confirm_user,
    take_forgot,
    take_reset,
    take_sign_up,
)
from keyfob.signin.authorization import AuthorizationRequest, read_authorization
from keyfob.signin.authorize import authorize, log_out
from keyfob.signin.browser import FORM_FIELD, is_own_form
from keyfob.signin.challenges import take_answer
from keyfob.signin.desk import Desk
from keyfob.signin.errors import OAuthError, PageError, RedirectError
from keyfob.signin.login import show_login, take_login
from keyfob.signin.pages import STYLE_PATH, redirect, render_error, style_sheet
from keyfob.signin.parameters import Parameters, parse_parameters, read_form
from keyfob.signin.revocation import revoke
from keyfob.signin.site import PREFIX, Site, find_site
from keyfob.signin.token import exchange
from keyfob.signin.user_info import describe_bearer
from keyfob.signin.visit import Visit

_Page = Callable[[Desk, Visit, AuthorizationRequest], Awaitable[HttpResponse]]

_PAGES: Mapping[tuple[str, str], _Page] = {
    ("GET", "/oauth2/authorize"): authorize,
    ("GET", "/login"): show_login,
    ("POST", "/login"): take_login,
    ("POST", "/challenge"): take_answer,
    ("GET", "/signup"): show_sign_up,
    ("POST", "/signup"): take_sign_up,
    ("GET", "/confirmUser"): show_confirm_user,
    ("POST", "/confirmUser"): take_confirm_user,
    ("GET", "/forgotPassword"): show_forgot,
    ("POST", "/forgotPassword"): take_forgot,
    ("GET", "/confirmForgotPassword"): show_reset,
    ("POST", "/confirmForgotPassword"): take_reset,
}
_LOG_OUT = "/logout"
_TOKEN, _USER_INFO, _REVOKE = "/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke"
_CALLED = {_TOKEN: ("POST",), _REVOKE: ("POST",), _USER_INFO: ("GET", "POST")}
"""Endpoints that applications call, and how."""

_METHODS: dict[str, tuple[str, ...]] = {
    **{path: tuple(m for m, p in _PAGES if p == path) for _, path in _PAGES},
    **_CALLED,
    _LOG_OUT: ("GET",),
    STYLE_PATH: ("GET",),
}

FRAGMENTS = tuple(dict.fromkeys((PREFIX, *_METHODS)))
"""Texts of which one is in the path of every request that may be for these pages."""


class SignInRoutes:
    """Answers for the sign-in pages of every pool."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        """Serve what `desk` has."""
        self._desk = desk
        self._clock = clock

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a request; None where it is not for any pool's pages."""
        found = await find_site(self._desk.service, request)
        if found is None:
            if request.path.startswith(PREFIX):
                return render_error("", "There are no sign-in pages at this address.", 404)
            return None
        site, path = found
        methods = _METHODS.get(path)
        if methods is None:
            return render_error(site.base, "There is no such page.", 404)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            return HttpResponse(405, b"", {"allow": ", ".join(methods)})
        if path == STYLE_PATH:
            return style_sheet()
        if path in _CALLED:
            return await self._serve(site, path, request)
        return await self._show(site, (method, path), request)

    async def _show(self, site: Site, key: tuple[str, str], request: HttpRequest) -> HttpResponse:
        """Answer a browser."""
        try:
            visit = self._read_visit(site, request, parse_parameters(request.query))
            if key[1] == _LOG_OUT:
                return await log_out(self._desk, visit)
            asked = await read_authorization(self._desk.service, site, visit.query)
            if key[0] == "POST" and not is_own_form(
                self._desk.service, site, request, visit.form.text(FORM_FIELD)
            ):
                raise PageError("The form is out of date. Please go back and load it again.", 403)
            return await _PAGES[key](self._desk, visit, asked)
        except PageError as error:
            return render_error(site.base, error.message, error.status)
        except AwsError as error:
            return render_error(site.base, error.message, 400)
        except RedirectError as error:
            answer = {"error": error.code}
            if error.description:
                answer["error_description"] = error.description
            return redirect(error.target.location(answer))

    async def _serve(self, site: Site, path: str, request: HttpRequest) -> HttpResponse:
        """Answer an application."""
        try:
            visit = self._read_visit(site, request, Parameters(), has_form=path != _USER_INFO)
            if path == _TOKEN:
                return _json(200, await exchange(self._desk.service, self._desk.codes, visit))
            if path == _USER_INFO:
                return _json(200, await describe_bearer(self._desk.service, visit))
            await revoke(self._desk.service, self._desk.operations, visit)
            return HttpResponse(200, b"", {"cache-control": "no-store"})
        except PageError as error:
            return _refusal(OAuthError("invalid_request", error.message), path)
        except OAuthError as error:
            return _refusal(error, path)

    def _read_visit(
        self, site: Site, request: HttpRequest, query: Parameters, *, has_form: bool = True
    ) -> Visit:
        form = read_form(request) if has_form and request.method == "POST" else Parameters()
        return Visit(site, request, query, form, self._clock.now())


def _json(status: int, document: Mapping[str, Any]) -> HttpResponse:
    headers = {
        "content-type": "application/json;charset=UTF-8",
        "cache-control": "no-store",
        "pragma": "no-cache",
    }
    return HttpResponse(status, msgspec.json.encode(document), headers)


def _refusal(error: OAuthError, path: str) -> HttpResponse:
    document = {"error": error.code}
    if error.description:
        document["error_description"] = error.description
    response = _json(error.status, document)
    if path == _USER_INFO:
        challenge = f'error="{error.code}", error_description="{error.description}"'
        response.headers["www-authenticate"] = f"Bearer {challenge}"
    return response
