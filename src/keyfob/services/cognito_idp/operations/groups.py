"""Groups: create, get, update, list, delete; and who is in them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.groups import (
    MAX_GROUPS_PER_POOL,
    MAX_GROUPS_PER_USER,
    render_group,
)
from keyfob.services.cognito_idp.domain.users import render_user
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.groups import GroupRecord
from keyfob.store.ports.pool_items import TooManyItemsError
from keyfob.store.ports.users import UserRecord

_DEFAULT_LIMIT = 60
"""Most groups, or members, on a page; documented."""


async def create_group(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a group."""
    params = request.params
    pool = await service.pool_of_call(request)
    group = GroupRecord(
        pool_id=pool.pool_id,
        name=params["GroupName"],
        description=params.get("Description"),
        role_arn=params.get("RoleArn"),
        precedence=params.get("Precedence"),
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
    )
    try:
        is_new = await service.groups.add(group, at_most=MAX_GROUPS_PER_POOL)
    except TooManyItemsError as error:
        raise errors.limit_exceeded("The user pool has too many groups.") from error
    if not is_new:
        raise errors.group_exists()
    return {"Group": render_group(group)}


async def get_group(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Show a group."""
    return {"Group": render_group(await _group_of_call(service, request))}


async def update_group(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Set what is named of a group; the rest stays."""
    members = {"Description": "description", "RoleArn": "role_arn", "Precedence": "precedence"}
    changes = {
        name: request.params[member] for member, name in members.items() if member in request.params
    }

    def change(group: GroupRecord) -> GroupRecord:
        return msgspec.structs.replace(group, **changes, modified_at_s=request.now_s)

    group = await _group_of_call(service, request)
    changed = await service.groups.update(group.pool_id, group.name, change)
    if changed is None:
        raise errors.group_not_found()
    return {"Group": render_group(changed)}


async def delete_group(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a group; its members stay users."""
    group = await _group_of_call(service, request)
    await service.groups.delete(group.pool_id, group.name)
    return {}


async def list_groups(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List the groups of a pool."""
    pool = await service.pool_of_call(request)
    listing = f"groups {pool.pool_id}"
    page = await service.groups.list_items(
        pool.pool_id,
        after=open_page(service.sealer, listing, request.params.get("NextToken")),
        limit=request.params.get("Limit") or _DEFAULT_LIMIT,
    )
    answer = {"Groups": [render_group(group) for group in page.items]}
    return _with_token(service, listing, page.next_after, answer)


async def admin_add_user_to_group(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Put a user into a group."""
    group = await _group_of_call(service, request)
    user = await _user_of_call(service, request)
    try:
        await service.groups.join(group.pool_id, group.name, user.sub, at_most=MAX_GROUPS_PER_USER)
    except TooManyItemsError as error:
        raise errors.limit_exceeded("The user is in too many groups.") from error
    except LookupError:
        raise errors.group_not_found() from None
    return {}


async def admin_remove_user_from_group(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take a user out of a group."""
    group = await _group_of_call(service, request)
    user = await _user_of_call(service, request)
    await service.groups.leave(group.pool_id, group.name, user.sub)
    return {}


async def admin_list_groups_for_user(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List the groups a user is in."""
    user = await _user_of_call(service, request)
    listing = f"groups of {user.pool_id} {user.sub}"
    after = open_page(service.sealer, listing, request.params.get("NextToken"))
    limit = request.params.get("Limit") or _DEFAULT_LIMIT
    groups = await service.groups.groups_of(user.pool_id, user.sub)
    rest = [group for group in groups if after is None or group.name > after]
    next_after = rest[limit - 1].name if len(rest) > limit else None
    answer = {"Groups": [render_group(group) for group in rest[:limit]]}
    return _with_token(service, listing, next_after, answer)


async def list_users_in_group(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List the members of a group."""
    group = await _group_of_call(service, request)
    listing = f"members {group.pool_id} {group.name}"
    page = await service.groups.list_members(
        group.pool_id,
        group.name,
        after=open_page(service.sealer, listing, request.params.get("NextToken")),
        limit=request.params.get("Limit") or _DEFAULT_LIMIT,
    )
    users = [await service.users.get(group.pool_id, sub) for sub in page.items]
    answer = {"Users": [render_user(user) for user in users if user is not None]}
    return _with_token(service, listing, page.next_after, answer)


def _with_token(
    service: UserPools, listing: str, next_after: str | None, answer: Mapping[str, Any]
) -> Mapping[str, Any]:
    token = seal_page(service.sealer, listing, next_after)
    return answer if token is None else {**answer, "NextToken": token}


async def _group_of_call(service: UserPools, request: AuthorizedRequest) -> GroupRecord:
    pool = await service.pool_of_call(request)
    group = await service.groups.get(pool.pool_id, request.params["GroupName"])
    if group is None:
        raise errors.group_not_found()
    return group


async def _user_of_call(service: UserPools, request: AuthorizedRequest) -> UserRecord:
    pool = await service.pool_of_call(request)
    return await service.require_user(pool, request.params["Username"])
