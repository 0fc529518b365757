"""The enforcement point of the HTTP APIs: the only builder of `AuthorizedRequest`.

Each kind of authentication has one check. A check raises or returns; what has no check, or a
principal that does not fit its check, is refused.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from keyfob.authz.authorizer import Authorizer
from keyfob.authz.context import Circumstances
from keyfob.authz.errors import OperationRowError
from keyfob.authz.operation import _AUTHORIZER, Auth, AuthorizedRequest, Call, Operation
from keyfob.authz.principal import (
    Anonymous,
    FederatedUser,
    IamUser,
    RoleSession,
    Root,
    SignedInUser,
)
from keyfob.core.errors import AwsError, access_denied

ServiceT = TypeVar("ServiceT")

USER_SCOPE = "aws.cognito.signin.user.admin"
"""Scope an access token needs for the user's own operations.

Source: Cognito Developer Guide, `amazon-cognito-user-pools-using-the-access-token` (documented).
"""


async def enforce(
    authorizer: Authorizer, operation: Operation[ServiceT], service: ServiceT, call: Call
) -> AuthorizedRequest:
    """Return the authorised request.

    Args:
        authorizer: who decides.
        operation: the row of the operation called.
        service: the row's service, for its resource builder.
        call: the validated call with its authenticated principal.

    Raises:
        AwsError: the refusal, in AWS's words; the denial log has it when a policy refused.
    """
    await _CHECKS[operation.auth](authorizer, operation, service, call)
    return AuthorizedRequest(call, _AUTHORIZER)


async def _check_policies(
    authorizer: Authorizer, operation: Operation[Any], service: Any, call: Call
) -> None:
    """Require that the caller's policies allow the action on every resource."""
    _require_signature(call)
    if not operation.action:
        raise OperationRowError(f"operation {operation.name} names no action")
    resources = await operation.resources(service, call)
    if not resources:
        raise OperationRowError(f"operation {operation.name} names no resource")
    keys = await operation.context(service, call)
    for action in (operation.action, *operation.also(call)):
        for resource in resources:
            label = operation.label(call, resource)
            await _require_allowed(authorizer, action, resource, label, keys, call)


async def _require_allowed(
    authorizer: Authorizer,
    action: str,
    resource: str,
    label: str,
    keys: Mapping[str, tuple[str, ...]],
    call: Call,
) -> None:
    circumstances = Circumstances(call.region, call.source_ip, call.is_tls, call.user_agent)
    decision = await authorizer.decide(
        call.principal, action, resource, circumstances, now_s=call.now_s, keys=keys
    )
    if decision.is_allowed:
        return
    authorizer.denials.record(decision, call.principal, now_s=call.now_s, source_ip=call.source_ip)
    raise access_denied(decision.message_on(label))


async def _check_signature(
    authorizer: Authorizer, _operation: Operation[Any], _service: Any, call: Call
) -> None:
    """Require a signature by credentials that still stand; no policy is asked."""
    _require_signature(call)
    if await authorizer.is_revoked(call.principal, call.region):
        raise AwsError(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            status=403,
        )


async def _check_access_token(
    _authorizer: Authorizer, _operation: Operation[Any], _service: Any, call: Call
) -> None:
    """Require a user pool user whose access token has the scope for its own operations."""
    principal = call.principal
    if not isinstance(principal, SignedInUser):
        raise AwsError("NotAuthorizedException", "Invalid Access Token")
    if USER_SCOPE not in principal.scopes:
        raise AwsError("NotAuthorizedException", "Access Token does not have required scopes")


async def _check_public(
    _authorizer: Authorizer, _operation: Operation[Any], _service: Any, call: Call
) -> None:
    """Require nothing but a principal that an HTTP request without a token can have."""
    if not isinstance(call.principal, Anonymous | Root | IamUser | FederatedUser | RoleSession):
        raise access_denied("this operation takes no such principal")


def _require_signature(call: Call) -> None:
    """Require a principal that signs, acting in its own account."""
    principal = call.principal
    if not isinstance(principal, Root | IamUser | FederatedUser | RoleSession):
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", status=403)
    if call.account != principal.account:
        raise access_denied(f"User: {principal.arn} acts in its own account only")


_Check = Callable[[Authorizer, Operation[Any], Any, Call], Awaitable[None]]

_CHECKS: Mapping[Auth, _Check] = {
    Auth.SIGV4: _check_policies,
    Auth.SIGV4_WITHOUT_POLICY: _check_signature,
    Auth.ACCESS_TOKEN: _check_access_token,
    Auth.PUBLIC: _check_public,
}
