"""A policy document as values: what `parse` makes and `compile` reads."""

from dataclasses import dataclass
from enum import Enum

from keyfob.policy.operators.registry import Operator
from keyfob.policy.template import Template

VARIABLES_VERSION = "2012-10-17"
"""The `Version` from which `${...}` is a variable (documented)."""
VERSIONS = ("2008-10-17", VARIABLES_VERSION)


class PolicyKind(Enum):
    """Where a policy is attached, which decides what it may say."""

    IDENTITY = "identity"
    """An IAM policy of a user, group or role; also a permissions boundary."""
    RESOURCE = "resource"
    """A policy of a resource: it names principals."""
    TRUST = "trust"
    """A role's trust policy: it names principals and no resource."""
    SESSION = "session"
    """A policy passed when a role is assumed."""
    IOT = "iot"
    """An AWS IoT policy, attached to a certificate, thing group or Cognito identity."""


class StatementEffect(Enum):
    """What a statement does when it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


class Quantifier(Enum):
    """How an operator treats several values in the request."""

    NONE = ""
    FOR_ALL_VALUES = "ForAllValues"
    FOR_ANY_VALUE = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key."""

    name: str
    """The operator as written, for instance `ForAnyValue:StringLikeIfExists`."""
    operator: Operator
    quantifier: Quantifier
    is_if_exists: bool
    key: str
    """The condition key as written."""
    values: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class PrincipalName:
    """One entry of a `Principal` element."""

    type: str
    """`AWS`, `Service`, `Federated` or `CanonicalUser`."""
    value: str
    """An ARN, a 12-digit account id (account root ARNs are turned into it), a host name, `*`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; absent elements are empty."""

    index: int
    """Position in the document, from 0."""
    path: str
    """JSON path: `$.Statement[<index>]`, or `$.Statement` when it stands alone."""
    sid: str | None
    effect: StatementEffect
    principals: tuple[PrincipalName, ...]
    is_not_principal: bool
    actions: tuple[Template, ...]
    """Patterns in lower case; actions are compared without regard to case."""
    is_not_action: bool
    resources: tuple[Template, ...]
    is_not_resource: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One policy."""

    kind: PolicyKind
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]
