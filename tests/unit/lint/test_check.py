"""Files: kinds, places, grammar, unusable and hostile input."""

import json
from typing import Any

import pytest

from keyfob.lint import MAX_FILE_BYTES, UnusableInputError, lint_document, lint_file
from keyfob.lint.json_reader import read_json
from keyfob.lint.kinds import find_kind
from keyfob.lint.node import Mapping
from keyfob.policy import PolicyKind

BAD_CONDITION = """{"Statement": {"Effect": "Deny", "Action": "a:b", "Resource": "*",
 "Condition": {"StringEquals": {"x.y:z": [
  "a", {}]}}}}"""
IOT = "arn:aws:iot:eu-central-1:123456789012"


def write(*statements: dict[str, Any], version: str | None = "2012-10-17") -> str:
    document: dict[str, Any] = {} if version is None else {"Version": version}
    return json.dumps({**document, "Statement": list(statements)}, indent=2)


def allow(action: object, resource: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def rules(text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> list[str]:
    return [one.rule for one in lint_document(text, kind)]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (allow("iot:Publish", f"{IOT}:topic/${{iot:ClientId}}"), PolicyKind.IOT),
        (allow(["iot:Publish", "iot:Connect"], "*"), PolicyKind.IOT),
        (allow("iot:Publish", f"{IOT}:topic/${{aws:PrincipalTag/a}}"), PolicyKind.IDENTITY),
        (allow(["iot:Publish", "iot:AttachPolicy"]), PolicyKind.IDENTITY),
        (allow("s3:GetObject"), PolicyKind.IDENTITY),
        (
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
            PolicyKind.TRUST,
        ),
        (allow("s3:GetObject", Principal="*"), PolicyKind.RESOURCE),
    ],
)
def test_the_kind_is_found_from_what_the_policy_says(
    statement: dict[str, Any], kind: PolicyKind
) -> None:
    text = write(statement)
    tree = read_json(text)
    assert isinstance(tree, Mapping)
    assert find_kind(tree, text) is kind


def test_a_finding_stands_at_the_value_it_is_about() -> None:
    text = (
        '{"Version": "2012-10-17",\n'
        ' "Statement": [\n'
        '  {"Effect": "Allow", "Action": ["iot:Publish", "iot:Publsh"],\n'
        '   "Resource": "*"}]}\n'
    )
    (finding,) = lint_document(text, PolicyKind.IDENTITY, "p.json")
    assert (finding.file, finding.line, finding.column) == ("p.json", 3, 49)
    assert finding.rule == "KF101"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"Version": "2011",\n "Statement": []}', 1, 13),
        ('{"Statement": [\n {"Effect": "Maybe", "Action": "a:b", "Resource": "*"}]}', 2, 13),
        ('{"Statement": [\n {"Effect": "Deny", "Action": "a:b"}]}', 2, 2),
        ('{"Statement": {"Effect": "Deny",\n "Effect": "Allow"}}', 2, 2),
        (BAD_CONDITION, 3, 8),
    ],
)
def test_grammar_is_reported_at_its_place(text: str, line: int, column: int) -> None:
    (finding,) = lint_document(text, PolicyKind.IDENTITY)
    assert (finding.rule, finding.line, finding.column) == ("KF100", line, column)


def test_a_policy_in_yaml_is_linted_too() -> None:
    text = "Statement:\n  Effect: Allow\n  Action: iot:Nothing\n  Resource: '*'\n"
    (finding,) = lint_file(text.encode(), "p.yaml", PolicyKind.IDENTITY)
    assert (finding.rule, finding.line, finding.column) == ("KF101", 3, 11)


def test_a_byte_order_mark_moves_nothing() -> None:
    text = write(allow("iot:Nothing"))
    assert lint_file(b"\xef\xbb\xbf" + text.encode(), "p") == lint_file(text.encode(), "p")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"hello",
        b"[]",
        b"{}",
        b'{"a": 1}',
        b'{"Statement": [',
        b"Resources: [1]",
        b" " * (MAX_FILE_BYTES + 1),
    ],
)
def test_what_is_neither_policy_nor_template_is_unusable(content: bytes) -> None:
    with pytest.raises(UnusableInputError) as caught:
        lint_file(content, "p")
    assert "\n" not in caught.value.message


def test_wildcards_of_a_service_take_all_its_resources() -> None:
    assert rules(write(allow("iot:*", f"{IOT}:thing/a"))) == []


def test_an_action_pattern_that_fits_no_action_is_unknown() -> None:
    assert rules(write(allow("iot:Publi*sh"))) == []
    assert rules(write(allow("iot:Xyz*"))) == ["KF101"]
    assert rules(write(allow("nosuchservice:Do"))) == ["KF101"]


def test_actions_are_compared_without_regard_to_case() -> None:
    assert rules(write(allow("IOT:publish", f"{IOT}:topic/a"))) == []


def test_negated_elements_say_nothing_about_types() -> None:
    statement = {"Effect": "Deny", "NotAction": "iot:Publish", "NotResource": f"{IOT}:thing/a"}
    assert rules(write(statement)) == []


