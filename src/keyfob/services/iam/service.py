"""IAM: what it needs, and its operations.

Source of actions and resources: Service Authorization Reference, AWS IAM (documented).
"""

from dataclasses import dataclass

from keyfob.authz.operation import (
    Auth,
    ContextBuilder,
    Handler,
    Operation,
    ResourceBuilder,
    any_resource,
    no_context,
)
from keyfob.core.ids import Randomness
from keyfob.services.iam import resources
from keyfob.services.iam.entities import ROLE, USER
from keyfob.services.iam.operations import (
    access_keys,
    attachments,
    managed_policies,
    policy_versions,
    roles,
    users,
)
from keyfob.services.iam.operations.attachments import ROLE_ATTACHMENTS, USER_ATTACHMENTS
from keyfob.services.iam.operations.boundaries import ROLE_BOUNDARIES, USER_BOUNDARIES
from keyfob.services.iam.operations.inline_policies import ROLE_INLINE, USER_INLINE
from keyfob.services.iam.operations.tags import ROLE_TAGS, USER_TAGS
from keyfob.store.ports.iam_policies import ManagedPolicyStore
from keyfob.store.ports.iam_roles import RoleStore
from keyfob.store.ports.iam_users import UserStore
from keyfob.tokens.sealed import Sealer


@dataclass(frozen=True, slots=True)
class IamService:
    """What IAM's operations work with."""

    roles: RoleStore
    users: UserStore
    policies: ManagedPolicyStore
    sealer: Sealer
    """Encrypts secret access keys."""
    randomness: Randomness


def _row(
    name: str,
    handler: Handler[IamService],
    resource: ResourceBuilder[IamService],
    context: ContextBuilder = no_context,
) -> Operation[IamService]:
    return Operation(name, Auth.SIGV4, handler, f"iam:{name}", resource, context)


_ROLE = ROLE.resource
_USER = USER.resource
_POLICY = resources.policy_resource


OPERATIONS: tuple[Operation[IamService], ...] = (
    _row("CreateRole", roles.create_role, ROLE.new_resource, resources.boundary_and_tags),
    _row("GetRole", roles.get_role, _ROLE),
    _row("ListRoles", roles.list_roles, ROLE.any_of_kind),
    _row("UpdateRole", roles.update_role, _ROLE),
    _row("UpdateRoleDescription", roles.update_role_description, _ROLE),
    _row("DeleteRole", roles.delete_role, _ROLE),
    _row("UpdateAssumeRolePolicy", roles.update_assume_role_policy, _ROLE),
    _row("TagRole", ROLE_TAGS.add, _ROLE, resources.request_tags),
    _row("UntagRole", ROLE_TAGS.remove, _ROLE, resources.removed_tags),
    _row("ListRoleTags", ROLE_TAGS.list, _ROLE),
    _row("PutRolePermissionsBoundary", ROLE_BOUNDARIES.put, _ROLE, resources.boundary),
    _row("DeleteRolePermissionsBoundary", ROLE_BOUNDARIES.delete, _ROLE),
    _row("PutRolePolicy", ROLE_INLINE.put, _ROLE),
    _row("GetRolePolicy", ROLE_INLINE.get, _ROLE),
    _row("ListRolePolicies", ROLE_INLINE.list, _ROLE),
    _row("DeleteRolePolicy", ROLE_INLINE.delete, _ROLE),
    _row("AttachRolePolicy", ROLE_ATTACHMENTS.attach, _ROLE, resources.attached_policy),
    _row("DetachRolePolicy", ROLE_ATTACHMENTS.detach, _ROLE, resources.attached_policy),
    _row("ListAttachedRolePolicies", ROLE_ATTACHMENTS.list, _ROLE),
    _row("CreateUser", users.create_user, USER.new_resource, resources.boundary_and_tags),
    _row("GetUser", users.get_user, _USER),
    _row("ListUsers", users.list_users, USER.any_of_kind),
    _row("UpdateUser", users.update_user, resources.renamed_user_resource),
    _row("DeleteUser", users.delete_user, _USER),
    _row("TagUser", USER_TAGS.add, _USER, resources.request_tags),
    _row("UntagUser", USER_TAGS.remove, _USER, resources.removed_tags),
    _row("ListUserTags", USER_TAGS.list, _USER),
    _row("PutUserPermissionsBoundary", USER_BOUNDARIES.put, _USER, resources.boundary),
    _row("DeleteUserPermissionsBoundary", USER_BOUNDARIES.delete, _USER),
    _row("PutUserPolicy", USER_INLINE.put, _USER),
    _row("GetUserPolicy", USER_INLINE.get, _USER),
    _row("ListUserPolicies", USER_INLINE.list, _USER),
    _row("DeleteUserPolicy", USER_INLINE.delete, _USER),
    _row("AttachUserPolicy", USER_ATTACHMENTS.attach, _USER, resources.attached_policy),
    _row("DetachUserPolicy", USER_ATTACHMENTS.detach, _USER, resources.attached_policy),
    _row("ListAttachedUserPolicies", USER_ATTACHMENTS.list, _USER),
    _row("CreateAccessKey", access_keys.create_access_key, _USER),
    _row("ListAccessKeys", access_keys.list_access_keys, _USER),
    _row("UpdateAccessKey", access_keys.update_access_key, _USER),
    _row("DeleteAccessKey", access_keys.delete_access_key, _USER),
    _row(
        "CreatePolicy",
        managed_policies.create_policy,
        resources.new_policy_resource,
        resources.request_tags,
    ),
    _row("GetPolicy", managed_policies.get_policy, _POLICY),
    _row("ListPolicies", managed_policies.list_policies, any_resource),
    _row("DeletePolicy", managed_policies.delete_policy, _POLICY),
    _row("CreatePolicyVersion", policy_versions.create_policy_version, _POLICY),
    _row("GetPolicyVersion", policy_versions.get_policy_version, _POLICY),
    _row("ListPolicyVersions", policy_versions.list_policy_versions, _POLICY),
    _row("SetDefaultPolicyVersion", policy_versions.set_default_policy_version, _POLICY),
    _row("DeletePolicyVersion", policy_versions.delete_policy_version, _POLICY),
    _row("ListEntitiesForPolicy", attachments.list_entities_for_policy, _POLICY),
)
"""Every operation that exists; the rest of the model answers that it is not implemented."""
