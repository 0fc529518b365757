"""AWS IoT's control plane: what it needs, and its operations."""

from keyfob.authz.operation import Auth, Handler, Operation, ResourceBuilder, any_resource
from keyfob.services.iot import resources
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.operations import (
    attachments,
    effective_policies,
    endpoints,
    policies,
    policy_versions,
)


def _row(
    name: str, handler: Handler[IotService], resource: ResourceBuilder[IotService] = any_resource
) -> Operation[IotService]:
    return Operation(name, Auth.SIGV4, handler, f"iot:{name}", resource)


_POLICY = resources.policy_resource
_TARGET = resources.target_resource
_TESTED = resources.tested_resource

OPERATIONS: tuple[Operation[IotService], ...] = (
    _row("CreatePolicy", policies.create_policy, _POLICY),
    _row("GetPolicy", policies.get_policy, _POLICY),
    _row("ListPolicies", policies.list_policies),
    _row("DeletePolicy", policies.delete_policy, _POLICY),
    _row("CreatePolicyVersion", policy_versions.create_policy_version, _POLICY),
    _row("GetPolicyVersion", policy_versions.get_policy_version, _POLICY),
    _row("ListPolicyVersions", policy_versions.list_policy_versions, _POLICY),
    _row("SetDefaultPolicyVersion", policy_versions.set_default_policy_version, _POLICY),
    _row("DeletePolicyVersion", policy_versions.delete_policy_version, _POLICY),
    _row("AttachPolicy", attachments.attach_policy, _TARGET),
    _row("DetachPolicy", attachments.detach_policy, _TARGET),
    _row("ListAttachedPolicies", attachments.list_attached_policies, _TARGET),
    _row("ListTargetsForPolicy", attachments.list_targets_for_policy, _POLICY),
    _row("AttachPrincipalPolicy", attachments.attach_policy, _TARGET),
    _row("DetachPrincipalPolicy", attachments.detach_principal_policy, _TARGET),
    _row("ListPrincipalPolicies", attachments.list_principal_policies, _TARGET),
    _row("ListPolicyPrincipals", attachments.list_policy_principals, _POLICY),
    _row("GetEffectivePolicies", effective_policies.get_effective_policies, _TESTED),
    _row("TestAuthorization", effective_policies.test_authorization, _TESTED),
    _row("DescribeEndpoint", endpoints.describe_endpoint),
)
"""Every operation that exists; the rest of the model answers that it is not implemented."""
