"""STS: what the operations work with, and the operation table.

`AssumeRole` has no policy row: whether the caller's own policies must allow it depends on the
role's trust policy, so the handler asks for both together (`operations.assume_role`).
"""

from dataclasses import dataclass

from keyfob.authz.operation import Auth, Operation
from keyfob.services.sts.issuer import RoleSessionIssuer
from keyfob.services.sts.operations.assume_role import assume_role
from keyfob.services.sts.operations.caller_identity import get_caller_identity
from keyfob.services.sts.operations.web_identity import assume_role_with_web_identity
from keyfob.services.sts.ports import CallerPolicies, ManagedPolicyLookup, WebIdentityVerifier


@dataclass(frozen=True)
class StsService:
    """The dependencies of STS."""

    issuer: RoleSessionIssuer
    caller_policies: CallerPolicies
    managed_policies: ManagedPolicyLookup
    web_identities: WebIdentityVerifier


OPERATIONS: tuple[Operation[StsService], ...] = (
    Operation("GetCallerIdentity", Auth.SIGV4_WITHOUT_POLICY, get_caller_identity),
    Operation("AssumeRole", Auth.SIGV4_WITHOUT_POLICY, assume_role),
    Operation("AssumeRoleWithWebIdentity", Auth.PUBLIC, assume_role_with_web_identity),
)
"""Every operation that is real; the rest of the model answers that it is not implemented."""
