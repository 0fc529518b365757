"""Groups: Create, Get, List, Update, Delete, and who is in them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import iam_arn
from keyfob.core.ids import new_unique_id
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.entities import GROUP, USER, require_no_policies
from keyfob.services.iam.operations.users import render_user
from keyfob.services.iam.paging import cut_page, page_limit, page_start, render_page
from keyfob.store.ports.iam_groups import GroupRecord, TooManyGroupsError, UnknownGroupError
from keyfob.store.ports.iam_resources import UnknownResourceError

MAX_GROUPS_PER_USER = 10
"""IAM User Guide, `reference_iam-quotas` (documented)."""


async def create_group(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a group with nobody in it."""
    name, path = request.params["GroupName"], request.params.get("Path", "/")
    record = GroupRecord(
        account=request.account,
        name=name,
        path=path,
        arn=iam_arn(request.account, f"group{path}{name}"),
        unique_id=new_unique_id(service.randomness, "AGPA"),
        created_at_s=request.now_s,
    )
    await GROUP.add(service, record)
    return {"Group": render_group(record)}


async def get_group(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a group and a page of its users."""
    record = await GROUP.find(service, request)
    page = await service.groups.members(
        request.account,
        record.name,
        after=page_start("members", request.params),
        limit=page_limit(request.params),
    )
    return {
        "Group": render_group(record),
        "Users": [render_user(user) for user in page.items],
        **render_page("members", page.next_after),
    }


async def list_groups(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of groups."""
    page = await service.groups.page(
        request.account,
        after=page_start("groups", request.params),
        limit=page_limit(request.params),
        path_prefix=request.params.get("PathPrefix", "/"),
    )
    groups = [render_group(record) for record in page.items]
    return {"Groups": groups, **render_page("groups", page.next_after)}


async def update_group(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Rename a group or move it to another path; its id, policies and members stay."""
    params = request.params

    def change(record: GroupRecord) -> GroupRecord:
        name = params.get("NewGroupName", record.name)
        path = params.get("NewPath", record.path)
        arn = iam_arn(request.account, f"group{path}{name}")
        return msgspec.structs.replace(record, name=name, path=path, arn=arn)

    await GROUP.update(service, request, change)
    return {}


async def delete_group(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a group that has neither users nor policies left."""
    await GROUP.delete(service, request, require_no_policies)
    return {}


async def add_user_to_group(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Put a user into a group; nothing happens when it is there already."""
    group, user = request.params["GroupName"], request.params["UserName"]
    try:
        await service.groups.add_member(request.account, group, user, limit=MAX_GROUPS_PER_USER)
    except UnknownGroupError:
        raise errors.entity_not_found("group", group) from None
    except UnknownResourceError:
        raise errors.entity_not_found("user", user) from None
    except TooManyGroupsError:
        raise errors.quota_exceeded("GroupsPerUser", MAX_GROUPS_PER_USER) from None
    return {}


async def remove_user_from_group(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take a user out of a group."""
    group, user = request.params["GroupName"], request.params["UserName"]
    try:
        was_member = await service.groups.remove_member(request.account, group, user)
    except UnknownGroupError:
        raise errors.entity_not_found("group", group) from None
    except UnknownResourceError:
        raise errors.entity_not_found("user", user) from None
    if not was_member:
        raise errors.user_not_in_group(user, group)
    return {}


async def list_groups_for_user(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of the groups a user is in."""
    record = await USER.find(service, request)
    groups = await service.groups.groups_of(request.account, record.name)
    page, more = cut_page(
        "groups of user", request.params, groups, key=lambda group: group.name.lower()
    )
    return {"Groups": [render_group(group) for group in page], **more}


def render_group(record: GroupRecord) -> dict[str, Any]:
    """Return a group in the form of answers."""
    return {
        "Path": record.path,
        "GroupName": record.name,
        "GroupId": record.unique_id,
        "Arn": record.arn,
        "CreateDate": record.created_at_s,
    }
