"""GetAccountAuthorizationDetails: every entity and policy with its documents, page by page.

The listing is one sequence of parts, users first; a marker names the part and where it goes on.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import AccountId
from keyfob.services.iam.aws_managed import load_aws_managed_policies
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.documents import render_document
from keyfob.services.iam.operations.attachments import render_attached
from keyfob.services.iam.operations.groups import render_group
from keyfob.services.iam.operations.instance_profiles import render_profiles
from keyfob.services.iam.operations.managed_policies import render_policy
from keyfob.services.iam.operations.policy_versions import render_version
from keyfob.services.iam.operations.roles import render_whole_role
from keyfob.services.iam.operations.users import render_whole_user
from keyfob.services.iam.paging import page_limit, page_start, render_page
from keyfob.store.ports.iam_entities import IamEntity
from keyfob.store.ports.iam_groups import GroupRecord
from keyfob.store.ports.iam_policies import ManagedPolicyRecord, ManagedPolicyUse
from keyfob.store.ports.iam_roles import RoleRecord
from keyfob.store.ports.iam_users import UserRecord
from keyfob.store.ports.page import Page

_Detail = dict[str, Any]

_ReadPart = Callable[[IamService, AccountId, str | None, int], Awaitable[Page[_Detail]]]
"""Returns a part's details after a key, at most so many."""


async def get_account_authorization_details(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of what the filter wants; without a filter, of everything."""
    wanted = request.params.get("Filter") or list(_PARTS)
    names = [name for name in _PARTS if name in wanted]
    start, _, after = (page_start("details", request.params) or "").partition("/")
    if start in names:
        names = names[names.index(start) :]
    room = page_limit(request.params)
    answer: dict[str, Any] = {list_name: [] for list_name, _ in _PARTS.values()}
    for name in names:
        if room == 0:
            return {**answer, **render_page("details", f"{name}/")}
        list_name, read = _PARTS[name]
        page = await read(service, request.account, after or None, room)
        answer[list_name] += page.items
        if page.next_after is not None:
            return {**answer, **render_page("details", f"{name}/{page.next_after}")}
        room, after = room - len(page.items), ""
    return {**answer, **render_page("details", None)}


async def _users(
    service: IamService, account: AccountId, after: str | None, limit: int
) -> Page[_Detail]:
    page = await service.users.page(account, after=after, limit=limit)
    return Page(tuple([await _user(service, user) for user in page.items]), page.next_after)


async def _user(service: IamService, record: UserRecord) -> _Detail:
    groups = await service.groups.groups_of(record.account, record.name)
    return {
        **render_whole_user(record),
        "UserPolicyList": _inline(record),
        "GroupList": [group.name for group in groups],
        "AttachedManagedPolicies": render_attached(record),
    }


async def _groups(
    service: IamService, account: AccountId, after: str | None, limit: int
) -> Page[_Detail]:
    page = await service.groups.page(account, after=after, limit=limit)
    return Page(tuple(_group(group) for group in page.items), page.next_after)


def _group(record: GroupRecord) -> _Detail:
    return {
        **render_group(record),
        "GroupPolicyList": _inline(record),
        "AttachedManagedPolicies": render_attached(record),
    }


async def _roles(
    service: IamService, account: AccountId, after: str | None, limit: int
) -> Page[_Detail]:
    page = await service.roles.page(account, after=after, limit=limit)
    return Page(tuple([await _role(service, role) for role in page.items]), page.next_after)


async def _role(service: IamService, record: RoleRecord) -> _Detail:
    profiles = await service.instance_profiles.with_role(record.account, record.name)
    role = render_whole_role(record)
    for member in ("Description", "MaxSessionDuration"):
        role.pop(member, None)
    return {
        **role,
        "InstanceProfileList": await render_profiles(service, record.account, profiles),
        "RolePolicyList": _inline(record),
        "AttachedManagedPolicies": render_attached(record),
    }


async def _local_policies(
    service: IamService, account: AccountId, after: str | None, limit: int
) -> Page[_Detail]:
    page = await service.policies.page(account, after=after, limit=limit)
    details = [
        _policy(record, await service.policies.use(account, record.arn)) for record in page.items
    ]
    return Page(tuple(details), page.next_after)


async def _aws_policies(
    service: IamService, account: AccountId, after: str | None, limit: int
) -> Page[_Detail]:
    """Return those of AWS's policies that the account uses: they fit one page after another."""
    details: list[_Detail] = []
    for record in load_aws_managed_policies().values():
        key = record.name.lower()
        use = await service.policies.use(account, record.arn)
        if (after is not None and key <= after) or not (use.attached or use.as_boundary):
            continue
        if len(details) == limit:
            return Page(tuple(details), details[-1]["PolicyName"].lower())
        details.append(_policy(record, use))
    return Page(tuple(details))


def _policy(record: ManagedPolicyRecord, use: ManagedPolicyUse) -> _Detail:
    detail = render_policy(record, use)
    detail.pop("Tags", None)
    versions = [
        {**render_version(record, version), "Document": render_document(version.document)}
        for version in reversed(record.versions)
    ]
    return {**detail, "PolicyVersionList": versions}


def _inline(record: IamEntity) -> list[_Detail]:
    return [
        {"PolicyName": name, "PolicyDocument": render_document(document)}
        for name, document in record.inline.items()
    ]


_PARTS: Mapping[str, tuple[str, _ReadPart]] = {
    "User": ("UserDetailList", _users),
    "Group": ("GroupDetailList", _groups),
    "Role": ("RoleDetailList", _roles),
    "LocalManagedPolicy": ("Policies", _local_policies),
    "AWSManagedPolicy": ("Policies", _aws_policies),
}
"""The parts in their order: name in `Filter`, output member, reader."""
