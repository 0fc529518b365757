"""IAM: what it needs, and its operations.

Source of actions and resources: Service Authorization Reference, AWS IAM (documented).
"""

from keyfob.authz.operation import (
    Auth,
    ContextBuilder,
    Handler,
    Operation,
    ResourceBuilder,
    ResourceLabel,
    any_resource,
    arn_label,
)
from keyfob.services.iam import resources
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.entities import GROUP, ROLE, USER
from keyfob.services.iam.instance_profiles import INSTANCE_PROFILE
from keyfob.services.iam.kinds import ResourceKind
from keyfob.services.iam.operations import (
    access_keys,
    account,
    attachments,
    authorization_details,
    credential_reports,
    groups,
    instance_profiles,
    managed_policies,
    open_id_providers,
    policy_tags,
    policy_versions,
    roles,
    saml_providers,
    simulation,
    users,
)
from keyfob.services.iam.operations.attachments import (
    GROUP_ATTACHMENTS,
    ROLE_ATTACHMENTS,
    USER_ATTACHMENTS,
)
from keyfob.services.iam.operations.boundaries import ROLE_BOUNDARIES, USER_BOUNDARIES
from keyfob.services.iam.operations.inline_policies import GROUP_INLINE, ROLE_INLINE, USER_INLINE
from keyfob.services.iam.operations.tags import (
    INSTANCE_PROFILE_TAGS,
    OPEN_ID_PROVIDER_TAGS,
    ROLE_TAGS,
    SAML_PROVIDER_TAGS,
    USER_TAGS,
)
from keyfob.services.iam.providers import OPEN_ID_PROVIDER, SAML_PROVIDER
from keyfob.store.ports.iam_resources import RecordT

_Row = Operation[IamService]
_Do = Handler[IamService]
_Keys = ContextBuilder[IamService]


def _row(
    name: str,
    handler: _Do,
    resource: ResourceBuilder[IamService],
    *keys: _Keys,
    label: ResourceLabel = arn_label,
) -> _Row:
    context = resources.join_keys(*keys)
    return Operation(name, Auth.SIGV4, handler, f"iam:{name}", resource, context, label=label)


def _makes(noun: str, handler: _Do, resource: ResourceBuilder[IamService], *keys: _Keys) -> _Row:
    """Return the row of `Create<noun>`, which asks for `Tag<noun>` too when tags come with it."""
    return Operation(
        f"Create{noun}",
        Auth.SIGV4,
        handler,
        f"iam:Create{noun}",
        resource,
        resources.join_keys(resources.request_tags, *keys),
        also=lambda call: (f"iam:Tag{noun}",) if call.params.get("Tags") else (),
    )


def _on(kind: ResourceKind[RecordT], name: str, handler: _Do, *keys: _Keys) -> _Row:
    """Return the row of an operation on one resource that is there."""
    return _row(name, handler, kind.resource, kind.stored_tags, *keys, label=kind.label)


def _on_policy(name: str, handler: _Do, *keys: _Keys) -> _Row:
    """Return the row of an operation on one managed policy."""
    return _row(name, handler, resources.policy_resource, resources.stored_policy_tags, *keys)


_TAGS_IN, _TAGS_OUT = resources.request_tags, resources.removed_tags
_NEW_BOUNDARY, _POLICY = resources.new_boundary, resources.attached_policy


_ROLE_ROWS: tuple[_Row, ...] = (
    _makes("Role", roles.create_role, ROLE.new_resource, _NEW_BOUNDARY),
    _on(ROLE, "GetRole", roles.get_role),
    _row("ListRoles", roles.list_roles, ROLE.any_of_kind),
    _on(ROLE, "UpdateRole", roles.update_role),
    _on(ROLE, "UpdateRoleDescription", roles.update_role_description),
    _on(ROLE, "DeleteRole", roles.delete_role),
    _on(ROLE, "UpdateAssumeRolePolicy", roles.update_assume_role_policy),
    _on(ROLE, "TagRole", ROLE_TAGS.add, _TAGS_IN),
    _on(ROLE, "UntagRole", ROLE_TAGS.remove, _TAGS_OUT),
    _on(ROLE, "ListRoleTags", ROLE_TAGS.list),
    _on(ROLE, "PutRolePermissionsBoundary", ROLE_BOUNDARIES.put, _NEW_BOUNDARY),
    _on(ROLE, "DeleteRolePermissionsBoundary", ROLE_BOUNDARIES.delete, ROLE.stored_boundary),
    _on(ROLE, "PutRolePolicy", ROLE_INLINE.put, ROLE.stored_boundary),
    _on(ROLE, "GetRolePolicy", ROLE_INLINE.get),
    _on(ROLE, "ListRolePolicies", ROLE_INLINE.list),
    _on(ROLE, "DeleteRolePolicy", ROLE_INLINE.delete, ROLE.stored_boundary),
    _on(ROLE, "AttachRolePolicy", ROLE_ATTACHMENTS.attach, ROLE.stored_boundary, _POLICY),
    _on(ROLE, "DetachRolePolicy", ROLE_ATTACHMENTS.detach, ROLE.stored_boundary, _POLICY),
    _on(ROLE, "ListAttachedRolePolicies", ROLE_ATTACHMENTS.list),
    _on(ROLE, "ListInstanceProfilesForRole", instance_profiles.list_instance_profiles_for_role),
)

