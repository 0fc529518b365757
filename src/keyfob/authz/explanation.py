"""Why a layer decided as it did: a sentence, the statements behind it, and their variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.authz.layers import Layer
from keyfob.policy import (
    CompiledStatement,
    Outcome,
    PolicyRequest,
    StatementRef,
    Trace,
    evaluate,
    nearest,
    render_explanation,
)

_SHOWN_STATEMENTS = 3
"""Nearest statements listed; the sentence names the first."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One layer's reasons."""

    sentence: str
    """One line without a final stop."""
    statements: tuple[str, ...] = ()
    """The deciding statements, or the nearest ones where none decided: `policy[Sid or index]`."""
    variables: Mapping[str, str | None] | None = None
    """Condition keys those statements look at; None for a key the request does not have."""


def explain(layer: Layer, outcome: Outcome, request: PolicyRequest) -> Explanation:
    """Evaluate once more with a trace, and say what came of it."""
    trace = Trace()
    evaluate(layer.policies, request, trace)
    refs = outcome.matched or tuple(
        finding.ref for finding in nearest(trace) if finding.is_about_action
    )
    refs = refs[:_SHOWN_STATEMENTS]
    sentence = f"{layer.kind.value}: {render_explanation(outcome, trace)}"
    if layer.note:
        sentence += f" ({layer.note})"
    return Explanation(
        sentence, tuple(str(ref) for ref in refs), _find_variables(layer, refs, request)
    )


def _find_variables(
    layer: Layer, refs: tuple[StatementRef, ...], request: PolicyRequest
) -> dict[str, str | None]:
    statements = [
        statement
        for policy in layer.policies
        for statement in policy.statements
        if statement.ref in refs
    ]
    keys = dict.fromkeys(key for statement in statements for key in _keys_of(statement))
    found = ((key, request.context.get(key.lower())) for key in keys)
    return {key: None if values is None else ", ".join(values) for key, values in found}


def _keys_of(statement: CompiledStatement) -> list[str]:
    """Return the condition keys a statement names, as it writes them."""
    source = statement.source
    values = (value for condition in source.conditions for value in condition.values)
    keys = [variable.key for one in (*source.resources, *values) for variable in one.variables]
    return keys + [condition.key for condition in source.conditions]
