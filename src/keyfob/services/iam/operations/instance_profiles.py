"""Instance profiles: Create, Get, List, Delete, and the role each may hold."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import iam_arn
from keyfob.core.ids import AccountId, new_unique_id
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.tags import add_tags, render_tags
from keyfob.services.iam.entities import ROLE
from keyfob.services.iam.instance_profiles import INSTANCE_PROFILE
from keyfob.services.iam.operations.roles import render_role
from keyfob.services.iam.paging import cut_page, page_limit, page_start, render_page
from keyfob.store.ports.iam_instance_profiles import InstanceProfileRecord, UnknownRoleError

_PASSED_TO = "ec2.amazonaws.com"
"""The service that instance profiles hand their role to."""


async def create_instance_profile(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make an instance profile that holds no role yet."""
    params = request.params
    name, path = params["InstanceProfileName"], params.get("Path", "/")
    record = InstanceProfileRecord(
        account=request.account,
        name=name,
        path=path,
        arn=iam_arn(request.account, f"instance-profile{path}{name}"),
        unique_id=new_unique_id(service.randomness, "AIPA"),
        created_at_s=request.now_s,
        tags=add_tags({}, params.get("Tags", ()), "TagsPerInstanceProfile"),
    )
    await INSTANCE_PROFILE.add(service, record)
    return {"InstanceProfile": await _render_whole_profile(service, record)}


async def get_instance_profile(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return an instance profile with its role."""
    record = await INSTANCE_PROFILE.find(service, request)
    return {"InstanceProfile": await _render_whole_profile(service, record)}


async def list_instance_profiles(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of instance profiles, without tags as AWS documents."""
    page = await service.instance_profiles.page(
        request.account,
        after=page_start("instance profiles", request.params),
        limit=page_limit(request.params),
        path_prefix=request.params.get("PathPrefix", "/"),
    )
    profiles = await render_profiles(service, request.account, page.items)
    return {"InstanceProfiles": profiles, **render_page("instance profiles", page.next_after)}


async def list_instance_profiles_for_role(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of the instance profiles that hold a role."""
    role = await ROLE.find(service, request)
    found = await service.instance_profiles.with_role(request.account, role.name)
    page, more = cut_page(
        "profiles of role", request.params, found, key=lambda profile: profile.name.lower()
    )
    return {"InstanceProfiles": await render_profiles(service, request.account, page), **more}


async def delete_instance_profile(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete an instance profile that holds no role."""

    def require(record: InstanceProfileRecord) -> None:
        if record.role_name is not None:
            raise errors.must_remove_role_first()

    await INSTANCE_PROFILE.delete(service, request, require)
    return {}


async def add_role_to_instance_profile(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Let an instance profile hold a role; the caller needs `iam:PassRole` on it.

    Source: IAM API Reference, `AddRoleToInstanceProfile` (documented).
    """
    arn = (await ROLE.resource(service, request.call))[0]
    await service.pass_role.require_pass_role(request.call, arn, _PASSED_TO)
    role = await ROLE.find(service, request)

    def change(record: InstanceProfileRecord) -> InstanceProfileRecord:
        if record.role_name is not None:
            raise errors.instance_profile_holds_a_role()
        return msgspec.structs.replace(record, role_name=role.name)

    try:
        await INSTANCE_PROFILE.update(service, request, change)
    except UnknownRoleError:
        raise errors.entity_not_found("role", role.name) from None
    return {}


async def remove_role_from_instance_profile(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take the role out of an instance profile."""
    role_name = request.params["RoleName"]

    def change(record: InstanceProfileRecord) -> InstanceProfileRecord:
        if record.role_name is None or record.role_name.lower() != role_name.lower():
            raise errors.role_not_in_instance_profile(role_name, record.name)
        return msgspec.structs.replace(record, role_name=None)

    await INSTANCE_PROFILE.update(service, request, change)
    return {}


async def render_profiles(
    service: IamService, account: AccountId, records: Iterable[InstanceProfileRecord]
) -> list[dict[str, Any]]:
    """Return instance profiles with their roles, in the form of listings."""
    return [await _render_profile(service, account, record) for record in records]


async def _render_profile(
    service: IamService, account: AccountId, record: InstanceProfileRecord
) -> dict[str, Any]:
    role = None if record.role_name is None else await service.roles.get(account, record.role_name)
    return {
        "Path": record.path,
        "InstanceProfileName": record.name,
        "InstanceProfileId": record.unique_id,
        "Arn": record.arn,
        "CreateDate": record.created_at_s,
        "Roles": [] if role is None else [render_role(role)],
    }


async def _render_whole_profile(
    service: IamService, record: InstanceProfileRecord
) -> dict[str, Any]:
    profile = await _render_profile(service, record.account, record)
    if record.tags:
        profile["Tags"] = render_tags(record.tags)
    return profile
