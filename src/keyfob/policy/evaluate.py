"""Policy evaluation: one request against compiled policies.

Theory. Every statement either applies or does not. Any `Deny` that applies decides;
otherwise any `Allow` that applies decides; otherwise the request is denied implicitly. The
order of statements and policies never matters.
Rules. 1. No I/O, no clock: the context holds every fact. 2. A trace only writes down what
the same tests answer; it cannot change the outcome. 3. Nothing here allows by default.
Source. IAM User Guide, "Policy evaluation logic" (documented).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keyfob.policy.compiled import CompiledPolicy, CompiledStatement, Effect, Outcome
from keyfob.policy.context import RequestContext
from keyfob.policy.principal import RequestPrincipal
from keyfob.policy.trace import Trace


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """What is asked."""

    action: str
    """For instance `iot:Publish`; compared without regard to case."""
    resource: str
    """An ARN, or `*` for an action without a resource type."""
    context: RequestContext
    principal: RequestPrincipal | None = None
    """Who asks; needed by trust and resource policies only."""


_NOTHING = Outcome(Effect.IMPLICIT_DENY, ())


def evaluate(
    policies: Sequence[CompiledPolicy], request: PolicyRequest, trace: Trace | None = None
) -> Outcome:
    """Decide a request.

    Args:
        policies: the policies of one layer; their grants are a union.
        request: the request.
        trace: collects what matched and failed in every statement, when given.

    Returns:
        The effect and the statements that decided.
    """
    if trace is None:
        applying = _find_applying(policies, request)
    else:
        applying = trace.record(policies, request)
    if not applying:
        return _NOTHING
    if len(applying) == 1:
        return applying[0].alone
    denying = tuple(one.ref for one in applying if one.is_deny)
    if denying:
        return Outcome(Effect.EXPLICIT_DENY, denying)
    return Outcome(Effect.ALLOW, tuple(one.ref for one in applying))


def _find_applying(
    policies: Sequence[CompiledPolicy], request: PolicyRequest
) -> list[CompiledStatement]:
    action = request.action.lower()
    resource, principal, context = request.resource, request.principal, request.context
    applying: list[CompiledStatement] = []
    for policy in policies:
        statements = policy.by_action.get(action)
        if statements is None:
            statements = policy.others_about(action)
        applying += [one for one in statements if one.applies(resource, principal, context)]
    return applying
