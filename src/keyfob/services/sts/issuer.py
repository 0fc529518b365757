"""Assuming a role with a web identity, whoever verified it.

`AssumeRoleWithWebIdentity` and the identity pools' enhanced flow both end here, so there is one
place where a web identity is held against a trust policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keyfob.authz.audit import DenialLog
from keyfob.authz.context import time_keys
from keyfob.authz.decision import Decision
from keyfob.authz.principal import RoleSession, WebIdentity
from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId
from keyfob.policy import RequestContext, RequestPrincipal
from keyfob.services.sts import errors
from keyfob.services.sts.domain.durations import choose_duration
from keyfob.services.sts.domain.session_policies import packed_size_percent
from keyfob.services.sts.domain.session_tags import (
    SessionTags,
    require_legal_tags,
    require_transitive_keys,
)
from keyfob.services.sts.domain.sessions import (
    IssuedCredentials,
    SessionCredentials,
    SessionGrant,
)
from keyfob.services.sts.domain.trust import (
    ASSUME_ROLE_WITH_WEB_IDENTITY,
    SET_SOURCE_IDENTITY,
    TAG_SESSION,
    Keys,
    TrustPolicies,
    TrustQuestion,
    session_keys,
    trust_actions,
)
from keyfob.services.sts.ports import RoleFacts, RoleLookup, VerifiedWebIdentity

COGNITO = "cognito-identity.amazonaws.com"


@dataclass(frozen=True, slots=True)
class WebIdentityRequest:
    """A role session that a verified web identity asks for."""

    role_arn: str
    session_name: str
    identity: VerifiedWebIdentity
    now_s: float
    duration_s: int | None = None
    session_policies: tuple[str, ...] = ()
    circumstances: Keys = field(default_factory=dict)
    """Condition keys of the caller's connection; none where Cognito itself calls."""


@dataclass(frozen=True, slots=True)
class WebIdentitySession:
    """A role session that was issued."""

    role: RoleFacts
    credentials: IssuedCredentials
    packed_size_percent: int | None


