import json
from typing import Any

import pytest

from keyfob.policy import (
    PolicyKind,
    PolicyRequest,
    RequestContext,
    RequestPrincipal,
    Trace,
    compile_policy,
    evaluate,
    nearest,
    parse_policy,
    render_explanation,
    render_miss,
)

ARN = "arn:aws:iot:eu-central-1:123456789012:"


def explain(
    *statements: dict[str, Any],
    action: str = "iot:Subscribe",
    resource: str = ARN + "topicfilter/building/2/x",
    kind: PolicyKind = PolicyKind.IDENTITY,
    principal: RequestPrincipal | None = None,
    **context: list[str],
) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    policy = compile_policy(parse_policy(text, kind), "TestIamPolicyBuilding")
    values = {key.replace("__", ":").replace("_in_", "/"): value for key, value in context.items()}
    trace = Trace()
    request = PolicyRequest(action, resource, RequestContext(values), principal)
    return render_explanation(evaluate([policy], request, trace), trace)


SUBSCRIBE = {
    "Sid": "SubscribeToTopics",
    "Effect": "Allow",
    "Action": "iot:Subscribe",
    "Resource": ARN + "topicfilter/building/${aws:PrincipalTag/building_id}",
}
CONNECT = {"Sid": "ConnectClient", "Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
START = f"no statement allows iot:Subscribe on {ARN}topicfilter/building/2/x; nearest is "


def test_a_variable_that_differs() -> None:
    assert explain(CONNECT, SUBSCRIBE, aws__PrincipalTag_in_building_id=["1"]) == (
        START + "TestIamPolicyBuilding[SubscribeToTopics], whose resource "
        f"`{ARN}topicfilter/building/${{aws:PrincipalTag/building_id}}` is "
        f"`{ARN}topicfilter/building/1` here"
    )


def test_a_variable_without_a_value() -> None:
    assert explain(SUBSCRIBE).endswith(
        "matches nothing, as `${aws:PrincipalTag/building_id}` has no value here"
    )


def test_a_plain_resource() -> None:
    assert explain({**SUBSCRIBE, "Resource": ARN + "topicfilter/a"}).endswith(
        f"whose resource is `{ARN}topicfilter/a`"
    )


def test_several_resources() -> None:
    resources = [f"{ARN}topicfilter/{name}" for name in ("a*", "b?", "c", "d", "e")]
    assert explain({**SUBSCRIBE, "Resource": resources}).endswith(
        f"whose resources are `{resources[0]}`, `{resources[1]}`, `{resources[2]}` and 2 more here"
    )


def test_a_left_out_resource() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "NotResource": ["*", "arn:aws:s3:::${aws:userid}"],
    }
    assert explain(statement) == (
        START + "TestIamPolicyBuilding[0], which leaves out `*`, `arn:aws:s3:::${aws:userid}`"
    )


def test_several_resources_without_a_value() -> None:
    resources = [ARN + "topicfilter/${aws:userid}", ARN + "topicfilter/c"]
    assert explain({**SUBSCRIBE, "Resource": resources}).endswith(
        f"whose resources are `{ARN}topicfilter/${{aws:userid}}`, `{ARN}topicfilter/c` here"
    )


def test_another_action() -> None:
    assert explain(CONNECT) == (
        START + "TestIamPolicyBuilding[ConnectClient], which is for `iot:Connect`"
    )


def test_a_left_out_action() -> None:
    statement = {"Effect": "Allow", "NotAction": "iot:*", "Resource": "*"}
    assert explain(statement).endswith("which is for all actions but `iot:*`")


def test_conditions_with_what_was_there() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:PrincipalTag/t": ["${aws:userid}", "x"]},
            "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            "Null": {"aws:TagKeys": "true"},
        },
    }
    assert explain(statement, aws__SourceIp=["192.0.2.1"]) == (
        START
        + "TestIamPolicyBuilding[0], whose condition StringEquals on aws:PrincipalTag/t wants "
        "`${aws:userid}`, `x` where the request has no such key and whose condition IpAddress on "
        "aws:SourceIp wants `10.0.0.0/8` where the request has `192.0.2.1`"
    )


def test_another_principal() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "1" * 12}, "Action": "*", "Resource": "*"}
    told = explain(statement, kind=PolicyKind.RESOURCE, principal=RequestPrincipal.root("2" * 12))
    assert told.endswith("which names other principals")


def test_nothing_allows_anything() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    assert explain(deny).endswith("; there is none that allows anything")


def test_what_allowed() -> None:
    assert explain(CONNECT, action="iot:Connect", resource=ARN + "client/c") == (
        f"iot:Connect on {ARN}client/c is allowed by TestIamPolicyBuilding[ConnectClient]"
    )


def test_what_denied() -> None:
    denies = [{"Effect": "Deny", "Action": "*", "Resource": "*"}] * 2
    assert explain(*denies).endswith(
        " is explicitly denied by TestIamPolicyBuilding[0] and TestIamPolicyBuilding[1]"
    )


def test_nearness() -> None:
    statements = [
        CONNECT,
        {**SUBSCRIBE, "Sid": "Far", "Resource": "arn:aws:s3:::x"},
        {**SUBSCRIBE, "Sid": "Two", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {**SUBSCRIBE, "Sid": "Near"},
        {"Sid": "Denies", "Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {**SUBSCRIBE, "Sid": "Shorter", "Resource": ARN + "topicfilter/building/2"},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    policy = compile_policy(parse_policy(text, PolicyKind.IDENTITY), "p")
    trace = Trace()
    context = RequestContext({"aws:PrincipalTag/building_id": ["1"]})
    evaluate(
        [policy], PolicyRequest("iot:Subscribe", ARN + "topicfilter/building/2/x", context), trace
    )
    order = ["Shorter", "Near", "Far", "Two", "ConnectClient"]
    assert [finding.ref.sid for finding in nearest(trace)] == order
    assert render_miss(nearest(trace)[-1]) == "p[ConnectClient], which is for `iot:Connect`"


def test_an_empty_trace() -> None:
    trace = Trace()
    assert nearest(trace) == ()
    outcome = evaluate([], PolicyRequest("a:B", "*", RequestContext({})))
    assert render_explanation(outcome, trace) == (
        "no statement allows the request; there is none that allows anything"
    )


@pytest.mark.parametrize("value", ["two\nlines", "x" * 500])
def test_a_request_cannot_break_the_line(value: str) -> None:
    told = explain(
        {**SUBSCRIBE, "Condition": {"StringEquals": {"aws:userid": "a"}}}, aws__userid=[value]
    )
    assert "\n" not in told
    assert len(told) < 1000
