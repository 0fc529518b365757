"""Resource servers: create, describe, update, list, delete."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.pool_items import TooManyItemsError
from keyfob.store.ports.resource_servers import ResourceServerRecord

MAX_RESOURCE_SERVERS = 25
"""Documented quota."""

_DEFAULT_PAGE = 50
"""Most on a page; documented."""


async def create_resource_server(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make a resource server."""
    params = request.params
    pool = await service.pool_of_call(request)
    record = ResourceServerRecord(
        pool_id=pool.pool_id,
        name=params["Identifier"],
        label=params["Name"],
        scopes=_read_scopes(params),
    )
    try:
        is_new = await service.resource_servers.add(record, at_most=MAX_RESOURCE_SERVERS)
    except TooManyItemsError as error:
        raise errors.limit_exceeded("The user pool has too many resource servers.") from error
    if not is_new:
        raise errors.resource_server_exists(record.name)
    return {"ResourceServer": _render(record)}


async def describe_resource_server(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a resource server."""
    pool = await service.pool_of_call(request)
    record = await service.resource_servers.get(pool.pool_id, request.params["Identifier"])
    if record is None:
        raise errors.resource_server_not_found()
    return {"ResourceServer": _render(record)}


async def update_resource_server(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace name and scopes of a resource server (documented)."""
    params = request.params
    pool = await service.pool_of_call(request)

    def change(record: ResourceServerRecord) -> ResourceServerRecord:
        return msgspec.structs.replace(record, label=params["Name"], scopes=_read_scopes(params))

    changed = await service.resource_servers.update(pool.pool_id, params["Identifier"], change)
    if changed is None:
        raise errors.resource_server_not_found()
    return {"ResourceServer": _render(changed)}


async def list_resource_servers(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List the resource servers of a pool."""
    pool = await service.pool_of_call(request)
    listing = f"resource servers {pool.pool_id}"
    page = await service.resource_servers.list_items(
        pool.pool_id,
        after=open_page(service.sealer, listing, request.params.get("NextToken")),
        limit=request.params.get("MaxResults") or _DEFAULT_PAGE,
    )
    token = seal_page(service.sealer, listing, page.next_after)
    answer: dict[str, Any] = {"ResourceServers": [_render(each) for each in page.items]}
    return answer if token is None else {**answer, "NextToken": token}


async def delete_resource_server(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a resource server."""
    pool = await service.pool_of_call(request)
    if not await service.resource_servers.delete(pool.pool_id, request.params["Identifier"]):
        raise errors.resource_server_not_found()
    return {}


def _read_scopes(params: Mapping[str, Any]) -> dict[str, str]:
    return {each["ScopeName"]: each["ScopeDescription"] for each in params.get("Scopes", ())}


def _render(record: ResourceServerRecord) -> dict[str, Any]:
    scopes = [{"ScopeName": name, "ScopeDescription": text} for name, text in record.scopes.items()]
    return {
        "UserPoolId": record.pool_id,
        "Identifier": record.name,
        "Name": record.label,
        "Scopes": scopes,
    }
