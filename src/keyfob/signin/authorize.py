"""`/oauth2/authorize` and `/logout`: where applications send browsers.

Source: Cognito Developer Guide, "Authorize endpoint" and "Logout endpoint" (documented).
"""

from keyfob.core.http import HttpResponse
from keyfob.signin.authorization import AuthorizationRequest, read_authorization
from keyfob.signin.browser import end_sessions, find_session, no_session_cookie
from keyfob.signin.desk import Desk
from keyfob.signin.errors import PageError, RedirectError
from keyfob.signin.granting import grant
from keyfob.signin.pages import redirect
from keyfob.signin.redirects import as_location, is_registered
from keyfob.signin.visit import Visit

_ASK_AGAIN = frozenset({"login", "select_account", "consent"})
"""Values of `prompt` with which a session alone does not do."""


async def authorize(desk: Desk, visit: Visit, asked: AuthorizationRequest) -> HttpResponse:
    """Send the browser back at once if somebody is signed in, else to the sign-in page.

    Raises:
        RedirectError: nobody is, and the application wants no page.
    """
    found = await find_session(desk.service, visit.site, visit.request, visit.now_s)
    if found is None and "none" in asked.prompts:
        raise RedirectError(asked.target, "login_required")
    if found is None or asked.prompts & _ASK_AGAIN:
        return redirect(f"{visit.site.base}/login?{asked.query}")
    session, user = found
    pool = visit.site.pool
    return redirect(await grant(desk.service, desk.codes, pool, asked, session, user, visit.now_s))


async def log_out(desk: Desk, visit: Visit) -> HttpResponse:
    """End the browser's session and send it to a registered address, or to the sign-in page.

    Raises:
        PageError: the client is not known, or the address is not one of its own.
        RedirectError: the sign-in page is asked for with what the client cannot have.
    """
    service, query = desk.service, visit.query
    uri = query.get("logout_uri")
    if uri is not None:
        client = await service.pools.get_client(query.text("client_id"))
        if client is None or client.pool_id != visit.site.pool.pool_id:
            raise PageError("There is no such application.")
        if not is_registered(client, "LogoutURLs", uri):
            raise PageError("The application did not register the address to go to afterwards.")
        location = as_location(uri)
    else:
        asked = await read_authorization(service, visit.site, query)
        location = f"{visit.site.base}/login?{asked.query}"
    await end_sessions(service, visit.site, visit.request)
    return redirect(location, no_session_cookie(visit.site, visit.request))
