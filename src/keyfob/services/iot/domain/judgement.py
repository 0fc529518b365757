"""What IoT policies say to a request: the answers of `TestAuthorization`.

IoT policies only: the operation has no input for a role (documented shapes; that IAM is left out
is inferred from them).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from keyfob.policy import (
    CompiledPolicy,
    Effect,
    PolicyError,
    PolicyKind,
    PolicyRequest,
    RequestContext,
    compile_policy,
    deny_all_policy,
    evaluate,
    parse_policy,
)
from keyfob.store.ports.iot_policies import IotPolicyRecord

ACTIONS: Mapping[str, str] = {
    "PUBLISH": "iot:Publish",
    "SUBSCRIBE": "iot:Subscribe",
    "RECEIVE": "iot:Receive",
    "CONNECT": "iot:Connect",
}
"""`ActionType` of the model."""

_VARIABLE = re.compile(r"\$\{([^},*?$]+)\}")


class AuthDecision(Enum):
    """The model's `AuthDecision`."""

    ALLOWED = "ALLOWED"
    EXPLICIT_DENY = "EXPLICIT_DENY"
    IMPLICIT_DENY = "IMPLICIT_DENY"


_BY_STRICTNESS = (
    (Effect.EXPLICIT_DENY, AuthDecision.EXPLICIT_DENY),
    (Effect.IMPLICIT_DENY, AuthDecision.IMPLICIT_DENY),
    (Effect.ALLOW, AuthDecision.ALLOWED),
)


@dataclass(frozen=True, slots=True)
class TestedPolicy:
    """A policy under test."""

    __test__ = False

    name: str
    document: str
    compiled: CompiledPolicy


def compile_record(record: IotPolicyRecord) -> TestedPolicy:
    """Make a stored policy's default version ready to be tested."""
    document = record.default_version.document
    try:
        compiled = compile_policy(parse_policy(document, PolicyKind.IOT), record.name)
    except PolicyError as error:
        # written by an older release: it denies everything, as it does on live connections
        compiled = deny_all_policy(record.name, f"engine-error: {error}")
    return TestedPolicy(record.name, document, compiled)


def judge(
    policies: Sequence[TestedPolicy],
    action_type: str,
    resources: Sequence[str],
    keys: Mapping[str, tuple[str, ...]],
) -> tuple[AuthDecision, dict[AuthDecision, list[str]]]:
    """Judge an action on resources, all of which must be allowed.

    Args:
        policies: the principal's.
        action_type: one of `ACTIONS`.
        resources: ARNs; at least one.
        keys: condition keys of the request.

    Returns:
        The decision of all policies together, and the names of the policies by what each says
        alone.
    """
    context = RequestContext(keys)
    requests = [PolicyRequest(ACTIONS[action_type], arn, context) for arn in resources]
    together = _strictest(
        evaluate([policy.compiled for policy in policies], request).effect for request in requests
    )
    alone: dict[AuthDecision, list[str]] = {decision: [] for decision in AuthDecision}
    for policy in policies:
        effects = [evaluate([policy.compiled], request).effect for request in requests]
        alone[_strictest(effects)].append(policy.name)
    return together, alone


def find_missing_keys(
    policies: Iterable[TestedPolicy], keys: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return the keys that policies look at and the request does not have, in order."""
    wanted: set[str] = set()
    for policy in policies:
        wanted.update(_VARIABLE.findall(policy.document))
        for statement in policy.compiled.statements:
            wanted.update(condition.source.key for condition in statement.conditions)
    known = {key.lower() for key in keys}
    return sorted(key for key in wanted if key.lower() not in known)


def _strictest(effects: Iterable[Effect]) -> AuthDecision:
    found = set(effects)
    return next(decision for effect, decision in _BY_STRICTNESS if effect in found)
