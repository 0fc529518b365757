"""What must hold of any policies and requests."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keyfob.policy import (
    CompiledPolicy,
    Effect,
    PolicyError,
    PolicyKind,
    PolicyRequest,
    RequestContext,
    Trace,
    compile_policy,
    evaluate,
    nearest,
    parse_policy,
    render_explanation,
)

Statement = dict[str, Any]
HEADER = "arn:aws:iot:eu-central-1:123456789012:"

actions = st.sampled_from(
    ["iot:Publish", "IOT:publish", "iot:Subscribe", "iot:*", "iot:P*", "*", "s3:*"]
)
resources = st.sampled_from(
    [
        "*",
        HEADER + "topic/a",
        HEADER + "topic/*",
        HEADER + "topic/${aws:PrincipalTag/t}",
        HEADER + "topic/${aws:PrincipalTag/t}*",
        HEADER + "*/${aws:PrincipalTag/t, 'a'}",
        "arn:aws:iot:*:*:topic/?",
    ]
)
keys = st.sampled_from(["aws:PrincipalTag/t", "aws:RequestTag/r", "aws:TagKeys"])
texts = st.sampled_from(["a", "b", "A", "a*", "*", "", "${aws:PrincipalTag/t}", "10"])
operators = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]),
    st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringNotEqualsIgnoreCase"]),
    st.sampled_from(["", "IfExists"]),
)
conditions = st.dictionaries(
    operators,
    st.dictionaries(keys, st.lists(texts, min_size=1, max_size=2), min_size=1, max_size=2),
    max_size=2,
)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> Statement:
    action = draw(st.sampled_from(["Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "NotResource"]))
    return {
        "Effect": effect or draw(st.sampled_from(["Allow", "Deny"])),
        action: draw(st.lists(actions, min_size=1, max_size=2)),
        resource: draw(st.lists(resources, min_size=1, max_size=2)),
        "Condition": draw(conditions),
    }


documents = st.lists(statements(), min_size=1, max_size=4)
requests = st.builds(
    PolicyRequest,
    st.sampled_from(["iot:Publish", "iot:Subscribe", "s3:GetObject", "iot:publish"]),
    st.sampled_from([HEADER + "topic/a", HEADER + "topic/b", HEADER + "topic/a/b", "*"]),
    st.builds(RequestContext, st.dictionaries(keys, st.lists(texts, max_size=2), max_size=3)),
)


def compiled(written: list[Statement], name: str = "p") -> CompiledPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": written})
    return compile_policy(parse_policy(text, PolicyKind.IDENTITY), name)


def effect_of(policies: list[CompiledPolicy], request: PolicyRequest) -> Effect:
    return evaluate(policies, request).effect


@settings(deadline=None)
@given(documents, statements("Deny"), requests)
def test_a_deny_never_widens(
    written: list[Statement], extra: Statement, request: PolicyRequest
) -> None:
    before = effect_of([compiled(written)], request)
    after = effect_of([compiled([*written, extra])], request)
    assert after in (before, Effect.EXPLICIT_DENY)


@settings(deadline=None)
@given(documents, st.data(), requests)
def test_a_condition_never_widens_an_allow(
    written: list[Statement], data: st.DataObject, request: PolicyRequest
) -> None:
    index = data.draw(st.integers(0, len(written) - 1))
    statement = {**written[index], "Effect": "Allow"}
    # Operators already there keep their keys: the new ones can only be further demands.
    extra = data.draw(conditions)
    narrowed = {**statement, "Condition": {**extra, **statement["Condition"]}}
    before = [*written[:index], statement, *written[index + 1 :]]
    after = [*written[:index], narrowed, *written[index + 1 :]]
    if effect_of([compiled(after)], request) is Effect.ALLOW:
        assert effect_of([compiled(before)], request) is Effect.ALLOW


@settings(deadline=None)
@given(documents, statements("Allow"), requests)
def test_removing_an_allow_never_widens(
    written: list[Statement], extra: Statement, request: PolicyRequest
) -> None:
    if effect_of([compiled(written)], request) is Effect.ALLOW:
        assert effect_of([compiled([*written, extra])], request) is Effect.ALLOW


@settings(deadline=None)
@given(documents, st.randoms(use_true_random=False), requests)
def test_order_and_grouping_never_matter(
    written: list[Statement], random: Any, request: PolicyRequest
) -> None:
    shuffled = list(written)
    random.shuffle(shuffled)
    one_each = [compiled([statement]) for statement in shuffled]
    assert effect_of(one_each, request) is effect_of([compiled(written)], request)


@settings(deadline=None)
@given(documents, requests)
def test_a_trace_changes_nothing_and_can_be_told(
    written: list[Statement], request: PolicyRequest
) -> None:
    policy = compiled(written)
    trace = Trace()
    outcome = evaluate([policy], request, trace)
    assert outcome == evaluate([policy], request)
    assert len(trace.findings) == len(written)
    told = render_explanation(outcome, trace)
    assert told.count("\n") == 0
    for miss in nearest(trace):
        assert not miss.applies
        assert not miss.is_deny


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Version",
                    "Id",
                    "Statement",
                    "Effect",
                    "Action",
                    "Resource",
                    "Condition",
                    "Principal",
                ]
            )
            | operators
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def _accepts_or_refuses(text: str, kind: PolicyKind) -> None:
    try:
        document = parse_policy(text, kind)
    except PolicyError as error:
        assert error.path.startswith("$")
        assert error.message
    else:
        compile_policy(document, "p")


@settings(deadline=None)
@given(json_values.map(json.dumps) | st.text(), st.sampled_from(PolicyKind))
def test_any_text_is_accepted_or_refused(text: str, kind: PolicyKind) -> None:
    _accepts_or_refuses(text, kind)


@settings(deadline=None)
@given(documents, st.data(), st.sampled_from(PolicyKind))
def test_any_change_of_a_policy_is_accepted_or_refused(
    written: list[Statement], data: st.DataObject, kind: PolicyKind
) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": written})
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    _accepts_or_refuses(text[:start] + data.draw(st.text(max_size=3)) + text[end:], kind)


@settings(deadline=None)
@given(st.text("${}*?:a,' ", max_size=20), st.sampled_from(["Resource", "Condition"]))
def test_any_pattern_is_accepted_or_refused(pattern: str, element: str) -> None:
    statement: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if element == "Resource":
        statement["Resource"] = HEADER + pattern
    else:
        statement["Condition"] = {"StringLike": {"aws:x": pattern}}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    _accepts_or_refuses(text, PolicyKind.IDENTITY)
