"""What rules look at: one policy, and what its template says around it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from keyfob.lint.node import Listing, Node, Text, locate
from keyfob.lint.overlap import OPAQUE, Matcher
from keyfob.policy import PolicyDocument, PolicyKind
from keyfob.policy.arn_pattern import split_header
from keyfob.policy.document import Statement, StatementEffect
from keyfob.policy.template import Part, Template, Wildcard
from keyfob.policy.wildcard import compile_glob

ANYTHING: tuple[Part, ...] = (Wildcard.ANY,)
_COLONS = 5


@dataclass(frozen=True, slots=True)
class ClaimMap:
    """An `AWS::Cognito::IdentityPoolPrincipalTag`: which claim becomes which tag."""

    user_pool: str | None
    """Logical id of the user pool; None when it is not in the template."""
    claims: Mapping[str, str]
    """Tag key to claim."""
    tags: Mapping[str, str] = field(init=False)
    """Claim to tag key."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", {claim: tag for tag, claim in self.claims.items()})


@dataclass(frozen=True, slots=True)
class AppClient:
    """An `AWS::Cognito::UserPoolClient`."""

    place: Node
    user_pool: str | None
    writable: tuple[Text, ...] | None
    """`WriteAttributes`; None when the client does not say."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The facts of a template that rules need."""

    claim_maps: tuple[ClaimMap, ...] = ()
    has_unknown_claim_map: bool = False
    """A map whose content only CloudFormation knows; then no tag is missing for certain."""
    clients: tuple[AppClient, ...] = ()
    pool_roles: frozenset[str] = frozenset()
    """Logical ids of the roles attached to an identity pool."""
    service_roles: frozenset[str] = frozenset()
    """Logical ids of the roles that services alone may take on."""
    immutable: frozenset[tuple[str, str]] = frozenset()
    """User pool's logical id and attribute, for what nobody changes once it is set."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One policy under lint."""

    document: PolicyDocument
    tree: Node
    surroundings: Surroundings | None = None
    """None when the policy stands alone."""
    roles: frozenset[str] = field(default=frozenset())
    """Logical ids of the roles it is attached to."""
    matcher: Matcher = field(default_factory=Matcher, compare=False)
    """Compares patterns for all rules, within one bound."""

    @property
    def kind(self) -> PolicyKind:
        """Where the policy is to be attached."""
        return self.document.kind

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements in order."""
        return self.document.statements

    def actions(self, statement: Statement) -> list[tuple[Template, str]]:
        """Return the patterns of `Action` or `NotAction`, each with its JSON path."""
        name = "NotAction" if statement.is_not_action else "Action"
        return self._placed(statement.actions, f"{statement.path}.{name}")

    def resources(self, statement: Statement) -> list[tuple[Template, str]]:
        """Return the patterns of `Resource` or `NotResource`, each with its JSON path."""
        name = "NotResource" if statement.is_not_resource else "Resource"
        return self._placed(statement.resources, f"{statement.path}.{name}")

    def templates(self) -> Iterator[tuple[Template, str]]:
        """Yield every text that may hold variables: resources, then condition values."""
        for statement in self.statements:
            yield from self.resources(statement)
            for condition in statement.conditions:
                path = f"{statement.path}.Condition.{condition.name}.{condition.key}"
                yield from self._placed(condition.values, path)

    def _placed(self, patterns: tuple[Template, ...], path: str) -> list[tuple[Template, str]]:
        if isinstance(locate(self.tree, path), Listing):
            return [(pattern, f"{path}[{index}]") for index, pattern in enumerate(patterns)]
        return [(pattern, path) for pattern in patterns]


def is_allow(statement: Statement) -> bool:
    """Tell whether a statement allows."""
    return statement.effect is StatementEffect.ALLOW


def names_action(pattern: Template, action: str) -> bool:
    """Tell whether a pattern means an action in lower case."""
    return compile_glob(pattern.fixed_parts)(action)


def covers(statement: Statement, action: str) -> bool:
    """Tell whether a statement is about an action in lower case."""
    named = any(names_action(pattern, action) for pattern in statement.actions)
    return named is not statement.is_not_action


def is_opaque(pattern: Template) -> bool:
    """Tell whether part of a pattern is known to CloudFormation alone."""
    return OPAQUE in pattern.text


def resource_part(pattern: Template) -> tuple[Part, ...]:
    """Return what follows the fifth colon of a resource pattern; anything, when there is none."""
    header, rest = split_header(pattern.parts)
    colons = sum(part.count(":") for part in header if isinstance(part, str))
    return rest if colons >= _COLONS else ANYTHING


def strip_type(pattern: Template, resource_type: str) -> tuple[Part, ...] | None:
    """Return what follows `<type>/` in a resource pattern.

    None when it is of another type; anything when a wildcard, or what only CloudFormation
    knows, stands where the type would.
    """
    parts = resource_part(pattern)
    prefix = f"{resource_type}/"
    if not parts or not isinstance(parts[0], str):
        return ANYTHING if parts and parts[0] is Wildcard.ANY else None
    first = parts[0]
    if first.startswith(OPAQUE):
        return ANYTHING
    if first.startswith(prefix):
        rest = first[len(prefix) :]
        return (rest, *parts[1:]) if rest else parts[1:]
    is_open = len(parts) > 1 and parts[1] is Wildcard.ANY and prefix.startswith(first)
    return ANYTHING if is_open else None
