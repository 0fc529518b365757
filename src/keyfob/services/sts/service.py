"""STS: what the operations work with, and the operation table.

`AssumeRole` has no policy row: whether the caller's own policies must allow it depends on the
role's trust policy, so the handler asks for both together (`operations.assume_role`).
"""

from keyfob.authz.operation import Auth, Operation
from keyfob.services.sts.dependencies import StsService
from keyfob.services.sts.operations.assume_role import assume_role
from keyfob.services.sts.operations.caller_identity import get_caller_identity
from keyfob.services.sts.operations.information import (
    decode_authorization_message,
    get_access_key_info,
)
from keyfob.services.sts.operations.user_sessions import (
    federated_user,
    federation_keys,
    get_federation_token,
    get_session_token,
    tagging,
)
from keyfob.services.sts.operations.web_identity import assume_role_with_web_identity

OPERATIONS: tuple[Operation[StsService], ...] = (
    Operation("GetCallerIdentity", Auth.SIGV4_WITHOUT_POLICY, get_caller_identity),
    Operation("AssumeRole", Auth.SIGV4_WITHOUT_POLICY, assume_role),
    Operation("AssumeRoleWithWebIdentity", Auth.PUBLIC, assume_role_with_web_identity),
    Operation("GetSessionToken", Auth.SIGV4_WITHOUT_POLICY, get_session_token),
    Operation(
        "GetFederationToken",
        Auth.SIGV4,
        get_federation_token,
        "sts:GetFederationToken",
        federated_user,
        federation_keys,
        tagging,
    ),
    Operation("GetAccessKeyInfo", Auth.SIGV4, get_access_key_info, "sts:GetAccessKeyInfo"),
    Operation(
        "DecodeAuthorizationMessage",
        Auth.SIGV4,
        decode_authorization_message,
        "sts:DecodeAuthorizationMessage",
    ),
)
"""Every operation that is real; the rest of the model answers that it is not implemented."""
