"""The kinds of entity: role, user and group."""

from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from keyfob.authz.operation import Call
from keyfob.authz.principal import IamUser
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.kinds import Keys, ResourceKind
from keyfob.store.ports.iam_entities import IamEntity, IamPrincipal
from keyfob.store.ports.iam_groups import GroupRecord
from keyfob.store.ports.iam_roles import RoleRecord
from keyfob.store.ports.iam_users import UserRecord

PrincipalT = TypeVar("PrincipalT", bound=IamPrincipal)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalKind(ResourceKind[PrincipalT], Generic[PrincipalT]):
    """Role or user."""

    tag_keys: tuple[str, ...] = ("aws:ResourceTag", "iam:ResourceTag")

    async def stored_boundary(self, service: IamService, call: Call) -> Keys:
        """Return `iam:PermissionsBoundary`: the boundary that the role or user has."""
        record = await self._stored(service, call)
        if record is None or record.boundary_arn is None:
            return {}
        return {"iam:PermissionsBoundary": (record.boundary_arn,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _UserKind(PrincipalKind[UserRecord]):
    def name(self, call: Call) -> str | None:
        """Return the name a call gives; a user who gives none means itself."""
        name: str | None = call.params.get(self.name_member)
        if name is None and isinstance(call.principal, IamUser):
            return call.principal.name
        return name


ROLE: PrincipalKind[RoleRecord] = PrincipalKind(
    word="role",
    name_member="RoleName",
    quota_word="Role",
    store=lambda service: service.roles,
    missing=partial(errors.entity_not_found, "role"),
    taken=partial(errors.entity_exists, "role"),
    in_use=errors.must_remove_role_first,
)
USER: PrincipalKind[UserRecord] = _UserKind(
    word="user",
    name_member="UserName",
    quota_word="User",
    store=lambda service: service.users,
    missing=partial(errors.entity_not_found, "user"),
    taken=partial(errors.entity_exists, "user"),
    in_use=errors.must_remove_users_first,
)
GROUP: ResourceKind[GroupRecord] = ResourceKind(
    word="group",
    name_member="GroupName",
    quota_word="Group",
    store=lambda service: service.groups,
    missing=partial(errors.entity_not_found, "group"),
    taken=partial(errors.entity_exists, "group"),
    in_use=errors.must_remove_users_first,
)


def require_no_policies(record: IamEntity) -> None:
    """Refuse to delete an entity that still has policies.

    Raises:
        AwsError: `DeleteConflict`.
    """
    if record.attached:
        raise errors.must_detach_first()
    if record.inline:
        raise errors.must_delete_policies_first()
