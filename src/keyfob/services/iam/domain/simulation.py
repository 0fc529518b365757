"""The policy simulator: the engine's answer about policies that are given or looked up.

Combination. Identity policies grant and the boundary narrows, as for a user's own requests. A
resource policy of the same account grants besides; where it names the very user, an implicit deny
of the boundary does not hold (IAM User Guide, `access_policies_boundaries`, documented). One of
another account must allow too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from keyfob.authz.context import Contexts
from keyfob.authz.decision import Decision, Question, decide
from keyfob.authz.layers import Layer, LayerKind, Part
from keyfob.policy import (
    CompiledPolicy,
    Effect,
    PolicyError,
    PolicyKind,
    PrincipalName,
    RequestContext,
    RequestPrincipal,
    compile_policy,
    parse_policy,
)
from keyfob.policy.document import Statement
from keyfob.services.iam import errors
from keyfob.services.iam.domain.positions import Span, find_statements

SourceType = Literal["user", "group", "role", "aws-managed", "user-managed", "resource", "none"]
"""The model's `PolicySourceType`."""


class EvalDecision(Enum):
    """The model's `PolicyEvaluationDecisionType`."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


_DECISIONS = {
    Effect.ALLOW: EvalDecision.ALLOWED,
    Effect.EXPLICIT_DENY: EvalDecision.EXPLICIT_DENY,
    Effect.IMPLICIT_DENY: EvalDecision.IMPLICIT_DENY,
}


@dataclass(frozen=True, slots=True, eq=False)
class SourcePolicy:
    """A policy under simulation."""

    policy_id: str
    """As answers call it, for instance `PolicyInputList.1`."""
    type: SourceType
    document: str
    compiled: CompiledPolicy
    """Its name is unique within a simulation, which `policy_id` may not be."""
    keys: frozenset[str]
    """Condition keys its conditions and variables look at, as written."""


@dataclass(frozen=True, slots=True)
class MatchedStatement:
    """A statement that decided."""

    policy: SourcePolicy
    span: Span


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one action on one resource."""

    resource: str
    decision: EvalDecision
    matched: tuple[MatchedStatement, ...]
    missing_keys: tuple[str, ...]
    is_within_boundary: bool | None
    """None when there is no boundary."""
    by_type: Mapping[str, EvalDecision]
    """What each type of policy says; for requests across accounts only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is simulated."""

    identity: tuple[SourcePolicy, ...]
    boundary: SourcePolicy | None = None
    resource: SourcePolicy | None = None
    caller_arn: str = ""
    """User, group or role; empty when none is needed."""
    caller_account: str = ""
    owner_account: str = ""
    """Account of the resource policy."""

    def judge(self, action: str, resource: str, context: RequestContext) -> Verdict:
        """Judge one action on one resource."""
        question = Question(
            self.caller_arn, action, resource, Contexts(context, context), self._caller()
        )
        decision = decide(self._layers(), question)
        result = _DECISIONS[decision.effect]
        if result is EvalDecision.IMPLICIT_DENY and self._is_granted_by_name(question):
            result = EvalDecision.ALLOWED
        policies = self._policies()
        return Verdict(
            resource,
            result,
            _matched(decision, result, {policy.compiled.name: policy for policy in policies}),
            find_missing_keys(policies, context),
            _is_within_boundary(decision),
            self._by_type(decision) if self._is_across_accounts else {},
        )

    @property
    def _is_across_accounts(self) -> bool:
        return self.resource is not None and self.owner_account != self.caller_account

    def _policies(self) -> tuple[SourcePolicy, ...]:
        others = (self.boundary, self.resource)
        return (*self.identity, *(policy for policy in others if policy is not None))

    def _layers(self) -> tuple[Layer, ...]:
        identity = tuple(policy.compiled for policy in self.identity)
        layers = [Layer(LayerKind.IDENTITY, Part.GRANT, identity)]
        if self.boundary is not None:
            layers.append(Layer(LayerKind.BOUNDARY, Part.CEILING, (self.boundary.compiled,)))
        if self.resource is not None:
            part = Part.CEILING if self._is_across_accounts else Part.GRANT
            layers.append(Layer(LayerKind.RESOURCE, part, (self.resource.compiled,)))
        return tuple(layers)

    def _caller(self) -> RequestPrincipal | None:
        if not self.caller_arn:
            return None
        return RequestPrincipal.user(self.caller_account, self.caller_arn)

    def _is_granted_by_name(self, question: Question) -> bool:
        """Tell whether the resource policy of the caller's account names the very user."""
        if self.resource is None or self._is_across_accounts or ":user/" not in self.caller_arn:
            return False
        only = RequestPrincipal(frozenset({PrincipalName("AWS", self.caller_arn)}))
        named = Question(
            question.principal, question.action, question.resource, question.contexts, only
        )
        layer = Layer(LayerKind.RESOURCE, Part.GRANT, (self.resource.compiled,))
        return decide((layer,), named).effect is Effect.ALLOW

    @staticmethod
    def _by_type(decision: Decision) -> dict[str, EvalDecision]:
        names = {
            LayerKind.IDENTITY: "IAM Policy",
            LayerKind.BOUNDARY: "Permissions Boundary",
            LayerKind.RESOURCE: "Resource Policy",
        }
        return {
            names[judged.layer.kind]: _DECISIONS[judged.outcome.effect]
            for judged in decision.outcomes
        }