_USER_ROWS: tuple[_Row, ...] = (
    _makes("User", users.create_user, USER.new_resource, _NEW_BOUNDARY),
    _on(USER, "GetUser", users.get_user),
    _row("ListUsers", users.list_users, USER.any_of_kind),
    _row(
        "UpdateUser",
        users.update_user,
        USER.renamed_resource,
        USER.stored_tags,
        label=USER.label,
    ),
    _on(USER, "DeleteUser", users.delete_user),
    _on(USER, "TagUser", USER_TAGS.add, _TAGS_IN),
    _on(USER, "UntagUser", USER_TAGS.remove, _TAGS_OUT),
    _on(USER, "ListUserTags", USER_TAGS.list),
    _on(USER, "PutUserPermissionsBoundary", USER_BOUNDARIES.put, _NEW_BOUNDARY),
    _on(USER, "DeleteUserPermissionsBoundary", USER_BOUNDARIES.delete, USER.stored_boundary),
    _on(USER, "PutUserPolicy", USER_INLINE.put, USER.stored_boundary),
    _on(USER, "GetUserPolicy", USER_INLINE.get),
    _on(USER, "ListUserPolicies", USER_INLINE.list),
    _on(USER, "DeleteUserPolicy", USER_INLINE.delete, USER.stored_boundary),
    _on(USER, "AttachUserPolicy", USER_ATTACHMENTS.attach, USER.stored_boundary, _POLICY),
    _on(USER, "DetachUserPolicy", USER_ATTACHMENTS.detach, USER.stored_boundary, _POLICY),
    _on(USER, "ListAttachedUserPolicies", USER_ATTACHMENTS.list),
    _on(USER, "ListGroupsForUser", groups.list_groups_for_user),
    _on(USER, "CreateAccessKey", access_keys.create_access_key),
    _on(USER, "ListAccessKeys", access_keys.list_access_keys),
    _on(USER, "UpdateAccessKey", access_keys.update_access_key),
    _on(USER, "DeleteAccessKey", access_keys.delete_access_key),
    _row(
        "GetAccessKeyLastUsed",
        access_keys.get_access_key_last_used,
        resources.key_owner_resource,
        resources.key_owner_tags,
        label=resources.key_label,
    ),
)

_GROUP_ROWS: tuple[_Row, ...] = (
    _row("CreateGroup", groups.create_group, GROUP.new_resource),
    _on(GROUP, "GetGroup", groups.get_group),
    _row("ListGroups", groups.list_groups, GROUP.any_of_kind),
    _row("UpdateGroup", groups.update_group, GROUP.renamed_resource, label=GROUP.label),
    _on(GROUP, "DeleteGroup", groups.delete_group),
    _on(GROUP, "AddUserToGroup", groups.add_user_to_group),
    _on(GROUP, "RemoveUserFromGroup", groups.remove_user_from_group),
    _on(GROUP, "PutGroupPolicy", GROUP_INLINE.put),
    _on(GROUP, "GetGroupPolicy", GROUP_INLINE.get),
    _on(GROUP, "ListGroupPolicies", GROUP_INLINE.list),
    _on(GROUP, "DeleteGroupPolicy", GROUP_INLINE.delete),
    _on(GROUP, "AttachGroupPolicy", GROUP_ATTACHMENTS.attach, _POLICY),
    _on(GROUP, "DetachGroupPolicy", GROUP_ATTACHMENTS.detach, _POLICY),
    _on(GROUP, "ListAttachedGroupPolicies", GROUP_ATTACHMENTS.list),
)

_POLICY_ROWS: tuple[_Row, ...] = (
    _makes("Policy", managed_policies.create_policy, resources.new_policy_resource),
    _on_policy("GetPolicy", managed_policies.get_policy),
    _row("ListPolicies", managed_policies.list_policies, any_resource),
    _on_policy("DeletePolicy", managed_policies.delete_policy),
    _on_policy("CreatePolicyVersion", policy_versions.create_policy_version),
    _on_policy("GetPolicyVersion", policy_versions.get_policy_version),
    _on_policy("ListPolicyVersions", policy_versions.list_policy_versions),
    _on_policy("SetDefaultPolicyVersion", policy_versions.set_default_policy_version),
    _on_policy("DeletePolicyVersion", policy_versions.delete_policy_version),
    _on_policy("ListEntitiesForPolicy", attachments.list_entities_for_policy),
    _on_policy("TagPolicy", policy_tags.tag_policy, _TAGS_IN),
    _on_policy("UntagPolicy", policy_tags.untag_policy, _TAGS_OUT),
    _on_policy("ListPolicyTags", policy_tags.list_policy_tags),
)

_PROFILE = INSTANCE_PROFILE

