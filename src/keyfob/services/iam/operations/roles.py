"""Roles: Create, Get, List, Update, Delete, UpdateRoleDescription, UpdateAssumeRolePolicy."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import iam_arn
from keyfob.core.ids import new_unique_id
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.documents import render_document, require_trust_policy
from keyfob.services.iam.domain.tags import add_tags, render_tags
from keyfob.services.iam.entities import ROLE, require_no_policies
from keyfob.services.iam.operations.boundaries import render_boundary, require_boundary
from keyfob.services.iam.paging import page_limit, page_start, render_page
from keyfob.store.ports.iam_roles import RoleRecord

DEFAULT_SESSION_S = 3_600
"""Longest session of a role that does not say; IAM API Reference, `CreateRole` (documented)."""


async def create_role(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a role; its trust policy is checked first."""
    params = request.params
    require_trust_policy(params["AssumeRolePolicyDocument"])
    boundary_arn = params.get("PermissionsBoundary")
    require_boundary(boundary_arn, request.account)
    path = params.get("Path", "/")
    record = RoleRecord(
        account=request.account,
        name=params["RoleName"],
        path=path,
        arn=iam_arn(request.account, f"role{path}{params['RoleName']}"),
        unique_id=new_unique_id(service.randomness, "AROA"),
        created_at_s=request.now_s,
        boundary_arn=boundary_arn,
        tags=add_tags({}, params.get("Tags", ()), "TagsPerRole"),
        trust_policy=params["AssumeRolePolicyDocument"],
        description=params.get("Description"),
        max_session_duration_s=params.get("MaxSessionDuration", DEFAULT_SESSION_S),
    )
    await ROLE.add(service, record)
    return {"Role": render_whole_role(record)}


async def get_role(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a role."""
    return {"Role": render_whole_role(await ROLE.find(service, request))}


async def list_roles(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of roles, without tags and boundaries as AWS documents."""
    page = await service.roles.page(
        request.account,
        after=page_start("roles", request.params),
        limit=page_limit(request.params),
        path_prefix=request.params.get("PathPrefix", "/"),
    )
    roles = [render_role(record) for record in page.items]
    return {"Roles": roles, **render_page("roles", page.next_after)}


async def update_role(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Change a role's description or longest session; what is not given stays."""
    params = request.params

    def change(record: RoleRecord) -> RoleRecord:
        duration_s = params.get("MaxSessionDuration", record.max_session_duration_s)
        description = params.get("Description", record.description)
        return msgspec.structs.replace(
            record, description=description, max_session_duration_s=duration_s
        )

    await ROLE.update(service, request, change)
    return {}


async def update_role_description(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Change a role's description and return the role."""
    description = request.params["Description"]
    record = await ROLE.update(
        service,
        request,
        lambda role: msgspec.structs.replace(role, description=description),
    )
    return {"Role": render_whole_role(record)}


async def delete_role(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a role that has no policies left."""
    await ROLE.delete(service, request, require_no_policies)
    return {}


async def update_assume_role_policy(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace a role's trust policy."""
    document = request.params["PolicyDocument"]
    require_trust_policy(document)
    await ROLE.update(
        service, request, lambda role: msgspec.structs.replace(role, trust_policy=document)
    )
    return {}


def render_role(record: RoleRecord) -> dict[str, Any]:
    """Return a role in the form of listings."""
    role: dict[str, Any] = {
        "Path": record.path,
        "RoleName": record.name,
        "RoleId": record.unique_id,
        "Arn": record.arn,
        "CreateDate": record.created_at_s,
        "AssumeRolePolicyDocument": render_document(record.trust_policy),
        "MaxSessionDuration": record.max_session_duration_s,
    }
    if record.description is not None:
        role["Description"] = record.description
    return role


def render_whole_role(record: RoleRecord) -> dict[str, Any]:
    """Return a role with its boundary and tags."""
    role = {**render_role(record), **render_boundary(record)}
    if record.tags:
        role["Tags"] = render_tags(record.tags)
    return role
