import json
from typing import Any

import pytest

from keyfob.policy import (
    EMPTY_CONTEXT,
    CompiledPolicy,
    Effect,
    PolicyKind,
    PolicyRequest,
    StatementRef,
    Trace,
    compile_policy,
    deny_all_policy,
    evaluate,
    parse_policy,
    render_explanation,
)

TOPIC = "arn:aws:iot:eu-central-1:123456789012:topic/a"


def compiled(*statements: dict[str, Any], name: str = "p") -> CompiledPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return compile_policy(parse_policy(text, PolicyKind.IDENTITY), name)


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*", **elements}


@pytest.mark.parametrize(
    ("statement", "is_volatile"),
    [
        (allow(), False),
        (allow(Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}), True),
        (allow(Condition={"NumericLessThan": {"AWS:EpochTime": "1"}}), True),
        (allow(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}}), True),
        (allow(Condition={"StringEquals": {"aws:RequestTag/t": "${aws:CurrentTime}"}}), True),
        (allow(Condition={"StringEquals": {"aws:RequestTag/t": "${aws:username}"}}), False),
        (allow(Condition={"DateLessThan": {"aws:TokenIssueTime": "2030-01-01"}}), False),
        (allow(Resource="arn:aws:s3:::b/${aws:EpochTime}"), True),
    ],
)
def test_knows_whether_time_alone_changes_decisions(
    statement: dict[str, Any], is_volatile: bool
) -> None:
    assert compiled(statement).is_volatile is is_volatile


def test_statements_are_named_where_they_stand() -> None:
    policy = compiled(allow(Sid="First"), allow(), name="p:v2")
    request = PolicyRequest("iot:Publish", TOPIC, EMPTY_CONTEXT)
    outcome = evaluate([policy], request)
    assert outcome.matched == (
        StatementRef("p:v2", "First", 0, "$.Statement[0]"),
        StatementRef("p:v2", None, 1, "$.Statement[1]"),
    )
    assert [str(ref) for ref in outcome.matched] == ["p:v2[First]", "p:v2[1]"]


def test_a_statement_alone_is_named_without_index() -> None:
    text = json.dumps({"Statement": allow()})
    policy = compile_policy(parse_policy(text, PolicyKind.IDENTITY), "p")
    assert policy.statements[0].ref.path == "$.Statement"


def test_an_outcome_is_not_a_truth_value() -> None:
    outcome = evaluate([compiled(allow())], PolicyRequest("iot:Publish", TOPIC, EMPTY_CONTEXT))
    with pytest.raises(TypeError, match="not a truth value"):
        bool(outcome)


def test_only_the_denying_statements_decide() -> None:
    policy = compiled(allow(), allow(Effect="Deny", Sid="No"))
    outcome = evaluate([policy], PolicyRequest("iot:Publish", TOPIC, EMPTY_CONTEXT))
    assert outcome.effect is Effect.EXPLICIT_DENY
    assert [ref.sid for ref in outcome.matched] == ["No"]


@pytest.mark.parametrize("resource", ["*", TOPIC])
@pytest.mark.parametrize("action", ["iot:Publish", "sts:GetCallerIdentity"])
def test_an_unusable_policy_denies_everything(action: str, resource: str) -> None:
    policies = [
        compiled(allow(Action="*")),
        deny_all_policy("old", "engine-error: no such operator"),
    ]
    trace = Trace()
    outcome = evaluate(policies, PolicyRequest(action, resource, EMPTY_CONTEXT), trace)
    assert outcome.effect is Effect.EXPLICIT_DENY
    assert outcome.matched[0].reason == "engine-error: no such operator"
    assert render_explanation(outcome, trace) == (
        f"old cannot be used and so denies {action} on {resource}: engine-error: no such operator"
    )
