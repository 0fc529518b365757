"""The decision: what the layers say together, and why.

Rules.  1. An explicit deny in any layer decides. 2. Otherwise a grant must allow. 3. Otherwise
every ceiling must allow. 4. A principal without layers is denied.
Source. IAM User Guide, `reference_policies_evaluation-logic` (documented).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from keyfob.authz.context import Contexts
from keyfob.authz.errors import NotAllowedError
from keyfob.authz.explanation import Explanation, explain
from keyfob.authz.layers import Layer, LayerKind, Part
from keyfob.policy import Effect, Outcome, PolicyRequest, RequestPrincipal, evaluate


@dataclass(frozen=True, slots=True)
class Question:
    """May this principal do this action on this resource?"""

    principal: str
    """Principal ARN, or the readable name of one that has none."""
    action: str
    """IAM action, for instance `iot:Publish`."""
    resource: str
    """Resource ARN, or `*`."""
    contexts: Contexts
    caller: RequestPrincipal | None = None
    """Who asks, as trust and resource policies name callers; only they look at it."""

    def for_layer(self, layer: Layer) -> PolicyRequest:
        """Return the question with the condition keys that the layer's policies know."""
        context = self.contexts.iot if layer.is_iot else self.contexts.iam
        return PolicyRequest(self.action, self.resource, context, self.caller)


@dataclass(frozen=True, slots=True)
class LayerOutcome:
    """What one layer says."""

    layer: Layer
    outcome: Outcome


@dataclass(frozen=True)
class Decision:
    """The answer to a question; never a bool, so that it cannot be mistaken for one."""

    effect: Effect
    question: Question
    outcomes: tuple[LayerOutcome, ...]
    """Every layer's outcome, in the table's order."""
    deciding: LayerOutcome | None = field(repr=False)
    """The layer that decided; None when the principal has no layers."""

    def __bool__(self) -> bool:
        raise TypeError("a decision is no bool: call `require_allow` or compare its effect")

    @property
    def layer(self) -> LayerKind | None:
        """Kind of the deciding layer."""
        return None if self.deciding is None else self.deciding.layer.kind

    @property
    def is_allowed(self) -> bool:
        """Whether the effect is `ALLOW`."""
        return self.effect is Effect.ALLOW

    @property
    def layer_name(self) -> str:
        """Name of the deciding layer; empty when the principal has no layers."""
        return "" if self.deciding is None else self.deciding.layer.kind.value

    def require_allow(self) -> None:
        """Return if allowed.

        Raises:
            NotAllowedError: otherwise, with AWS's sentence for it.
        """
        if not self.is_allowed:
            raise NotAllowedError(self.message)

    @property
    def message(self) -> str:
        """AWS's sentence for a refusal.

        Source: IAM User Guide, "Troubleshoot access denied error messages" (documented for the
        identity-based policy, permissions boundary and session policy; the others follow suit).
        """
        return self.message_on(self.question.resource)

    def message_on(self, resource: str) -> str:
        """Return the sentence with the resource called what the caller may know it by."""
        question = self.question
        return (
            f"User: {question.principal} is not authorized to perform: {question.action}"
            f" on resource: {resource} {self._cause()}"
        )

    @cached_property
    def explanation(self) -> Explanation:
        """The deciding layer's reasons; worked out on first use."""
        if self.deciding is None:
            return Explanation("no policy applies to the principal")
        layer = self.deciding.layer
        return explain(layer, self.deciding.outcome, self.question.for_layer(layer))

    def _cause(self) -> str:
        layer = self.layer
        name = LayerKind.IDENTITY.value if layer is None else layer.value
        if self.effect is Effect.EXPLICIT_DENY:
            article = "an" if name[0].lower() in "aeiou" else "a"
            return f"with an explicit deny in {article} {name}"
        return f"because no {name} allows the {self.question.action} action"


def decide(layers: Sequence[Layer], question: Question) -> Decision:
    """Judge a question by all layers."""
    caller = question.caller
    iam = PolicyRequest(question.action, question.resource, question.contexts.iam, caller)
    iot = PolicyRequest(question.action, question.resource, question.contexts.iot, caller)
    outcomes = tuple(
        LayerOutcome(layer, evaluate(layer.policies, iot if layer.is_iot else iam))
        for layer in layers
    )
    effect, deciding = _combine(outcomes)
    return Decision(effect, question, outcomes, deciding)


def decide_any(layers: Sequence[Layer], questions: Sequence[Question]) -> Decision:
    """Judge the same wish put in several ways: allowed in one is enough, denied in one ends it.

    Raises:
        IndexError: there are no questions.
    """
    decisions = [decide(layers, question) for question in questions]
    for effect in (Effect.EXPLICIT_DENY, Effect.ALLOW):
        for decision in decisions:
            if decision.effect is effect:
                return decision
    return decisions[0]


def _combine(outcomes: Sequence[LayerOutcome]) -> tuple[Effect, LayerOutcome | None]:
    for judged in outcomes:
        if judged.outcome.effect is Effect.EXPLICIT_DENY:
            return Effect.EXPLICIT_DENY, judged
    grants = [judged for judged in outcomes if judged.layer.part is Part.GRANT]
    granting = next((each for each in grants if each.outcome.effect is Effect.ALLOW), None)
    if granting is None:
        return Effect.IMPLICIT_DENY, grants[0] if grants else None
    for judged in outcomes:
        if judged.layer.part is Part.CEILING and judged.outcome.effect is not Effect.ALLOW:
            return Effect.IMPLICIT_DENY, judged
    return Effect.ALLOW, granting
