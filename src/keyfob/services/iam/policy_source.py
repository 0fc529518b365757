"""The policies of roles and users, for `authz`."""

from dataclasses import dataclass

from keyfob.authz.ports import IdentityPolicies, NamedPolicy
from keyfob.core.arn import parse_arn
from keyfob.core.errors import KeyfobError
from keyfob.core.ids import AccountId
from keyfob.services.iam.aws_managed import is_aws_managed, load_aws_managed_policies
from keyfob.store.ports.iam_entities import IamEntity, IamPrincipal
from keyfob.store.ports.iam_groups import GroupStore
from keyfob.store.ports.iam_policies import ManagedPolicyRecord, ManagedPolicyStore
from keyfob.store.ports.iam_roles import RoleStore
from keyfob.store.ports.iam_users import UserStore


class DanglingPolicyError(KeyfobError):
    """A role or user refers to a managed policy that is gone: the store is broken."""


@dataclass(frozen=True, slots=True)
class IamPolicies:
    """Implements `authz.ports.IamPolicySource`; reads are indexed, `authz` remembers answers."""

    roles: RoleStore
    users: UserStore
    groups: GroupStore
    policies: ManagedPolicyStore

    async def role_policies(self, role_arn: str) -> IdentityPolicies | None:
        """Return a role's policies; None when no role has that ARN."""
        role = await self.roles.get(*entity_key(role_arn))
        if role is None or role.arn != role_arn:
            return None
        return IdentityPolicies(await self._policies(role), await self._boundary(role))

    async def user_policies(self, user_arn: str) -> IdentityPolicies | None:
        """Return a user's policies and those of its groups; None when no user has that ARN."""
        user = await self.users.get(*entity_key(user_arn))
        if user is None or user.arn != user_arn:
            return None
        policies = list(await self._policies(user))
        for group in await self.groups.groups_of(user.account, user.name):
            policies += await self._policies(group, f"{group.name}/")
        return IdentityPolicies(tuple(policies), await self._boundary(user))

    async def default_document(self, policy_arn: str) -> str | None:
        """Return the document in force of a managed policy; None when there is none."""
        record = await self._find(policy_arn)
        return None if record is None else record.default_version.document

    async def _policies(self, entity: IamEntity, start: str = "") -> tuple[NamedPolicy, ...]:
        """Return inline and managed policies; inline names begin with `start`."""
        inline = [
            NamedPolicy(f"{start}{name}", document) for name, document in entity.inline.items()
        ]
        managed = [await self._managed(policy_arn) for policy_arn in entity.attached]
        return (*inline, *managed)

    async def _boundary(self, principal: IamPrincipal) -> NamedPolicy | None:
        arn = principal.boundary_arn
        return None if arn is None else await self._managed(arn)

    async def _find(self, arn: str) -> ManagedPolicyRecord | None:
        if is_aws_managed(arn):
            return load_aws_managed_policies().get(arn)
        return await self.policies.get(arn)

    async def _managed(self, arn: str) -> NamedPolicy:
        record = await self._find(arn)
        if record is None:
            # A missing boundary must not widen what is allowed, so nothing is judged without it.
            raise DanglingPolicyError(f"policy `{arn}` is referred to but does not exist")
        version = record.default_version
        return NamedPolicy(f"{record.name}:{version.version_id}", version.document)


def entity_key(arn: str) -> tuple[AccountId, str]:
    """Return account and name of a role's or user's ARN."""
    parsed = parse_arn(arn)
    return AccountId(parsed.account), parsed.resource.rpartition("/")[2]
