"""Users: CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.authz.principal import Root
from keyfob.core.arn import iam_arn
from keyfob.core.ids import new_unique_id
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.tags import add_tags, render_tags
from keyfob.services.iam.entities import USER, require_no_policies
from keyfob.services.iam.operations.boundaries import render_boundary, require_boundary
from keyfob.services.iam.paging import page_limit, page_start, render_page
from keyfob.store.ports.iam_users import UserRecord


async def create_user(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a user."""
    params = request.params
    boundary_arn = params.get("PermissionsBoundary")
    require_boundary(boundary_arn, request.account)
    path = params.get("Path", "/")
    record = UserRecord(
        account=request.account,
        name=params["UserName"],
        path=path,
        arn=iam_arn(request.account, f"user{path}{params['UserName']}"),
        unique_id=new_unique_id(service.randomness, "AIDA"),
        created_at_s=request.now_s,
        boundary_arn=boundary_arn,
        tags=add_tags({}, params.get("Tags", ()), "TagsPerUser"),
    )
    await USER.add(service, record)
    return {"User": render_whole_user(record)}


async def get_user(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a user, or the caller: the root user has an id and ARN but no name."""
    principal = request.principal
    if "UserName" not in request.params and isinstance(principal, Root):
        root = {"Path": "/", "UserId": principal.user_id, "Arn": principal.arn}
        return {"User": root}
    return {"User": render_whole_user(await USER.find(service, request))}


async def list_users(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of users, without tags and boundaries as AWS documents."""
    page = await service.users.page(
        request.account,
        after=page_start("users", request.params),
        limit=page_limit(request.params),
        path_prefix=request.params.get("PathPrefix", "/"),
    )
    users = [render_user(record) for record in page.items]
    return {"Users": users, **render_page("users", page.next_after)}


async def update_user(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Rename a user or move it to another path; its id, policies and keys stay."""
    params = request.params

    def change(record: UserRecord) -> UserRecord:
        name = params.get("NewUserName", record.name)
        path = params.get("NewPath", record.path)
        arn = iam_arn(request.account, f"user{path}{name}")
        return msgspec.structs.replace(record, name=name, path=path, arn=arn)

    await USER.update(service, request, change)
    return {}


async def delete_user(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a user that has neither access keys nor policies left."""

    def require(record: UserRecord) -> None:
        if record.access_keys:
            raise errors.must_delete_access_keys_first()
        require_no_policies(record)

    await USER.delete(service, request, require)
    return {}


def render_user(record: UserRecord) -> dict[str, Any]:
    """Return a user in the form of listings."""
    return {
        "Path": record.path,
        "UserName": record.name,
        "UserId": record.unique_id,
        "Arn": record.arn,
        "CreateDate": record.created_at_s,
    }


def render_whole_user(record: UserRecord) -> dict[str, Any]:
    """Return a user with its boundary and tags."""
    user = {**render_user(record), **render_boundary(record)}
    if record.tags:
        user["Tags"] = render_tags(record.tags)
    return user
