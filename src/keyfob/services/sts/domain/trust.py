"""Trust policies: whom a role lets in.

Theory. A trust policy is a resource policy. Within one account a statement that names the user or
the session itself is a grant of its own; one that names the role leaves the ceilings of its session
(boundary, session policies) in force; one that names the account only delegates, so the caller's
own policies must allow too. Across accounts they must allow in any case. An explicit deny on either
side decides.

Source: IAM User Guide, `reference_policies_evaluation-logic` and `id_session-tags` (documented).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from keyfob.authz.compilation import PolicyCompiler
from keyfob.authz.context import Contexts
from keyfob.authz.decision import Decision, Question, decide
from keyfob.authz.layers import Layer, LayerKind, Part
from keyfob.authz.ports import NamedPolicy
from keyfob.authz.principal import IamUser, RoleSession
from keyfob.policy import CompiledPolicy, Effect, PolicyKind, RequestContext, RequestPrincipal
from keyfob.policy.document import PrincipalName
from keyfob.services.sts.domain.session_tags import SessionTags
from keyfob.services.sts.ports import RoleFacts

ASSUME_ROLE = "sts:AssumeRole"
ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys with their values."""


class Trust(Enum):
    """How far a trust policy lets a caller in."""

    NONE = "none"
    ACCOUNT = "account"
    """Its account is named: its own policies must allow too."""
    ROLE = "role"
    """Its role is named: the session's ceilings still hold."""
    CALLER = "caller"
    """The very user or session is named."""


@dataclass(frozen=True, slots=True)
class TrustQuestion:
    """May this caller do this to a role?"""

    role_arn: str
    action: str
    caller: RequestPrincipal
    who: str
    """The caller's ARN, or what stands for it."""
    context: RequestContext

    def decide(self, layer: Layer) -> Decision:
        """Judge by a trust policy's layer alone."""
        contexts = Contexts(self.context, self.context)
        question = Question(self.who, self.action, self.role_arn, contexts, self.caller)
        return decide((layer,), question)

    def refuse(self, note: str) -> Decision:
        """Return a refusal that no statement made, for the record.

        Args:
            note: why, as half a sentence.
        """
        return self.decide(Layer(LayerKind.TRUST, Part.GRANT, (), note))


class TrustPolicies:
    """Evaluates trust policies, each compiled once."""

    def __init__(self) -> None:
        """Start with nothing compiled."""
        self._compiler = PolicyCompiler()

    def judge(self, role: RoleFacts, question: TrustQuestion) -> Decision:
        """Return what the role's trust policy says."""
        return question.decide(Layer(LayerKind.TRUST, Part.GRANT, (self._compile(role),)))

    def judge_caller(
        self,
        role: RoleFacts,
        action: str,
        caller: IamUser | RoleSession,
        context: RequestContext,
    ) -> tuple[Trust, Decision]:
        """Return how far the role's trust policy lets a signed caller do an action, and why."""
        question = TrustQuestion(role.arn, action, _everything(caller), caller.arn, context)
        decision = self.judge(role, question)
        if decision.effect is not Effect.ALLOW:
            return Trust.NONE, decision
        names = [(caller.arn, Trust.CALLER)]
        if isinstance(caller, RoleSession):
            names.append((caller.role_arn, Trust.ROLE))
        for arn, trust in names:
            only = RequestPrincipal(frozenset({PrincipalName("AWS", arn)}))
            if self.judge(role, replace(question, caller=only)).effect is Effect.ALLOW:
                return trust, decision
        return Trust.ACCOUNT, decision

    def _compile(self, role: RoleFacts) -> CompiledPolicy:
        """Compile a trust policy; one that cannot be understood denies everything."""
        named = NamedPolicy(f"trust policy of {role.name}", role.trust_policy)
        return self._compiler.compile(named, PolicyKind.TRUST)


def _everything(caller: IamUser | RoleSession) -> RequestPrincipal:
    if isinstance(caller, RoleSession):
        return RequestPrincipal.role_session(caller.account, caller.role_arn, caller.arn)
    return RequestPrincipal.user(caller.account, caller.arn)


def session_keys(
    session_name: str,
    tags: SessionTags,
    *,
    external_id: str | None = None,
    source_identity: str | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of the session that is asked for.

    Source: IAM User Guide, `reference_policies_iam-condition-keys` (documented).
    """
    keys: dict[str, tuple[str, ...]] = {"sts:RoleSessionName": (session_name,)}
    if external_id is not None:
        keys["sts:ExternalId"] = (external_id,)
    if source_identity is not None:
        keys["sts:SourceIdentity"] = (source_identity,)
    return {**keys, **session_tag_keys(tags)}


def session_tag_keys(tags: SessionTags) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of session tags that are asked for."""
    keys: dict[str, tuple[str, ...]] = {}
    if tags.tags:
        keys["aws:TagKeys"] = tuple(tags.tags)
        keys.update({f"aws:RequestTag/{key}": (value,) for key, value in tags.tags.items()})
    if tags.transitive_keys:
        keys["sts:TransitiveTagKeys"] = tags.transitive_keys
    return keys


def trust_actions(action: str, tags: SessionTags, source_identity: str | None) -> tuple[str, ...]:
    """Return the actions that must all be allowed for such a session, the main one first."""
    tagging = (TAG_SESSION,) if tags.tags else ()
    naming = (SET_SOURCE_IDENTITY,) if source_identity is not None else ()
    return (action, *tagging, *naming)
