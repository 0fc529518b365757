"""ListUsers."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp.domain.filters import parse_filter
from keyfob.services.cognito_idp.domain.users import render_user
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools

_DEFAULT_LIMIT = 60
"""Most users on a page; documented."""


async def list_users(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List a pool's users, all or those that match a filter."""
    params = request.params
    pool = await service.pool_of_call(request)
    wanted = parse_filter(params["Filter"]) if params.get("Filter") else None
    shown = frozenset(params["AttributesToGet"]) if "AttributesToGet" in params else None
    limit = params.get("Limit") or _DEFAULT_LIMIT
    listing = f"users {pool.pool_id} {params.get('Filter', '')}"
    after = open_page(service.sealer, listing, params.get("PaginationToken"))
    users = service.users
    if wanted is None:
        page = await users.list_users(pool.pool_id, after=after, limit=limit)
    else:
        page = await users.search(pool.pool_id, wanted, after=after, limit=limit)
    answer: dict[str, Any] = {"Users": [render_user(user, shown) for user in page.items]}
    token = seal_page(service.sealer, listing, page.next_after)
    return answer if token is None else {**answer, "PaginationToken": token}
