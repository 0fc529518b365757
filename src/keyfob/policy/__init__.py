"""The AWS policy language: parse, compile, evaluate, explain. Pure: no clock, no I/O.

document = parse_policy(text, PolicyKind.IDENTITY)      # raises PolicyError
policy = compile_policy(document, "TestIamPolicyBuilding")
outcome = evaluate([policy], PolicyRequest("iot:Publish", arn, context))
"""

from keyfob.policy.compile import compile_policy, deny_all_policy
from keyfob.policy.compiled import CompiledPolicy, CompiledStatement, Effect, Outcome, StatementRef
from keyfob.policy.context import EMPTY_CONTEXT, RequestContext
from keyfob.policy.document import PolicyDocument, PolicyKind, PrincipalName
from keyfob.policy.errors import PolicyError
from keyfob.policy.evaluate import PolicyRequest, evaluate
from keyfob.policy.explain import nearest, render_explanation, render_miss
from keyfob.policy.parse import parse_policy
from keyfob.policy.principal import RequestPrincipal
from keyfob.policy.size import MANAGED_POLICY_CHARACTERS, SIZE_LIMITS, policy_size
from keyfob.policy.trace import ConditionFinding, PatternFinding, StatementFinding, Trace

__all__ = [
    "PolicyKind",
    "PolicyError",
    "PolicyDocument",
    "parse_policy",
    "policy_size",
    "SIZE_LIMITS",
    "MANAGED_POLICY_CHARACTERS",
    "CompiledPolicy",
    "CompiledStatement",
    "compile_policy",
    "deny_all_policy",
    "RequestContext",
    "EMPTY_CONTEXT",
    "RequestPrincipal",
    "PrincipalName",
    "PolicyRequest",
    "Effect",
    "Outcome",
    "StatementRef",
    "evaluate",
    "Trace",
    "StatementFinding",
    "PatternFinding",
    "ConditionFinding",
    "nearest",
    "render_explanation",
    "render_miss",
]
