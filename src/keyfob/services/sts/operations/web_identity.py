"""AssumeRoleWithWebIdentity."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.context import Circumstances, build_contexts
from keyfob.authz.operation import AuthorizedRequest, Call
from keyfob.authz.principal import Anonymous
from keyfob.core.arn import ArnError, parse_arn
from keyfob.core.ids import AccountId
from keyfob.services.sts import errors
from keyfob.services.sts.dependencies import StsService
from keyfob.services.sts.domain.session_policies import read_session_policies
from keyfob.services.sts.issuer import WebIdentityRequest
from keyfob.services.sts.operations.sessions import render_session

_CONNECTION_KEYS = frozenset({"aws:SecureTransport", "aws:SourceIp", "aws:UserAgent"})


async def assume_role_with_web_identity(
    service: StsService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Issue credentials of a role to the holder of a web identity token; nothing else is asked."""
    params = request.params
    if "ProviderId" in params:
        # only OAuth 2.0 access tokens name their provider; they carry nothing that can be verified
        raise errors.invalid_identity_token("OAuth 2.0 access tokens are not accepted.")
    identity = await service.web_identities.verify(
        params["WebIdentityToken"], _account_of(params["RoleArn"]), request.now_s
    )
    policies = await read_session_policies(
        service.managed_policies, params.get("Policy"), params.get("PolicyArns") or ()
    )
    session_name: str = params["RoleSessionName"]
    session = await service.issuer.assume(
        WebIdentityRequest(
            params["RoleArn"],
            session_name,
            identity,
            request.now_s,
            params.get("DurationSeconds"),
            policies,
            _connection_keys(request.call),
        )
    )
    output = {
        **render_session(
            session.role, session_name, session.credentials, session.packed_size_percent
        ),
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.principal,
        "Audience": identity.audience,
    }
    if identity.source_identity is not None:
        output["SourceIdentity"] = identity.source_identity
    return output


def _account_of(role_arn: str) -> AccountId:
    """Return the account whose providers count: the role's."""
    try:
        return AccountId(parse_arn(role_arn).account)
    except ArnError:
        raise errors.validation_error(f"{role_arn[:200]} is invalid") from None


def _connection_keys(call: Call) -> dict[str, tuple[str, ...]]:
    """Return what a trust policy may ask about the connection; the token alone says who it is."""
    circumstances = Circumstances(call.region, call.source_ip, call.is_tls, call.user_agent)
    known = build_contexts(Anonymous(call.account), circumstances, has_iot_principal_tags=False).iam
    return {key: known.get(key.lower()) or () for key in _CONNECTION_KEYS}
