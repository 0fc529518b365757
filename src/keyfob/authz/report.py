"""A decision told in full: every layer, what decided in it, and what nearly did.

One form for a live question, an offline one and a machine that reads JSON; nothing is decided
here, the layers are asked once more with a trace.
"""

import msgspec

from keyfob.authz.decision import Decision, LayerOutcome
from keyfob.authz.layers import Part
from keyfob.policy import Effect, StatementFinding, Trace, evaluate, nearest, render_miss

MAX_NEAREST = 5
"""Nearest statements told of one layer."""


class StatementReport(msgspec.Struct, frozen=True):
    """One statement."""

    statement: str
    """`policy:version[Sid or index]`."""
    path: str
    """JSON path in the policy's document."""
    effect: str
    """`Allow` or `Deny`."""
    failed: str = ""
    """What did not match, with variables filled in; empty for a statement that decided."""


class LayerReport(msgspec.Struct, frozen=True):
    """What one layer says."""

    layer: str
    part: str
    """`grant` or `ceiling`."""
    effect: str
    """`allow`, `explicit deny` or `implicit deny`."""
    policies: tuple[str, ...]
    note: str
    """Why there are no policies, where that is worth saying."""
    decided_by: tuple[StatementReport, ...]
    nearest: tuple[StatementReport, ...]
    """For an implicit deny: the statements about the action that came nearest, nearest first."""


class Report(msgspec.Struct, frozen=True):
    """The answer to one question."""

    principal: str
    action: str
    resource: str
    effect: str
    """`allow`, `explicit deny` or `implicit deny`."""
    layer: str
    """The deciding layer; empty when none judges the principal."""
    sentence: str
    """Why, in one sentence."""
    message: str
    """What AWS would tell the caller; empty when allowed."""
    layers: tuple[LayerReport, ...]
    """Every layer in the order of the table."""


def build_report(decision: Decision) -> Report:
    """Tell a decision in full."""
    question = decision.question
    return Report(
        principal=question.principal,
        action=question.action,
        resource=question.resource,
        effect=decision.effect.value,
        layer=decision.layer_name,
        sentence=decision.explanation.sentence,
        message="" if decision.is_allowed else decision.message,
        layers=tuple(_build_layer(decision, judged) for judged in decision.outcomes),
    )


def _build_layer(decision: Decision, judged: LayerOutcome) -> LayerReport:
    layer, outcome = judged.layer, judged.outcome
    trace = Trace()
    evaluate(layer.policies, decision.question.for_layer(layer), trace)
    effect_word = "Deny" if outcome.effect is Effect.EXPLICIT_DENY else "Allow"
    misses: tuple[StatementFinding, ...] = ()
    if outcome.effect is Effect.IMPLICIT_DENY:
        found = nearest(trace)
        misses = tuple(one for one in found if one.is_about_action) or found
    return LayerReport(
        layer=layer.kind.value,
        part="grant" if layer.part is Part.GRANT else "ceiling",
        effect=outcome.effect.value,
        policies=tuple(policy.name for policy in layer.policies),
        note=layer.note,
        decided_by=tuple(
            StatementReport(str(ref), ref.path, effect_word) for ref in outcome.matched
        ),
        nearest=tuple(_build_miss(one) for one in misses[:MAX_NEAREST]),
    )


def _build_miss(finding: StatementFinding) -> StatementReport:
    failed = render_miss(finding).removeprefix(f"{finding.ref}, ")
    effect_word = "Deny" if finding.is_deny else "Allow"
    return StatementReport(str(finding.ref), finding.ref.path, effect_word, failed)