_INSTANCE_PROFILE_ROWS: tuple[_Row, ...] = (
    _makes(
        "InstanceProfile",
        instance_profiles.create_instance_profile,
        _PROFILE.new_resource,
    ),
    _on(_PROFILE, "GetInstanceProfile", instance_profiles.get_instance_profile),
    _row("ListInstanceProfiles", instance_profiles.list_instance_profiles, _PROFILE.any_of_kind),
    _on(_PROFILE, "DeleteInstanceProfile", instance_profiles.delete_instance_profile),
    _on(_PROFILE, "AddRoleToInstanceProfile", instance_profiles.add_role_to_instance_profile),
    _on(
        _PROFILE,
        "RemoveRoleFromInstanceProfile",
        instance_profiles.remove_role_from_instance_profile,
    ),
    _on(_PROFILE, "TagInstanceProfile", INSTANCE_PROFILE_TAGS.add, _TAGS_IN),
    _on(_PROFILE, "UntagInstanceProfile", INSTANCE_PROFILE_TAGS.remove, _TAGS_OUT),
    _on(_PROFILE, "ListInstanceProfileTags", INSTANCE_PROFILE_TAGS.list),
)

_OPEN_ID, _SAML = OPEN_ID_PROVIDER, SAML_PROVIDER

_PROVIDER_ROWS: tuple[_Row, ...] = (
    _makes(
        "OpenIDConnectProvider",
        open_id_providers.create_open_id_provider,
        resources.new_open_id_provider_resource,
    ),
    _on(_OPEN_ID, "GetOpenIDConnectProvider", open_id_providers.get_open_id_provider),
    _row("ListOpenIDConnectProviders", open_id_providers.list_open_id_providers, any_resource),
    _on(_OPEN_ID, "DeleteOpenIDConnectProvider", open_id_providers.delete_open_id_provider),
    _on(
        _OPEN_ID,
        "AddClientIDToOpenIDConnectProvider",
        open_id_providers.add_client_id_to_provider,
    ),
    _on(
        _OPEN_ID,
        "RemoveClientIDFromOpenIDConnectProvider",
        open_id_providers.remove_client_id_from_provider,
    ),
    _on(
        _OPEN_ID,
        "UpdateOpenIDConnectProviderThumbprint",
        open_id_providers.update_provider_thumbprint,
    ),
    _on(_OPEN_ID, "TagOpenIDConnectProvider", OPEN_ID_PROVIDER_TAGS.add, _TAGS_IN),
    _on(_OPEN_ID, "UntagOpenIDConnectProvider", OPEN_ID_PROVIDER_TAGS.remove, _TAGS_OUT),
    _on(_OPEN_ID, "ListOpenIDConnectProviderTags", OPEN_ID_PROVIDER_TAGS.list),
    _makes(
        "SAMLProvider",
        saml_providers.create_saml_provider,
        resources.new_saml_provider_resource,
    ),
    _on(_SAML, "GetSAMLProvider", saml_providers.get_saml_provider),
    _row("ListSAMLProviders", saml_providers.list_saml_providers, any_resource),
    _on(_SAML, "UpdateSAMLProvider", saml_providers.update_saml_provider),
    _on(_SAML, "DeleteSAMLProvider", saml_providers.delete_saml_provider),
    _on(_SAML, "TagSAMLProvider", SAML_PROVIDER_TAGS.add, _TAGS_IN),
    _on(_SAML, "UntagSAMLProvider", SAML_PROVIDER_TAGS.remove, _TAGS_OUT),
    _on(_SAML, "ListSAMLProviderTags", SAML_PROVIDER_TAGS.list),
)

_ACCOUNT_ROWS: tuple[_Row, ...] = (
    _row("CreateAccountAlias", account.create_account_alias, any_resource),
    _row("DeleteAccountAlias", account.delete_account_alias, any_resource),
    _row("ListAccountAliases", account.list_account_aliases, any_resource),
    _row("GetAccountSummary", account.get_account_summary, any_resource),
    _row(
        "GetAccountAuthorizationDetails",
        authorization_details.get_account_authorization_details,
        any_resource,
    ),
    _row(
        "GenerateCredentialReport",
        credential_reports.generate_credential_report,
        any_resource,
    ),
    _row("GetCredentialReport", credential_reports.get_credential_report, any_resource),
)

_SIMULATED = simulation.simulated_principal

_SIMULATION_ROWS: tuple[_Row, ...] = (
    _row("SimulateCustomPolicy", simulation.simulate_custom_policy, any_resource),
    _row("SimulatePrincipalPolicy", simulation.simulate_principal_policy, _SIMULATED),
    _row(
        "GetContextKeysForCustomPolicy",
        simulation.get_context_keys_for_custom_policy,
        any_resource,
    ),
    _row(
        "GetContextKeysForPrincipalPolicy",
        simulation.get_context_keys_for_principal_policy,
        _SIMULATED,
    ),
)

OPERATIONS: tuple[_Row, ...] = (
    *_ROLE_ROWS,
    *_USER_ROWS,
    *_GROUP_ROWS,
    *_POLICY_ROWS,
    *_INSTANCE_PROFILE_ROWS,
    *_PROVIDER_ROWS,
    *_ACCOUNT_ROWS,
    *_SIMULATION_ROWS,
)
"""Every operation that exists; the rest of the model answers that it is not implemented."""
