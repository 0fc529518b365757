"""Documents to compiled policies."""

from collections.abc import Callable

from keyfob.policy.compile_condition import compile_condition
from keyfob.policy.compile_resource import compile_resources
from keyfob.policy.compiled import (
    ActionTest,
    CompiledCondition,
    CompiledPolicy,
    CompiledStatement,
    Effect,
    Outcome,
    PrincipalTest,
    ResourceTest,
    StatementRef,
)
from keyfob.policy.context import RequestContext, is_clock_key
from keyfob.policy.document import PolicyDocument, Statement, StatementEffect
from keyfob.policy.principal import EVERYONE, RequestPrincipal, is_listed, is_spared
from keyfob.policy.template import Template, Wildcard
from keyfob.policy.wildcard import compile_glob

_ANY = (Wildcard.ANY,)


def compile_policy(document: PolicyDocument, name: str) -> CompiledPolicy:
    """Compile a parsed document.

    Args:
        document: the result of `parse_policy`.
        name: what explanations call the policy, for instance `name:v2`.
    """
    statements = tuple(_compile_statement(one, name) for one in document.statements)
    return _assemble(name, statements, is_volatile=any(map(_is_volatile, document.statements)))


def deny_all_policy(name: str, reason: str) -> CompiledPolicy:
    """Return a policy that denies everything, for a stored document that cannot be used.

    Args:
        name: the policy's name.
        reason: why, for instance `engine-error: ...`; explanations repeat it.
    """
    everything = Statement(
        index=0,
        path="$",
        sid=None,
        effect=StatementEffect.DENY,
        principals=(),
        is_not_principal=False,
        actions=(Template("*", _ANY),),
        is_not_action=False,
        resources=(Template("*", _ANY),),
        is_not_resource=False,
        conditions=(),
    )
    return _assemble(name, (_compile_statement(everything, name, reason),), is_volatile=False)


def _assemble(
    name: str, statements: tuple[CompiledStatement, ...], *, is_volatile: bool
) -> CompiledPolicy:
    spelt_out = {
        pattern.literal
        for statement in statements
        for pattern in statement.source.actions
        if pattern.literal is not None
    }
    by_action = {
        action: tuple(one for one in statements if one.is_about_action(action))
        for action in spelt_out
    }
    others = tuple(one for one in statements if not _is_spelt_out(one.source))
    return CompiledPolicy(name, statements, is_volatile, by_action, others)


def _is_spelt_out(statement: Statement) -> bool:
    return not statement.is_not_action and all(
        pattern.literal is not None for pattern in statement.actions
    )


def _is_volatile(statement: Statement) -> bool:
    templates = [
        *statement.resources,
        *(value for condition in statement.conditions for value in condition.values),
    ]
    return any(is_clock_key(one.key.lower()) for one in statement.conditions) or any(
        is_clock_key(variable.lookup) for one in templates for variable in one.variables
    )


def _compile_statement(
    statement: Statement, policy: str, reason: str | None = None
) -> CompiledStatement:
    ref = StatementRef(policy, statement.sid, statement.index, statement.path, reason)
    is_deny = statement.effect is StatementEffect.DENY
    resource = compile_resources(statement)
    principal = _compile_principals(statement)
    conditions = tuple(compile_condition(one) for one in statement.conditions)
    return CompiledStatement(
        ref=ref,
        source=statement,
        is_deny=is_deny,
        is_about_action=_compile_actions(statement),
        is_about_resource=resource,
        is_about_principal=principal,
        conditions=conditions,
        applies=_compile_rest(resource, principal if statement.principals else None, conditions),
        alone=Outcome(Effect.EXPLICIT_DENY if is_deny else Effect.ALLOW, (ref,)),
    )


def _compile_rest(
    resource: ResourceTest,
    principal: PrincipalTest | None,
    conditions: tuple[CompiledCondition, ...],
) -> Callable[[str, RequestPrincipal | None, RequestContext], bool]:
    """Join the tests, the cheap ones first, leaving out those that ask nothing."""
    tests = tuple(condition.holds for condition in conditions)
    if principal is None and not tests:
        return lambda name, _principal, context: resource(name, context)

    def applies(name: str, caller: RequestPrincipal | None, context: RequestContext) -> bool:
        if not resource(name, context) or (principal is not None and not principal(caller)):
            return False
        return all(holds(context) for holds in tests)

    return applies


def _compile_actions(statement: Statement) -> ActionTest:
    exact = frozenset(one.literal for one in statement.actions if one.literal is not None)
    globs = tuple(compile_glob(one.fixed_parts) for one in statement.actions if one.literal is None)
    is_negative = statement.is_not_action
    if any(one.parts == _ANY for one in statement.actions):
        return lambda _action: not is_negative
    if not globs:
        return lambda action: (action in exact) is not is_negative
    return lambda action: (
        (action in exact or any(glob(action) for glob in globs)) is not is_negative
    )


def _compile_principals(statement: Statement) -> PrincipalTest:
    listed = frozenset(statement.principals)
    is_everyone = EVERYONE in listed
    if not listed:
        return lambda _caller: True
    if statement.is_not_principal:
        return lambda caller: not is_spared(listed, is_everyone=is_everyone, principal=caller)
    return lambda caller: is_listed(listed, is_everyone=is_everyone, principal=caller)
