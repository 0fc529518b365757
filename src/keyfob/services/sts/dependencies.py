"""What the operations of STS work with."""

from dataclasses import dataclass

from keyfob.services.sts.domain.user_sessions import UserSessionCredentials
from keyfob.services.sts.issuer import RoleSessionIssuer
from keyfob.services.sts.ports import (
    AccessKeyAccounts,
    CallerPolicies,
    ManagedPolicyLookup,
    WebIdentityVerifier,
)


@dataclass(frozen=True)
class StsService:
    """The dependencies of STS."""

    issuer: RoleSessionIssuer
    caller_policies: CallerPolicies
    managed_policies: ManagedPolicyLookup
    web_identities: WebIdentityVerifier
    user_sessions: UserSessionCredentials
    access_keys: AccessKeyAccounts
