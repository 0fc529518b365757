"""`/login`: name and password, then whatever else the pool asks for."""

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpResponse
from keyfob.services.cognito_idp.answers.context import Answer
from keyfob.services.cognito_idp.answers.first_proof import sign_in_by_password
from keyfob.services.cognito_idp.authentication import Attempt
from keyfob.services.cognito_idp.domain.pools import only_admins_create
from keyfob.signin.accounts import render_confirm_user
from keyfob.signin.authorization import AuthorizationRequest
from keyfob.signin.browser import find_session
from keyfob.signin.challenges import follow
from keyfob.signin.desk import Desk
from keyfob.signin.names import login_field
from keyfob.signin.visit import Visit

_NOT_CONFIRMED = "UserNotConfirmedException"


async def show_login(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Return the page; who is signed in already may go on as they are."""
    found = None
    if "login" not in asked.prompts:
        found = await find_session(desk.service, visit.site, visit.request, visit.now_s)
    signed_in = "" if found is None else found[1].attributes.get("email") or found[1].username
    return render_login(desk, visit, asked, username=asked.login_hint, signed_in=signed_in)


async def take_login(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Check name and password."""
    name = visit.form.text("username").strip()
    attempt = Attempt(visit.site.pool, asked.client, visit.now_s, hands_out_tokens=False)
    proof = {"USERNAME": name, "PASSWORD": visit.form.text("password")}
    try:
        result = await sign_in_by_password(desk.service, Answer(attempt, proof, ""))
    except AwsError as error:
        if error.code == _NOT_CONFIRMED:
            return render_confirm_user(desk, visit, asked, name, problem=error.message)
        return render_login(desk, visit, asked, username=name, problem=error.message)
    return await follow(desk, visit, asked, result)


def render_login(
    desk: Desk,
    visit: Visit,
    asked: AuthorizationRequest,
    *,
    username: str = "",
    problem: str = "",
    notice: str = "",
    signed_in: str = "",
) -> HttpResponse:
    """Return the sign-in page."""
    return desk.page(
        visit,
        "login",
        asked,
        status=400 if problem else 200,
        login=login_field(visit.site.pool),
        username=username,
        problem=problem,
        notice=notice,
        signed_in=signed_in,
        may_sign_up=not only_admins_create(visit.site.pool),
    )
