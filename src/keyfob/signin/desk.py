"""What the pages work with."""

from dataclasses import dataclass, field
from typing import Any

from keyfob.core.http import HttpResponse
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.authorization import AuthorizationRequest
from keyfob.signin.browser import new_session, session_cookie
from keyfob.signin.codes import CodeBook
from keyfob.signin.granting import grant
from keyfob.signin.operations import PublicOperations
from keyfob.signin.pages import redirect, render_page
from keyfob.signin.visit import Visit
from keyfob.store.ports.users import UserRecord


@dataclass(frozen=True, slots=True)
class Desk:
    """The user pools, what anybody may do there, and the codes under way."""

    service: UserPools
    operations: PublicOperations
    codes: CodeBook = field(default_factory=CodeBook)

    def page(
        self, visit: Visit, template: str, asked: AuthorizationRequest, **values: Any
    ) -> HttpResponse:
        """Return a page with forms; see `render_page`."""
        return render_page(self.service, visit, template, asked, **values)

    async def admit(
        self, visit: Visit, asked: AuthorizationRequest, user: UserRecord
    ) -> HttpResponse:
        """Send somebody who has just signed in back to the application, with a new session."""
        session = new_session(self.service, user, visit.now_s)
        pool = visit.site.pool
        location = await grant(self.service, self.codes, pool, asked, session, user, visit.now_s)
        cookie = session_cookie(self.service, visit.site, visit.request, session)
        return redirect(location, cookie)
