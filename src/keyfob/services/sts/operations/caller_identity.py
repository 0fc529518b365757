"""GetCallerIdentity."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.authz.principal import FederatedUser, IamUser, RoleSession, Root
from keyfob.core.errors import internal_failure
from keyfob.services.sts.dependencies import StsService


async def get_caller_identity(
    _service: StsService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Say who signed; needs no permission, and a Deny does not stop it (documented)."""
    principal = request.principal
    if not isinstance(principal, Root | IamUser | FederatedUser | RoleSession):
        raise internal_failure()
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}
