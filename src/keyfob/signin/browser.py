"""What a browser keeps between pages: who is signed in, and what its forms must bring along.

Both cookies are for the site alone, out of scripts' reach, and not sent with requests that other
sites make, but for links that lead here. The session is a sealed value; its id is refused after
sign-out, and it ends with the user's other sign-ins (`epoch`).

Source: Cognito Developer Guide, "Login endpoint" (documented): the session lasts one hour.
"""

import base64
from urllib.parse import urlsplit

import msgspec

from keyfob.core.http import HttpRequest
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp.domain.users import CONFIRMED
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.site import Site
from keyfob.store.ports.users import UserRecord
from keyfob.tokens.errors import SealError

SESSION_COOKIE = "keyfob-session"
FORM_COOKIE = "XSRF-TOKEN"
FORM_FIELD = "_csrf"
SESSION_S = 3_600

_SESSION = "browser session"
_FORM = "form token"


class BrowserSession(msgspec.Struct, frozen=True, array_like=True):
    """Somebody signed in."""

    session_id: str
    pool_id: str
    sub: str
    epoch: int
    auth_time_s: int
    expires_at_s: float


def new_session(service: UserPools, user: UserRecord, now_s: float) -> BrowserSession:
    """Return a session of somebody who has just signed in; never one the browser brought."""
    session_id = new_uuid(service.randomness)
    return BrowserSession(
        session_id, user.pool_id, user.sub, user.epoch, int(now_s), now_s + SESSION_S
    )


async def find_session(
    service: UserPools, site: Site, request: HttpRequest, now_s: float
) -> tuple[BrowserSession, UserRecord] | None:
    """Return the session of a browser and its user; None where there is none that still stands."""
    for value in _cookies(request, SESSION_COOKIE):
        session = _open_session(service, value)
        if session is None or session.pool_id != site.pool.pool_id:
            continue
        user = await service.users.get(session.pool_id, session.sub)
        if user is None or not user.is_enabled or user.status != CONFIRMED:
            continue
        if user.epoch != session.epoch or now_s >= session.expires_at_s:
            continue
        if not await service.users.is_origin_revoked(session.pool_id, session.session_id):
            return session, user
    return None


async def end_sessions(service: UserPools, site: Site, request: HttpRequest) -> None:
    """Refuse a browser's sessions from now on, also where copies of the cookie exist."""
    for value in _cookies(request, SESSION_COOKIE):
        session = _open_session(service, value)
        if session is not None and session.pool_id == site.pool.pool_id:
            await service.users.revoke_origin(
                session.pool_id, session.session_id, session.expires_at_s
            )


def session_cookie(
    service: UserPools, site: Site, request: HttpRequest, session: BrowserSession
) -> str:
    """Return the `Set-Cookie` of a session."""
    value = service.sealer.seal(_SESSION, msgspec.msgpack.encode(session))
    return _set_cookie(site, request, SESSION_COOKIE, value, SESSION_S)


def no_session_cookie(site: Site, request: HttpRequest) -> str:
    """Return the `Set-Cookie` that takes a session away."""
    return _set_cookie(site, request, SESSION_COOKIE, "", 0)


def form_secret(service: UserPools, request: HttpRequest) -> tuple[str, bool]:
    """Return what a browser's forms are tied to, and whether it has yet to be given to it."""
    for value in _cookies(request, FORM_COOKIE):
        if value:
            return value, False
    return base64.urlsafe_b64encode(service.randomness.token_bytes(24)).decode(), True


def form_cookie(site: Site, request: HttpRequest, secret: str) -> str:
    """Return the `Set-Cookie` of that secret; it goes when the browser is closed."""
    return _set_cookie(site, request, FORM_COOKIE, secret, None)


def form_token(service: UserPools, site: Site, secret: str) -> str:
    """Return the hidden field of a form; another one each time."""
    return service.sealer.seal(_FORM, _form_facts(site, secret))


def is_own_form(service: UserPools, site: Site, request: HttpRequest, token: str) -> bool:
    """Return whether a form comes from a page that this browser was shown by this site."""
    origin = request.header("origin")
    if origin is not None and urlsplit(origin).netloc != request.header("host"):
        return False
    try:
        facts = service.sealer.open(_FORM, token)
    except SealError:
        return False
    secrets = _cookies(request, FORM_COOKIE)
    return any(facts == _form_facts(site, secret) for secret in secrets if secret)


def _form_facts(site: Site, secret: str) -> bytes:
    return msgspec.msgpack.encode((site.pool.pool_id, secret))


def _open_session(service: UserPools, value: str) -> BrowserSession | None:
    try:
        return msgspec.msgpack.decode(service.sealer.open(_SESSION, value), type=BrowserSession)
    except (SealError, msgspec.DecodeError):
        return None


def _cookies(request: HttpRequest, name: str) -> list[str]:
    """Return the values of all cookies of a name: another site may have put one beside ours."""
    pairs = [
        pair.strip().partition("=")
        for field, value in request.headers
        if field == "cookie"
        for pair in value.split(";")
    ]
    return [value for key, _, value in pairs if key == name]


def _set_cookie(
    site: Site, request: HttpRequest, name: str, value: str, max_age_s: int | None
) -> str:
    parts = [f"{name}={value}", f"Path={site.cookie_path}", "HttpOnly", "SameSite=Lax"]
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    if request.is_tls:
        parts.append("Secure")
    return "; ".join(parts)
