"""Assuming a role with a web identity, whoever verified it.

`AssumeRoleWithWebIdentity` and the identity pools' enhanced flow both end here, so there is one
place where a web identity is held against a trust policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keyfob.authz.context import time_keys
from keyfob.authz.principal import WebIdentity
from keyfob.core.ids import AccountId
from keyfob.policy import Effect, RequestContext, RequestPrincipal
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
    TAG_SESSION,
    Keys,
    TrustPolicies,
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
            raise errors.web_identity_not_authorized()
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
            web_identity=WebIdentity(
                identity.provider, identity.audience, identity.subject, identity.amr
            ),
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
        principal = RequestPrincipal.federated(request.identity.provider)
        context = _build_context(request, tags)
        for action in trust_actions(ASSUME_ROLE_WITH_WEB_IDENTITY, tags, None):
            if self.trust.judge(role, action, principal, context) is not Effect.ALLOW:
                raise (
                    errors.web_identity_may_not_tag(role.arn)
                    if action == TAG_SESSION
                    else errors.web_identity_not_authorized()
                )
        if role.account != request.identity.account and request.identity.provider == COGNITO:
            self._require_audience_condition(role, principal, context)

    def _require_audience_condition(
        self, role: RoleFacts, principal: RequestPrincipal, context: RequestContext
    ) -> None:
        """Refuse another account's role whose trust does not depend on the identity pool.

        Such a trust policy would let in everybody who can make an identity pool; it is found by
        asking once more without an audience.
        """
        anyone = context.overlay({f"{COGNITO}:aud": ()})
        effect = self.trust.judge(role, ASSUME_ROLE_WITH_WEB_IDENTITY, principal, anyone)
        if effect is Effect.ALLOW:
            raise errors.web_identity_not_authorized()


def _build_context(request: WebIdentityRequest, tags: SessionTags) -> RequestContext:
    identity = request.identity
    keys: dict[str, tuple[str, ...]] = {
        **request.circumstances,
        **time_keys(request.now_s),
        **session_keys(request.session_name, tags),
        "aws:FederatedProvider": (identity.provider,),
        f"{identity.provider}:aud": (identity.audience,),
        f"{identity.provider}:sub": (identity.subject,),
    }
    if identity.amr:
        keys[f"{identity.provider}:amr"] = identity.amr
    return RequestContext(keys)
