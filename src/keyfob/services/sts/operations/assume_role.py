"""AssumeRole: the caller's own policies and the role's trust policy, judged together."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.context import Circumstances, build_contexts
from keyfob.authz.operation import AuthorizedRequest, Params
from keyfob.authz.principal import FederatedUser, IamUser, RoleSession, Root
from keyfob.core.errors import internal_failure
from keyfob.services.sts import errors
from keyfob.services.sts.dependencies import StsService
from keyfob.services.sts.domain.durations import choose_duration
from keyfob.services.sts.domain.session_policies import (
    packed_size_percent,
    read_session_policies,
)
from keyfob.services.sts.domain.session_tags import (
    SessionTags,
    inherit_transitive,
    require_legal_tags,
    require_transitive_keys,
)
from keyfob.services.sts.domain.sessions import SessionGrant
from keyfob.services.sts.domain.trust import ASSUME_ROLE, Trust, session_keys, trust_actions
from keyfob.services.sts.operations.sessions import render_session
from keyfob.services.sts.ports import CallerVerdict, RoleFacts

_TOLERATED = {
    Trust.ACCOUNT: frozenset({CallerVerdict.ALLOWED}),
    Trust.ROLE: frozenset({CallerVerdict.ALLOWED, CallerVerdict.NOT_GRANTED}),
    Trust.CALLER: frozenset(
        {CallerVerdict.ALLOWED, CallerVerdict.NOT_GRANTED, CallerVerdict.BEYOND_CEILING}
    ),
}
"""What the caller's own policies may say within one account, by what the trust policy names."""


async def assume_role(service: StsService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Issue credentials of a role to a user or to another role's session."""
    caller, params = _require_caller(request), request.params
    tags = _read_tags(params, caller)
    source_identity = _read_source_identity(params, caller)
    policies = await read_session_policies(
        service.managed_policies, params.get("Policy"), params.get("PolicyArns") or ()
    )
    role = await service.issuer.roles.find(params["RoleArn"])
    if role is None:
        raise errors.not_authorized(caller.arn, ASSUME_ROLE, params["RoleArn"])
    await _require_allowed(service, request, caller, role, tags)
    duration_s = choose_duration(
        params.get("DurationSeconds"),
        role.max_session_duration_s,
        is_chained=isinstance(caller, RoleSession),
    )
    percent = packed_size_percent(policies, tags.tags)
    grant = SessionGrant(
        role=role,
        session_name=params["RoleSessionName"],
        issued_at_s=request.now_s,
        duration_s=duration_s,
        tags=tags.tags,
        transitive_tag_keys=tags.transitive_keys,
        session_policies=policies,
        source_identity=source_identity,
    )
    credentials = service.issuer.sessions.issue(grant)
    output = render_session(role, grant.session_name, credentials, percent)
    if source_identity is not None:
        output["SourceIdentity"] = source_identity
    return output


def _require_caller(request: AuthorizedRequest) -> IamUser | RoleSession:
    """Return a caller that may assume roles at all, with nothing asked that is not to be had.

    Raises:
        AwsError: root, a federated user, an MFA code (nobody has a device), or a provided
            context.
    """
    principal = request.principal
    if isinstance(principal, Root):
        raise errors.root_may_not_assume()
    if isinstance(principal, FederatedUser):
        raise errors.not_authorized(principal.arn, ASSUME_ROLE, request.params["RoleArn"])
    if not isinstance(principal, IamUser | RoleSession):
        raise internal_failure()
    if "SerialNumber" in request.params or "TokenCode" in request.params:
        raise errors.mfa_failed()
    if request.params.get("ProvidedContexts"):
        raise errors.contexts_not_supported()
    return principal


def _read_tags(params: Params, caller: IamUser | RoleSession) -> SessionTags:
    legal = require_legal_tags([(tag["Key"], tag["Value"]) for tag in params.get("Tags") or ()])
    transitive = require_transitive_keys(params.get("TransitiveTagKeys") or (), legal)
    passed = SessionTags(legal, transitive)
    if isinstance(caller, RoleSession):
        return inherit_transitive(passed, caller.tags, caller.transitive_tag_keys)
    return passed


def _read_source_identity(params: Params, caller: IamUser | RoleSession) -> str | None:
    """Return the session's source identity: once set it stays through role chaining."""
    asked: str | None = params.get("SourceIdentity")
    held = caller.source_identity if isinstance(caller, RoleSession) else None
    if held is not None and asked not in (None, held):
        raise errors.source_identity_conflict()
    return held if held is not None else asked


async def _require_allowed(
    service: StsService,
    request: AuthorizedRequest,
    caller: IamUser | RoleSession,
    role: RoleFacts,
    tags: SessionTags,
) -> None:
    """Require every action of such a session, from the trust policy and from the caller's own."""
    call, params = request.call, request.params
    source_identity = params.get("SourceIdentity")
    keys = session_keys(
        params["RoleSessionName"],
        tags,
        external_id=params.get("ExternalId"),
        source_identity=source_identity,
    )
    circumstances = Circumstances(call.region, call.source_ip, call.is_tls, call.user_agent)
    contexts = build_contexts(caller, circumstances, has_iot_principal_tags=False)
    context = contexts.at(call.now_s).iam.overlay(keys)
    for action in trust_actions(ASSUME_ROLE, tags, source_identity):
        trust, decision = service.issuer.trust.judge_caller(role, action, caller, context)
        if trust is Trust.NONE:
            service.issuer.denials.record(
                decision, caller, now_s=call.now_s, source_ip=call.source_ip
            )
            raise errors.not_authorized(caller.arn, action, role.arn)
        # another account's word alone never suffices: the caller's own account must agree
        reach = trust if caller.account == role.account else Trust.ACCOUNT
        if not await service.caller_policies.permit(
            call, action, role.arn, keys, _TOLERATED[reach]
        ):
            raise errors.not_authorized(caller.arn, action, role.arn)
