"""Pages as answers: templates filled in, and the fields that keep browsers from misusing them.

Every value is escaped by the templates. No page runs a script, loads anything from elsewhere, or
may be framed.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from keyfob.core.http import HttpResponse
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.authorization import AuthorizationRequest
from keyfob.signin.browser import FORM_FIELD, form_cookie, form_secret, form_token
from keyfob.signin.redirects import form_source
from keyfob.signin.visit import Visit

if TYPE_CHECKING:
    from jinja2 import Environment

STYLE_PATH = "/assets/signin.css"

_PROTECTION = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""`same-origin` rather than `no-referrer`: with that, browsers hide the origin of forms."""


def render_page(
    service: UserPools,
    visit: Visit,
    template: str,
    asked: AuthorizationRequest,
    *,
    status: int = 200,
    **values: Any,
) -> HttpResponse:
    """Return a page with forms.

    Args:
        service: the user pools.
        visit: the request.
        template: name of the template, without its ending.
        asked: what the application asks for; forms and links carry it along.
        status: HTTP status.
        values: what else the template shows.
    """
    secret, is_new = form_secret(service, visit.request)
    text = _render(
        template,
        base=visit.site.base,
        query=asked.query,
        settled_query=asked.settled_query,
        application=asked.client.name,
        csrf_field=FORM_FIELD,
        csrf_token=form_token(service, visit.site, secret),
        **values,
    )
    source = form_source(asked.target.uri)
    response = _html(status, text, "'self'" if source is None else f"'self' {source}")
    if is_new:
        response.headers["set-cookie"] = form_cookie(visit.site, visit.request, secret)
    return response


def render_error(base: str, message: str, status: int) -> HttpResponse:
    """Return a page that says what is wrong and leads nowhere."""
    return _html(status, _render("error", base=base, message=message), "'none'")


def redirect(location: str, cookie: str | None = None) -> HttpResponse:
    """Return an answer that sends the browser on."""
    headers = {"location": location, **_PROTECTION}
    if cookie is not None:
        headers["set-cookie"] = cookie
    return HttpResponse(302, b"", headers)


def style_sheet() -> HttpResponse:
    """Return the one style sheet."""
    headers = {
        "content-type": "text/css; charset=utf-8",
        "cache-control": "public, max-age=300",
        "x-content-type-options": "nosniff",
    }
    return HttpResponse(200, _style_sheet(), headers)


def _html(status: int, text: str, form_action: str) -> HttpResponse:
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {form_action}"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        **_PROTECTION,
    }
    return HttpResponse(status, text.encode(), headers)


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(f"{template}.html").render(values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("keyfob.signin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


@cache
def _style_sheet() -> bytes:
    return (files("keyfob.signin") / "assets" / "signin.css").read_bytes()
