"""Explanations: what a trace says, in one plain sentence.

Nothing is decided here. Nearness orders the `Allow` statements that did not apply: those
about the action come first, then by how many parts failed, then by how far the resource
agrees with the pattern.
"""

from keyfob.policy.compiled import Effect, Outcome, StatementRef
from keyfob.policy.trace import ConditionFinding, PatternFinding, StatementFinding, Trace

_SHOWN = 3
"""How many patterns or values a sentence lists before it says how many more there are."""
_SHOWN_CHARACTERS = 300
"""How much of one pattern or value is shown; a client may have sent anything."""


def nearest(trace: Trace) -> tuple[StatementFinding, ...]:
    """Return the `Allow` statements that did not apply, the nearest miss first."""
    resource = trace.request.resource if trace.request is not None else ""
    misses = (one for one in trace.findings if not one.is_deny and not one.applies)
    return tuple(sorted(misses, key=lambda finding: _distance(finding, resource)))


def _distance(finding: StatementFinding, resource: str) -> tuple[bool, int, int]:
    failed = (
        (not finding.is_about_action)
        + (not finding.is_about_principal)
        + (not finding.is_about_resource)
        + len(finding.unmet)
    )
    agreement = max((_agreement(one, resource) for one in finding.resources), default=0)
    return not finding.is_about_action, failed, -agreement


def _agreement(pattern: PatternFinding, resource: str) -> int:
    """Return how many characters from the start pattern and resource share."""
    text = pattern.written if pattern.filled is None else pattern.filled
    for index, (left, right) in enumerate(zip(text, resource, strict=False)):
        if left != right:
            return index
    return min(len(text), len(resource))


def render_explanation(outcome: Outcome, trace: Trace) -> str:
    """Say why a request was decided as it was.

    Args:
        outcome: what `evaluate` returned.
        trace: the trace that `evaluate` filled in.

    Returns:
        One sentence without a final stop, on one line.
    """
    return _make_printable(_explain(outcome, trace))


def _explain(outcome: Outcome, trace: Trace) -> str:
    request = trace.request
    what = "the request" if request is None else f"{request.action} on {request.resource}"
    broken = next((one for one in outcome.matched if one.reason is not None), None)
    if broken is not None:
        return f"{broken.policy} cannot be used and so denies {what}: {broken.reason}"
    if outcome.effect is Effect.EXPLICIT_DENY:
        return f"{what} is explicitly denied by {_render_refs(outcome.matched)}"
    if outcome.effect is Effect.ALLOW:
        return f"{what} is allowed by {_render_refs(outcome.matched)}"
    misses = nearest(trace)
    if not misses:
        return f"no statement allows {what}; there is none that allows anything"
    return f"no statement allows {what}; nearest is {render_miss(misses[0])}"


def render_miss(finding: StatementFinding) -> str:
    """Say which statement it is and what failed in it."""
    failures: list[str] = []
    if not finding.is_about_action:
        word = "all actions but " if finding.is_not_action else ""
        failures.append(f"which is for {word}{_list(finding.actions)}")
    if not finding.is_about_principal:
        failures.append("which names other principals")
    if not finding.is_about_resource:
        failures.append(_render_resources(finding))
    failures.extend(_render_condition(condition) for condition in finding.unmet)
    return _make_printable(f"{finding.ref}, " + " and ".join(failures))


def _make_printable(text: str) -> str:
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


def _render_refs(refs: tuple[StatementRef, ...]) -> str:
    return " and ".join(str(ref) for ref in refs[:_SHOWN])


def _render_resources(finding: StatementFinding) -> str:
    if finding.is_not_resource:
        written = _list(tuple(pattern.written for pattern in finding.resources))
        return f"which leaves out {written}"
    if len(finding.resources) > 1:
        shown = tuple(
            pattern.written if pattern.filled is None else pattern.filled
            for pattern in finding.resources
        )
        return f"whose resources are {_list(shown)} here"
    return f"whose resource {_render_pattern(finding.resources[0])}"


def _render_pattern(pattern: PatternFinding) -> str:
    if pattern.missing:
        names = _list(tuple(f"${{{name}}}" for name in pattern.missing))
        return f"`{pattern.written}` matches nothing, as {names} has no value here"
    if pattern.filled == pattern.written:
        return f"is `{pattern.written}`"
    return f"`{pattern.written}` is `{pattern.filled}` here"


def _render_condition(condition: ConditionFinding) -> str:
    wanted = _list(
        tuple(one.written if one.filled is None else one.filled for one in condition.wanted)
    )
    if condition.actual is None:
        actual = "the request has no such key"
    else:
        actual = f"the request has {_list(condition.actual)}"
    return f"whose condition {condition.operator} on {condition.key} wants {wanted} where {actual}"


def _list(texts: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{_shorten(text)}`" for text in texts[:_SHOWN])
    return shown if len(texts) <= _SHOWN else f"{shown} and {len(texts) - _SHOWN} more"


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
