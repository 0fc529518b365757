"""Managed policies attached to roles and users: Attach, Detach, List, ListEntitiesForPolicy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iam import errors
from keyfob.services.iam.aws_managed import is_aws_managed
from keyfob.services.iam.entities import ROLE, USER, EntityKind, EntityT
from keyfob.services.iam.operations.managed_policies import find_policy, require_attachable
from keyfob.services.iam.paging import cut_page
from keyfob.store.ports.iam_entities import IamEntity

if TYPE_CHECKING:
    from keyfob.services.iam.service import IamService

MAX_ATTACHED = 10
"""Managed policies of one role or user; IAM User Guide, `reference_iam-quotas` (documented)."""


@dataclass(frozen=True, slots=True)
class Attachments(Generic[EntityT]):
    """The operations for one kind of entity."""

    kind: EntityKind[EntityT]

    async def attach(self, service: "IamService", request: AuthorizedRequest) -> Mapping[str, Any]:
        """Attach a policy; nothing happens when it is attached already."""
        arn = request.params["PolicyArn"]
        require_attachable(arn, request.account)

        def change(record: EntityT) -> EntityT:
            if arn in record.attached:
                return record
            if len(record.attached) >= MAX_ATTACHED:
                raise errors.quota_exceeded(f"PoliciesPer{self.kind.quota_word}", MAX_ATTACHED)
            return msgspec.structs.replace(record, attached=(*record.attached, arn))

        await self.kind.update(service, request, change)
        return {}

    async def detach(self, service: "IamService", request: AuthorizedRequest) -> Mapping[str, Any]:
        """Detach a policy."""
        arn = request.params["PolicyArn"]

        def change(record: EntityT) -> EntityT:
            if arn not in record.attached:
                raise errors.policy_not_attached(arn)
            rest = tuple(other for other in record.attached if other != arn)
            return msgspec.structs.replace(record, attached=rest)

        await self.kind.update(service, request, change)
        return {}

    async def list(self, service: "IamService", request: AuthorizedRequest) -> Mapping[str, Any]:
        """Return a page of the attached policies."""
        record = await self.kind.find(service, request)
        prefix = request.params.get("PathPrefix", "/")
        attached = [arn for arn in record.attached if _path(arn).startswith(prefix)]
        arns, more = cut_page("attached", request.params, attached, key=_page_key)
        policies = [{"PolicyName": _name(arn), "PolicyArn": arn} for arn in arns]
        return {"AttachedPolicies": policies, **more}


ROLE_ATTACHMENTS = Attachments(ROLE)
USER_ATTACHMENTS = Attachments(USER)


async def list_entities_for_policy(
    service: "IamService", request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of the roles and users that have a policy."""
    params = request.params
    policy = await find_policy(service, params["PolicyArn"], request.account)
    wanted, prefix = params.get("EntityFilter"), params.get("PathPrefix", "/")
    usage = params.get("PolicyUsageFilter")

    def counts(record: IamEntity) -> bool:
        is_boundary = record.boundary_arn == policy.arn
        is_attached = policy.arn in record.attached
        matches = {"PermissionsPolicy": is_attached, "PermissionsBoundary": is_boundary}
        return record.path.startswith(prefix) and matches.get(usage or "", True)

    entities: list[tuple[str, IamEntity]] = []
    if wanted in (None, "Role"):
        roles = await service.roles.holders(request.account, policy.arn)
        entities += [("role", record) for record in roles if counts(record)]
    if wanted in (None, "User"):
        users = await service.users.holders(request.account, policy.arn)
        entities += [("user", record) for record in users if counts(record)]
    page, more = cut_page(
        "entities", params, entities, key=lambda entity: f"{entity[0]}/{entity[1].name.lower()}"
    )
    return {
        "PolicyGroups": [],
        "PolicyRoles": [
            {"RoleName": record.name, "RoleId": record.unique_id}
            for kind, record in page
            if kind == "role"
        ],
        "PolicyUsers": [
            {"UserName": record.name, "UserId": record.unique_id}
            for kind, record in page
            if kind == "user"
        ],
        **more,
    }


def _name(policy_arn: str) -> str:
    return policy_arn.rpartition("/")[2]


def _page_key(policy_arn: str) -> str:
    """Return what orders attached policies: unique, and shorter than an ARN with a long path."""
    return f"{'aws' if is_aws_managed(policy_arn) else 'own'}/{_name(policy_arn)}"


def _path(policy_arn: str) -> str:
    """Return the path of a managed policy: what stands between `policy` and its name."""
    return policy_arn.partition(":policy")[2].rpartition("/")[0] + "/"
