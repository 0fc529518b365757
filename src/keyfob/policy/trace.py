"""What matched and what failed, statement by statement.

A trace asks every statement the same tests the decision uses and keeps the answers with
the texts behind them: patterns with their variables filled in, conditions with the values
wanted and the values there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyfob.policy.compiled import (
    CompiledCondition,
    CompiledPolicy,
    CompiledStatement,
    StatementRef,
)
from keyfob.policy.context import RequestContext
from keyfob.policy.template import Template

if TYPE_CHECKING:
    from keyfob.policy.evaluate import PolicyRequest


@dataclass(frozen=True, slots=True)
class PatternFinding:
    """One resource pattern, as written and as it reads in this request."""

    written: str
    filled: str | None
    """With variables replaced; None when one of them has no value."""
    missing: tuple[str, ...]
    """Variables without a value, as written."""


@dataclass(frozen=True, slots=True)
class ConditionFinding:
    """One condition and what it met."""

    operator: str
    """As written."""
    key: str
    """As written."""
    wanted: tuple[PatternFinding, ...]
    actual: tuple[str, ...] | None
    """The request's values; None when the key is absent."""
    is_met: bool


@dataclass(frozen=True, slots=True)
class StatementFinding:
    """One statement and what each of its parts answered."""

    ref: StatementRef
    is_deny: bool
    is_about_action: bool
    actions: tuple[str, ...]
    """Action patterns as written."""
    is_not_action: bool
    is_about_principal: bool
    is_about_resource: bool
    resources: tuple[PatternFinding, ...]
    is_not_resource: bool
    conditions: tuple[ConditionFinding, ...]

    @property
    def applies(self) -> bool:
        """Whether every part matched."""
        return (
            self.is_about_action
            and self.is_about_principal
            and self.is_about_resource
            and all(condition.is_met for condition in self.conditions)
        )

    @property
    def unmet(self) -> tuple[ConditionFinding, ...]:
        """The conditions that did not hold."""
        return tuple(condition for condition in self.conditions if not condition.is_met)


class Trace:
    """Findings of one decision; give it to `evaluate`, then to `render_explanation`."""

    def __init__(self) -> None:
        """Start empty."""
        self.request: PolicyRequest | None = None
        """The request traced last."""
        self.findings: list[StatementFinding] = []
        """Every statement in the order it was looked at; several decisions add up."""

    def record(
        self, policies: Sequence[CompiledPolicy], request: "PolicyRequest"
    ) -> list[CompiledStatement]:
        """Examine every statement and return those that apply."""
        applying: list[CompiledStatement] = []
        self.request = request
        action = request.action.lower()
        for policy in policies:
            for statement in policy.statements:
                finding = _examine(statement, action, request)
                self.findings.append(finding)
                if finding.applies:
                    applying.append(statement)
        return applying


def _examine(
    statement: CompiledStatement, action: str, request: "PolicyRequest"
) -> StatementFinding:
    context = request.context
    source = statement.source
    return StatementFinding(
        ref=statement.ref,
        is_deny=statement.is_deny,
        is_about_action=statement.is_about_action(action),
        actions=tuple(pattern.text for pattern in source.actions),
        is_not_action=source.is_not_action,
        is_about_principal=statement.is_about_principal(request.principal),
        is_about_resource=statement.is_about_resource(request.resource, context),
        resources=tuple(_describe(pattern, context) for pattern in source.resources),
        is_not_resource=source.is_not_resource,
        conditions=tuple(_examine_condition(one, context) for one in statement.conditions),
    )


def _examine_condition(condition: CompiledCondition, context: RequestContext) -> ConditionFinding:
    source = condition.source
    return ConditionFinding(
        operator=source.name,
        key=source.key,
        wanted=tuple(_describe(value, context) for value in source.values),
        actual=context.get(condition.lookup),
        is_met=condition.holds(context),
    )


def _describe(pattern: Template, context: RequestContext) -> PatternFinding:
    return PatternFinding(
        written=pattern.text,
        filled=pattern.fill(context),
        missing=tuple(
            variable.key for variable in pattern.variables if variable.resolve(context) is None
        ),
    )
