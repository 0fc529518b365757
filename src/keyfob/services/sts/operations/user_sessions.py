"""GetSessionToken and GetFederationToken: sessions of users, without a role."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest, Call
from keyfob.authz.principal import IamUser, Root
from keyfob.core.arn import sts_arn
from keyfob.services.sts import errors
from keyfob.services.sts.dependencies import StsService
from keyfob.services.sts.domain.durations import choose_user_duration
from keyfob.services.sts.domain.session_policies import (
    packed_size_percent,
    read_session_policies,
)
from keyfob.services.sts.domain.session_tags import SessionTags, require_legal_tags
from keyfob.services.sts.domain.trust import TAG_SESSION, session_tag_keys
from keyfob.services.sts.domain.user_sessions import Federation
from keyfob.services.sts.operations.sessions import render_credentials


async def get_session_token(service: StsService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Issue credentials that are the caller's own for a while; needs no permission."""
    caller = _require_long_term(request, "GetSessionToken")
    if "SerialNumber" in request.params or "TokenCode" in request.params:
        raise errors.mfa_failed()
    duration_s = choose_user_duration(
        request.params.get("DurationSeconds"), is_root=isinstance(caller, Root)
    )
    issued = service.user_sessions.issue(caller, request.now_s, duration_s)
    return {"Credentials": render_credentials(issued)}


async def get_federation_token(
    service: StsService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Issue credentials for somebody else: the caller's permissions within session policies."""
    params = request.params
    caller = _require_long_term(request, "GetFederationToken")
    policies = await read_session_policies(
        service.managed_policies, params.get("Policy"), params.get("PolicyArns") or ()
    )
    tags = require_legal_tags([(tag["Key"], tag["Value"]) for tag in params.get("Tags") or ()])
    duration_s = choose_user_duration(
        params.get("DurationSeconds"), is_root=isinstance(caller, Root)
    )
    percent = packed_size_percent(policies, tags)
    federation = Federation(params["Name"], tags, policies)
    issued = service.user_sessions.issue(caller, request.now_s, duration_s, federation)
    output: dict[str, Any] = {
        "Credentials": render_credentials(issued),
        "FederatedUser": {
            "FederatedUserId": f"{request.account}:{federation.name}",
            "Arn": _federated_arn(request.call),
        },
    }
    if percent is not None:
        output["PackedPolicySize"] = percent
    return output


async def federated_user(_service: object, call: Call) -> tuple[str, ...]:
    """Name the federated user of the input."""
    return (_federated_arn(call),)


async def federation_keys(_service: object, call: Call) -> dict[str, tuple[str, ...]]:
    """Return the keys of the session tags."""
    tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags") or ()}
    return session_tag_keys(SessionTags(tags))


def tagging(call: Call) -> tuple[str, ...]:
    """Return `sts:TagSession` where tags are passed."""
    return (TAG_SESSION,) if call.params.get("Tags") else ()


def _federated_arn(call: Call) -> str:
    return sts_arn(call.account, f"federated-user/{call.params['Name']}")


def _require_long_term(request: AuthorizedRequest, operation: str) -> Root | IamUser:
    """Return a caller that signed with a long-term key.

    Raises:
        AwsError: the credentials are temporary.
    """
    principal = request.principal
    if not isinstance(principal, Root | IamUser) or principal.session is not None:
        raise errors.long_term_credentials_needed(operation)
    return principal