@pytest.mark.parametrize(
    "key",
    [
        "aws:SourceIp",
        "aws:PrincipalTag/any thing",
        "cognito-identity.amazonaws.com:sub",
        "accounts.google.com:aud",
        "aws:RequestTag/team",
    ],
)
def test_known_condition_keys_pass(key: str) -> None:
    condition = {"StringLike": {key: "a"}}
    assert rules(write(allow("iot:CreateThing", f"{IOT}:thing/a", Condition=condition))) == []


@pytest.mark.parametrize("key", ["aws:Sourceip4", "cognito-identity.amazonaws.com:subject", "x:y"])
def test_unknown_condition_keys_are_reported(key: str) -> None:
    condition = {"StringLike": {key: "a"}}
    text = write(allow("iot:CreateThing", f"{IOT}:thing/a", Condition=condition))
    assert rules(text) == ["KF104"]


def test_iot_policies_have_their_own_condition_keys() -> None:
    condition = {"ForAnyValue:StringEquals": {"iot:ConnectAttributes": "LastWill"}}
    text = write(allow("iot:Connect", f"{IOT}:client/a", Condition=condition))
    assert rules(text, PolicyKind.IOT) == []
    assert rules(text, PolicyKind.IDENTITY) == ["KF104"]


@pytest.mark.parametrize(
    ("variable", "in_iam", "in_iot"),
    [
        ("aws:username", [], ["KF401"]),
        ("aws:SourceIp", [], []),
        ("aws:NoSuchKey", ["KF401"], ["KF401"]),
        ("iot:Connection.Thing.Attributes[floor]", ["KF401"], []),
        ("iot:Certificate.Subject.CommonName.2", ["KF401"], []),
        ("iot:Certificate.Subject.CommonName.List", ["KF402"], ["KF402"]),
        ("iot:Thing.ThingName", ["KF401"], ["KF401"]),
        ("cognito-identity.amazonaws.com:sub", [], []),
        ("aws:PrincipalTag/a", [], ["KF403"]),
        ("s3:prefix", [], ["KF401"]),
        ("nonsense:prefix", ["KF401"], ["KF401"]),
    ],
)
def test_variables_by_kind(variable: str, in_iam: list[str], in_iot: list[str]) -> None:
    text = write(allow("iot:Publish", f"{IOT}:topic/${{{variable}}}"))
    assert rules(text, PolicyKind.IDENTITY) == in_iam
    assert rules(text, PolicyKind.IOT) == in_iot


def test_subscribe_and_publish_may_share_a_statement_that_has_both_resources() -> None:
    resources = [f"{IOT}:topic/a", f"{IOT}:topicfilter/a"]
    assert rules(write(allow(["iot:Publish", "iot:Subscribe"], resources))) == []


def test_a_grant_of_everything_receives_everything() -> None:
    text = write(allow("iot:Subscribe", f"{IOT}:topicfilter/a"), allow("iot:Receive"))
    assert rules(text) == []


def test_a_wide_deny_keeps_the_messages_of_a_denied_filter_back() -> None:
    deny = {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": f"{IOT}:topicfilter/a/*"}
    wide = {"Effect": "Deny", "Action": "iot:*", "Resource": f"{IOT}:topic/*"}
    assert rules(write(deny)) == ["KF207"]
    assert rules(write(deny, wide)) == []


def test_many_wildcards_cost_a_bounded_number_of_steps() -> None:
    stars = "*a" * 100
    text = write(
        allow("iot:Subscribe", [f"{IOT}:topicfilter/{stars}{i}" for i in range(15)]),
        allow("iot:Receive", [f"{IOT}:topic/{stars}b{i}" for i in range(15)]),
    )
    assert set(rules(text)) <= {"KF203", "KF204"}


def test_what_the_file_holds_cannot_steer_a_terminal() -> None:
    text = write(allow("iot:Publish", f"{IOT}:topic/\x1b[31m\ud800+"))
    (finding,) = lint_document(text, PolicyKind.IDENTITY)
    assert finding.message.isprintable()


def test_a_listed_subscribe_grant_with_named_topics_is_judged_apart_from_the_rest() -> None:
    text = write(
        allow("iot:Subscribe", f"{IOT}:topicfilter/$aws/things/a/*"),
        allow("iot:Receive", [f"{IOT}:topic/$aws/things/*", f"{IOT}:topic/$aws/events/*"]),
    )
    assert rules(text) == []


def test_an_action_with_resources_of_another_type_is_told_to_use_its_own() -> None:
    text = write(allow(["iot:DescribeThing", "iot:DescribeThingGroup"], f"{IOT}:thing/a"))
    (finding,) = lint_document(text, PolicyKind.IDENTITY)
    assert finding.rule == "KF103"
    assert "iot:DescribeThingGroup" in finding.fix


def test_grammar_in_an_embedded_policy_is_reported_at_its_place() -> None:
    text = (
        "Resources:\n  P:\n    Type: AWS::IoT::Policy\n    Properties:\n"
        "      PolicyDocument: {Statement: {Effect: Perhaps, Action: 'iot:*', Resource: '*'}}\n"
    )
    (finding,) = lint_file(text.encode(), "t.yaml")
    assert (finding.rule, finding.line, finding.column) == ("KF100", 5, 44)
