"""Conditions to tests: quantifiers, absence and negation around an operator's matcher.

    operator            key absent      several values in the request
    positive            false           true when any of them matches (inferred)
    negated             true            true when none of them matches (inferred)
    ...IfExists         true            as without
    ForAllValues:       true            true when each of them passes
    ForAnyValue:        false           true when one of them passes

The set prefixes go before `IfExists`: `ForAnyValue:...IfExists` is false of an absent key
(observed: re:Post, "ForAnyValue:StringEqualsIfExists behaving unexpectedly"). Under a set
prefix a value passes a negated operator when no value of the policy matches it. For set
prefixes and `Null`, a key whose values are all empty texts is absent (documented: IAM User
Guide, "Set operators for multivalued context keys" and "Multivalued context key examples").
"""

from keyfob.policy.compiled import CompiledCondition, ConditionTest
from keyfob.policy.context import EMPTY_CONTEXT, RequestContext
from keyfob.policy.document import Condition, Quantifier
from keyfob.policy.operators.matcher import Matcher


def compile_condition(condition: Condition) -> CompiledCondition:
    """Compile one condition."""
    lookup = condition.key.lower()
    matches = condition.operator.build(condition.values)
    if condition.operator.is_null_check:
        holds = _compile_null(lookup, matches)
    elif condition.quantifier is Quantifier.FOR_ALL_VALUES:
        holds = _compile_for_all(condition, lookup, matches)
    elif condition.quantifier is Quantifier.FOR_ANY_VALUE:
        holds = _compile_for_any(condition, lookup, matches)
    else:
        holds = _compile_plain(condition, lookup, matches)
    return CompiledCondition(condition, lookup, holds)


def _compile_plain(condition: Condition, lookup: str, matches: Matcher) -> ConditionTest:
    is_negative = condition.operator.is_negative
    if_absent = is_negative or condition.is_if_exists

    def holds(context: RequestContext) -> bool:
        values = context.get(lookup)
        if values is None:
            return if_absent
        for value in values:
            if matches(value, context):
                return not is_negative
        return is_negative

    return holds


def _compile_for_all(condition: Condition, lookup: str, matches: Matcher) -> ConditionTest:
    is_negative = condition.operator.is_negative

    def holds(context: RequestContext) -> bool:
        values = context.get(lookup)
        if values is None or not any(values):
            return True
        return all(matches(value, context) is not is_negative for value in values)

    return holds


def _compile_for_any(condition: Condition, lookup: str, matches: Matcher) -> ConditionTest:
    is_negative = condition.operator.is_negative

    def holds(context: RequestContext) -> bool:
        values = context.get(lookup)
        if values is None or not any(values):
            return False
        return any(matches(value, context) is not is_negative for value in values)

    return holds


def _compile_null(lookup: str, matches: Matcher) -> ConditionTest:
    if_absent = matches("true", EMPTY_CONTEXT)
    if_present = matches("false", EMPTY_CONTEXT)

    def holds(context: RequestContext) -> bool:
        values = context.get(lookup)
        return if_absent if values is None or not any(values) else if_present

    return holds
