"""Managed policies attached to entities: Attach, Detach, List, ListEntitiesForPolicy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import msgspec

from keyfob.authz.operation import AuthorizedRequest, Params
from keyfob.services.iam import errors
from keyfob.services.iam.aws_managed import is_aws_managed
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.entities import GROUP, ROLE, USER
from keyfob.services.iam.kinds import ResourceKind
from keyfob.services.iam.operations.managed_policies import find_policy, require_attachable
from keyfob.services.iam.paging import cut_page
from keyfob.store.ports.iam_entities import EntityStore, EntityT, IamEntity, IamPrincipal

MAX_ATTACHED = 10
"""Managed policies of one entity; IAM User Guide, `reference_iam-quotas` (documented)."""


@dataclass(frozen=True, slots=True)
class Attachments(Generic[EntityT]):
    """The operations for one kind of entity."""

    kind: ResourceKind[EntityT]

    async def attach(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
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

    async def detach(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Detach a policy."""
        arn = request.params["PolicyArn"]

        def change(record: EntityT) -> EntityT:
            if arn not in record.attached:
                raise errors.policy_not_attached(arn)
            rest = tuple(other for other in record.attached if other != arn)
            return msgspec.structs.replace(record, attached=rest)

        await self.kind.update(service, request, change)
        return {}

    async def list(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Return a page of the attached policies."""
        record = await self.kind.find(service, request)
        prefix = request.params.get("PathPrefix", "/")
        attached = [arn for arn in record.attached if _path(arn).startswith(prefix)]
        arns, more = cut_page("attached", request.params, attached, key=_page_key)
        policies = [{"PolicyName": _name(arn), "PolicyArn": arn} for arn in arns]
        return {"AttachedPolicies": policies, **more}


ROLE_ATTACHMENTS = Attachments(ROLE)
USER_ATTACHMENTS = Attachments(USER)
GROUP_ATTACHMENTS = Attachments(GROUP)


async def list_entities_for_policy(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of the groups, roles and users that have a policy."""
    params = request.params
    policy = await find_policy(service, params["PolicyArn"], request.account)
    stores: dict[str, EntityStore[Any]] = {
        "Group": service.groups,
        "Role": service.roles,
        "User": service.users,
    }
    entities: list[tuple[str, IamEntity]] = []
    for kind, store in stores.items():
        if params.get("EntityFilter", kind) == kind:
            holders = await store.holders(request.account, policy.arn)
            entities += [(kind, record) for record in holders if _counts(params, record)]
    page, more = cut_page(
        "entities", params, entities, key=lambda entity: f"{entity[0]}/{entity[1].name.lower()}"
    )
    answer: dict[str, Any] = {f"Policy{kind}s": [] for kind in stores}
    for kind, record in page:
        answer[f"Policy{kind}s"].append({f"{kind}Name": record.name, f"{kind}Id": record.unique_id})
    return {**answer, **more}


def _counts(params: Params, record: IamEntity) -> bool:
    """Return whether an entity that has the policy is below the path and has it as asked."""
    arn = params["PolicyArn"]
    is_boundary = isinstance(record, IamPrincipal) and record.boundary_arn == arn
    matches = {"PermissionsPolicy": arn in record.attached, "PermissionsBoundary": is_boundary}
    is_below = record.path.startswith(params.get("PathPrefix", "/"))
    return is_below and matches.get(params.get("PolicyUsageFilter", ""), True)


def render_attached(record: IamEntity) -> list[dict[str, str]]:
    """Return all attached policies in the form of answers."""
    return [{"PolicyName": _name(arn), "PolicyArn": arn} for arn in record.attached]


def _name(policy_arn: str) -> str:
    return policy_arn.rpartition("/")[2]


def _page_key(policy_arn: str) -> str:
    """Return what orders attached policies: unique, and shorter than an ARN with a long path."""
    return f"{'aws' if is_aws_managed(policy_arn) else 'own'}/{_name(policy_arn)}"


def _path(policy_arn: str) -> str:
    """Return the path of a managed policy: what stands between `policy` and its name."""
    return policy_arn.partition(":policy")[2].rpartition("/")[0] + "/"