def read_policy(
    policy_id: str,
    source_type: SourceType,
    document: str,
    kind: PolicyKind = PolicyKind.IDENTITY,
    *,
    unique_name: str | None = None,
) -> SourcePolicy:
    """Make a document ready to be simulated.

    Args:
        policy_id: as answers call it.
        source_type: where it comes from.
        document: JSON text.
        kind: what it may say.
        unique_name: tells it from others of the same id; the id itself where that is unique.

    Raises:
        AwsError: `InvalidInput`: it is no policy of that kind.
    """
    try:
        parsed = parse_policy(document, kind)
    except PolicyError as error:
        raise errors.policy_not_simulated(policy_id, error) from error
    compiled = compile_policy(parsed, unique_name or policy_id)
    keys = frozenset(key for one in compiled.statements for key in _keys_of(one.source))
    return SourcePolicy(policy_id, source_type, document, compiled, keys)


def find_missing_keys(
    policies: Sequence[SourcePolicy], context: RequestContext | None = None
) -> tuple[str, ...]:
    """Return the condition keys that policies look at and the context lacks, sorted.

    Keys that differ in case only are one.
    """
    found = {key.lower(): key for policy in policies for key in sorted(policy.keys)}
    return tuple(
        sorted(key for lower, key in found.items() if context is None or lower not in context)
    )


def require_action(name: str) -> str:
    """Return an action name that can be simulated.

    Raises:
        AwsError: `InvalidInput`: no service before the colon, or a wildcard.
    """
    service, colon, action = name.partition(":")
    if not service or not colon or not action or "*" in name or "?" in name:
        raise errors.invalid_action_name(name)
    return name


def _matched(
    decision: Decision, result: EvalDecision, policies: Mapping[str, SourcePolicy]
) -> tuple[MatchedStatement, ...]:
    """Return the statements behind a result: the denying ones alone, or those that grant."""
    wanted = {
        EvalDecision.EXPLICIT_DENY: Effect.EXPLICIT_DENY,
        EvalDecision.ALLOWED: Effect.ALLOW,
    }.get(result)
    found: list[MatchedStatement] = []
    for judged in decision.outcomes:
        if judged.outcome.effect is not wanted:
            continue
        if wanted is Effect.ALLOW and judged.layer.kind is LayerKind.BOUNDARY:
            continue  # a boundary grants nothing
        for ref in judged.outcome.matched:
            policy = policies[ref.policy]
            found.append(MatchedStatement(policy, find_statements(policy.document)[ref.index]))
    return tuple(found)


def _is_within_boundary(decision: Decision) -> bool | None:
    for judged in decision.outcomes:
        if judged.layer.kind is LayerKind.BOUNDARY:
            return judged.outcome.effect is Effect.ALLOW
    return None


def _keys_of(statement: Statement) -> list[str]:
    values = [value for condition in statement.conditions for value in condition.values]
    templates = (*statement.resources, *values)
    variables = [variable.key for template in templates for variable in template.variables]
    return variables + [condition.key for condition in statement.conditions]
