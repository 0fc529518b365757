"""What is known of the whole account: its alias and GetAccountSummary."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import AccountId
from keyfob.policy import MANAGED_POLICY_CHARACTERS
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.documents import INLINE_CHARACTERS, TRUST_POLICY_CHARACTERS
from keyfob.services.iam.domain.versions import MAX_VERSIONS
from keyfob.services.iam.operations.access_keys import MAX_ACCESS_KEYS
from keyfob.services.iam.operations.attachments import MAX_ATTACHED
from keyfob.services.iam.operations.groups import MAX_GROUPS_PER_USER
from keyfob.services.iam.paging import read_all
from keyfob.store.ports.iam_aliases import AliasTakenError

_QUOTAS: Mapping[str, int] = {
    "UserPolicySizeQuota": INLINE_CHARACTERS["user"],
    "GroupPolicySizeQuota": INLINE_CHARACTERS["group"],
    "RolePolicySizeQuota": INLINE_CHARACTERS["role"],
    "AssumeRolePolicySizeQuota": TRUST_POLICY_CHARACTERS,
    "PolicySizeQuota": MANAGED_POLICY_CHARACTERS,
    "GroupsPerUserQuota": MAX_GROUPS_PER_USER,
    "AccessKeysPerUserQuota": MAX_ACCESS_KEYS,
    "AttachedPoliciesPerGroupQuota": MAX_ATTACHED,
    "AttachedPoliciesPerRoleQuota": MAX_ATTACHED,
    "AttachedPoliciesPerUserQuota": MAX_ATTACHED,
    "VersionsPerPolicyQuota": MAX_VERSIONS,
}
"""The quotas that are held to here; AWS's bounds on the number of users, roles and so on are not,
so they are left out."""

_WITHOUT: Mapping[str, int] = {
    "AccountAccessKeysPresent": 1,
    "AccountMFAEnabled": 0,
    "AccountPasswordPresent": 0,
    "AccountSigningCertificatesPresent": 0,
    "MFADevices": 0,
    "MFADevicesInUse": 0,
    "ServerCertificates": 0,
}
"""The root user here has one access key, made with the server; nobody has the rest."""


async def create_account_alias(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Give the account an alias in place of the one it had.

    Source: IAM User Guide, `console_account-alias` (documented).
    """
    alias = request.params["AccountAlias"]
    try:
        await service.aliases.put(request.account, alias)
    except AliasTakenError:
        raise errors.alias_taken(alias) from None
    return {}


async def delete_account_alias(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take the alias away."""
    alias = request.params["AccountAlias"]
    if not await service.aliases.delete(request.account, alias):
        raise errors.alias_not_found(alias)
    return {}


async def list_account_aliases(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return the alias, if there is one."""
    alias = await service.aliases.get(request.account)
    return {"AccountAliases": [] if alias is None else [alias], "IsTruncated": False}


async def get_account_summary(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return what there is how often, and the quotas that are held to."""
    account = request.account
    policies = await read_all(service.policies, account)
    counts = {
        "Users": await service.users.count(account),
        "Groups": await service.groups.count(account),
        "Roles": await service.roles.count(account),
        "Policies": len(policies),
        "InstanceProfiles": await service.instance_profiles.count(account),
        "Providers": await _count_providers(service, account),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in policies),
    }
    return {"SummaryMap": {**counts, **_QUOTAS, **_WITHOUT}}


async def _count_providers(service: IamService, account: AccountId) -> int:
    open_id = await service.open_id_providers.count(account)
    return open_id + await service.saml_providers.count(account)
