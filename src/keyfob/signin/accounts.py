"""`/signup`, `/confirmUser`, `/forgotPassword` and `/confirmForgotPassword`.

They say what the API says to the same question, so they tell no more than it about who exists.
"""

from collections.abc import Mapping
from typing import Any

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpResponse
from keyfob.services.cognito_idp.domain.pools import only_admins_create
from keyfob.signin.authorization import AuthorizationRequest
from keyfob.signin.desk import Desk
from keyfob.signin.errors import PageError
from keyfob.signin.names import login_field, password_hint, sign_up_fields
from keyfob.signin.visit import Visit

_ATTRIBUTE_PREFIX = "attribute."


async def show_sign_up(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Return the page for new users."""
    return _render_sign_up(desk, visit, asked)


async def take_sign_up(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Make a user, and ask for the code that was sent."""
    name = visit.form.text("username").strip()
    attributes = [
        {"Name": attribute, "Value": value.strip()}
        for attribute, value in visit.form.starting_with(_ATTRIBUTE_PREFIX)
        if value.strip()
    ]
    params = desk.operations.named(
        asked.client, name, Password=visit.form.text("password"), UserAttributes=attributes
    )
    try:
        result = await desk.operations.call(visit, "SignUp", params)
    except AwsError as error:
        return _render_sign_up(desk, visit, asked, problem=error.message)
    if result["UserConfirmed"]:
        return _render_done(desk, visit, asked, "Your account is ready.")
    if "CodeDeliveryDetails" not in result:
        return _render_done(desk, visit, asked, "An administrator has yet to confirm your account.")
    return render_confirm_user(desk, visit, asked, name, notice=_sent(result))


async def show_confirm_user(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Return the page for the code of a new user."""
    return render_confirm_user(desk, visit, asked, asked.login_hint)


async def take_confirm_user(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Confirm a new user by the code, or send another."""
    name = visit.form.text("username").strip()
    try:
        if visit.form.get("resend"):
            params = desk.operations.named(asked.client, name)
            result = await desk.operations.call(visit, "ResendConfirmationCode", params)
            return render_confirm_user(desk, visit, asked, name, notice=_sent(result))
        code = visit.form.text("code").strip()
        params = desk.operations.named(asked.client, name, ConfirmationCode=code)
        await desk.operations.call(visit, "ConfirmSignUp", params)
    except AwsError as error:
        return render_confirm_user(desk, visit, asked, name, problem=error.message)
    return _render_done(desk, visit, asked, "Your account is confirmed.")


async def show_forgot(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Return the page of those who forgot their password."""
    return _render_forgot(desk, visit, asked, asked.login_hint)


async def take_forgot(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Send a code, and ask for it."""
    name = visit.form.text("username").strip()
    try:
        params = desk.operations.named(asked.client, name)
        result = await desk.operations.call(visit, "ForgotPassword", params)
    except AwsError as error:
        return _render_forgot(desk, visit, asked, name, problem=error.message)
    return _render_reset(desk, visit, asked, name, notice=_sent(result))


async def show_reset(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Return the page for code and new password."""
    return _render_reset(desk, visit, asked, asked.login_hint)


async def take_reset(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Set the new password."""
    name = visit.form.text("username").strip()
    params = desk.operations.named(
        asked.client,
        name,
        ConfirmationCode=visit.form.text("code").strip(),
        Password=visit.form.text("password"),
    )
    try:
        await desk.operations.call(visit, "ConfirmForgotPassword", params)
    except AwsError as error:
        return _render_reset(desk, visit, asked, name, problem=error.message)
    return _render_done(desk, visit, asked, "Your password is changed.")


def render_confirm_user(
    desk: Desk,
    visit: Visit,
    asked: AuthorizationRequest,
    username: str,
    *,
    problem: str = "",
    notice: str = "",
) -> HttpResponse:
    """Return the page for the code of a new user."""
    return desk.page(
        visit,
        "confirm_user",
        asked,
        status=400 if problem else 200,
        login=login_field(visit.site.pool),
        username=username,
        problem=problem,
        notice=notice,
    )


def _render_sign_up(
    desk: Desk, visit: Visit, asked: AuthorizationRequest, *, problem: str = ""
) -> HttpResponse:
    pool = visit.site.pool
    if only_admins_create(pool):
        raise PageError("Only an administrator makes accounts here.", 403)
    return desk.page(
        visit,
        "sign_up",
        asked,
        status=400 if problem else 200,
        login=login_field(pool),
        fields=sign_up_fields(pool),
        username=visit.form.text("username"),
        given=dict(visit.form.starting_with(_ATTRIBUTE_PREFIX)),
        hint=password_hint(pool.password_policy),
        problem=problem,
    )


def _render_forgot(
    desk: Desk, visit: Visit, asked: AuthorizationRequest, username: str, *, problem: str = ""
) -> HttpResponse:
    return desk.page(
        visit,
        "forgot_password",
        asked,
        status=400 if problem else 200,
        login=login_field(visit.site.pool),
        username=username,
        problem=problem,
    )


def _render_reset(
    desk: Desk,
    visit: Visit,
    asked: AuthorizationRequest,
    username: str,
    *,
    problem: str = "",
    notice: str = "",
) -> HttpResponse:
    return desk.page(
        visit,
        "confirm_forgot_password",
        asked,
        status=400 if problem else 200,
        login=login_field(visit.site.pool),
        username=username,
        hint=password_hint(visit.site.pool.password_policy),
        problem=problem,
        notice=notice,
    )


def _render_done(
    desk: Desk, visit: Visit, asked: AuthorizationRequest, notice: str
) -> HttpResponse:
    return desk.page(visit, "done", asked, notice=notice)


def _sent(result: Mapping[str, Any]) -> str:
    details = result["CodeDeliveryDetails"]
    return f"A code is on its way to {details['Destination']}."
