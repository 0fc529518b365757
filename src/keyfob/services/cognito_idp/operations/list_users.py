"""ListUsers."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp.domain.filters import parse_filter
from keyfob.services.cognito_idp.domain.users import render_user
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.users import UserRecord

_DEFAULT_LIMIT = 60
"""Most users on a page; documented."""

_READ_AHEAD = 200
"""Users read at a time while looking for matches; other requests run in between."""


async def list_users(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List a pool's users, all or those that match a filter."""
    params = request.params
    pool = await service.pool_of_call(request)
    wanted = parse_filter(params["Filter"]) if params.get("Filter") else None
    shown = frozenset(params["AttributesToGet"]) if "AttributesToGet" in params else None
    limit = params.get("Limit") or _DEFAULT_LIMIT
    listing = f"users {pool.pool_id} {params.get('Filter', '')}"
    after = open_page(service.sealer, listing, params.get("PaginationToken"))
    found: list[UserRecord] = []
    while len(found) < limit:
        size = limit - len(found) if wanted is None else _READ_AHEAD
        page = await service.users.list_users(pool.pool_id, after=after, limit=size)
        matching = [user for user in page.items if wanted is None or wanted.matches(user)]
        taken = matching[: limit - len(found)]
        found += taken
        after = taken[-1].sub if len(taken) < len(matching) else page.next_after
        if after is None:
            break
    answer: dict[str, Any] = {"Users": [render_user(user, shown) for user in found]}
    token = seal_page(service.sealer, listing, after)
    return answer if token is None else {**answer, "PaginationToken": token}