@dataclass(frozen=True)
class RoleSessionIssuer:
    """Assumes roles for web identities."""

    roles: RoleLookup
    sessions: SessionCredentials
    denials: DenialLog
    """Where refusals of trust policies are recorded."""
    trust: TrustPolicies = field(default_factory=TrustPolicies)

    async def assume(self, request: WebIdentityRequest) -> WebIdentitySession:
        """Issue a session if the role's trust policy lets the identity in, tags and all.

        Raises:
            AwsError: `AccessDenied`, also for a role that does not exist; `ValidationError` for
                tags or a duration; `PackedPolicyTooLarge`.
        """
        identity = request.identity
        legal = require_legal_tags(tuple(identity.principal_tags.items()))
        tags = SessionTags(legal, require_transitive_keys(identity.transitive_tag_keys, legal))
        role = await self.roles.find(request.role_arn)
        if role is None:
            question = _ask(request, ASSUME_ROLE_WITH_WEB_IDENTITY, _build_context(request, tags))
            raise self._refused(request, question.refuse("the role does not exist"))
        self._require_trust(role, request, tags)
        duration_s = choose_duration(
            request.duration_s, role.max_session_duration_s, is_chained=False
        )
        grant = SessionGrant(
            role=role,
            session_name=request.session_name,
            issued_at_s=request.now_s,
            duration_s=duration_s,
            tags=tags.tags,
            transitive_tag_keys=tags.transitive_keys,
            session_policies=request.session_policies,
            source_identity=identity.source_identity,
            web_identity=_to_web_identity(identity),
        )
        percent = packed_size_percent(request.session_policies, tags.tags)
        return WebIdentitySession(role, self.sessions.issue(grant), percent)

    async def assume_role_with_web_identity(
        self,
        role_arn: str,
        *,
        session_name: str,
        account: AccountId,
        audience: str,
        subject: str,
        amr: tuple[str, ...],
        principal_tags: Mapping[str, str],
        session_policies: tuple[str, ...],
        duration_s: int,
        now_s: float,
    ) -> IssuedCredentials:
        """Assume a role for an identity of an identity pool; see `assume`.

        Raises:
            AwsError: as `assume`.
        """
        identity = VerifiedWebIdentity(COGNITO, audience, subject, account, amr, principal_tags)
        session = await self.assume(
            WebIdentityRequest(
                role_arn, session_name, identity, now_s, duration_s, session_policies
            )
        )
        return session.credentials

    def _require_trust(
        self, role: RoleFacts, request: WebIdentityRequest, tags: SessionTags
    ) -> None:
        context = _build_context(request, tags)
        for action in _actions(request, tags):
            decision = self.trust.judge(role, _ask(request, action, context))
            if not decision.is_allowed:
                raise self._refused(request, decision)
        if role.account != request.identity.account and request.identity.provider == COGNITO:
            self._require_audience_condition(role, request, context)

    def _require_audience_condition(
        self, role: RoleFacts, request: WebIdentityRequest, context: RequestContext
    ) -> None:
        """Refuse another account's role whose trust does not depend on the identity pool.

        Such a trust policy would let in everybody who can make an identity pool; it is found by
        asking once more without an audience.
        """
        anyone = context.overlay({f"{COGNITO}:aud": ()})
        question = _ask(request, ASSUME_ROLE_WITH_WEB_IDENTITY, anyone)
        if self.trust.judge(role, question).is_allowed:
            note = "it lets in the identity pools of every account"
            raise self._refused(request, question.refuse(note))

    def _refused(self, request: WebIdentityRequest, decision: Decision) -> AwsError:
        """Record a refusal under the session that was asked for; return what the caller is told."""
        source_ip = request.circumstances.get("aws:SourceIp", ())
        self.denials.record(
            decision,
            _wanted_session(request),
            now_s=request.now_s,
            source_ip=source_ip[0] if source_ip else "",
        )
        if decision.question.action == TAG_SESSION:
            return errors.web_identity_may_not_tag(request.role_arn)
        if decision.question.action == SET_SOURCE_IDENTITY:
            return errors.web_identity_may_not_set_source_identity(request.role_arn)
        return errors.web_identity_not_authorized()


def _ask(request: WebIdentityRequest, action: str, context: RequestContext) -> TrustQuestion:
    identity = request.identity
    return TrustQuestion(
        request.role_arn,
        action,
        RequestPrincipal.federated(identity.principal),
        f"{identity.provider}:{identity.subject}",
        context,
    )


def _wanted_session(request: WebIdentityRequest) -> RoleSession:
    """Return the session that would have been, so that its identity and user can be named."""
    identity = request.identity
    return RoleSession(
        account=identity.account,
        role_name=request.role_arn.rpartition("/")[2],
        role_arn=request.role_arn,
        role_id="",
        session_name=request.session_name,
        access_key_id="",
        issued_at_s=request.now_s,
        expires_at_s=request.now_s,
        tags=identity.principal_tags,
        web_identity=_to_web_identity(identity),
    )


def _to_web_identity(identity: VerifiedWebIdentity) -> WebIdentity:
    return WebIdentity(
        identity.provider,
        identity.audience,
        identity.subject,
        identity.amr,
        identity.provider_arn,
    )


def _actions(request: WebIdentityRequest, tags: SessionTags) -> tuple[str, ...]:
    return trust_actions(ASSUME_ROLE_WITH_WEB_IDENTITY, tags, request.identity.source_identity)


def _build_context(request: WebIdentityRequest, tags: SessionTags) -> RequestContext:
    identity = request.identity
    keys: dict[str, tuple[str, ...]] = {
        **request.circumstances,
        **time_keys(request.now_s),
        **session_keys(request.session_name, tags, source_identity=identity.source_identity),
        "aws:FederatedProvider": (identity.principal,),
        f"{identity.provider}:aud": (identity.audience,),
        f"{identity.provider}:sub": (identity.subject,),
    }
    if identity.amr:
        keys[f"{identity.provider}:amr"] = identity.amr
    return RequestContext(keys)
