"""Templates: where policies stand in them, short forms, and facts across resources."""

import json

import pytest

from keyfob.lint import Finding, UnusableInputError, lint_file
from keyfob.lint.intrinsics import logical_id, resolve
from keyfob.lint.node import Mapping, Text, render_json
from keyfob.lint.overlap import OPAQUE
from keyfob.lint.yaml_reader import read_yaml


def lint(text: str) -> list[Finding]:
    return lint_file(text.encode(), "t.yaml")


def places(text: str) -> list[tuple[str, int, int]]:
    return [(one.rule, one.line, one.column) for one in lint(text)]


UNKNOWN = "{Version: 2012-10-17, Statement: {Effect: Allow, Action: 'iot:Nope', Resource: '*'}}"


@pytest.mark.parametrize(
    "resource",
    [
        f"{{Type: AWS::IAM::Policy, Properties: {{PolicyDocument: {UNKNOWN}}}}}",
        f"{{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {UNKNOWN}}}}}",
        f"{{Type: AWS::IAM::RolePolicy, Properties: {{PolicyDocument: {UNKNOWN}}}}}",
        f"{{Type: AWS::IoT::Policy, Properties: {{PolicyDocument: {UNKNOWN}}}}}",
        f"{{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyDocument: {UNKNOWN}}}]}}}}",
        f"{{Type: AWS::IAM::User, Properties: {{Policies: [{{PolicyDocument: {UNKNOWN}}}]}}}}",
        f"{{Type: AWS::Serverless::Function, Properties: {{Policies: [AWSX, {UNKNOWN}]}}}}",
    ],
)
def test_every_kind_of_embedded_policy_is_linted(resource: str) -> None:
    (finding,) = lint(f"Resources:\n  One:\n    {resource}\n")
    assert finding.rule == "KF101"
    assert finding.line == 3
    assert resource[finding.column - 5 :].startswith("'iot:Nope'")


def test_a_template_in_json_is_linted_with_its_places() -> None:
    text = (
        '{"Resources": {"P": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {\n'
        '"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Subscribe",\n'
        ' "Resource": {"Fn::Sub": "arn:aws:iot:${AWS::Region}:${AWS::AccountId}:topic/a"}}]}}}}}'
    )
    assert ("KF201", 3, 14) in places(text)


TRUST = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Federated: cognito-identity.amazonaws.com}
            Action: sts:AssumeRoleWithWebIdentity
"""


def test_a_trust_policy_is_linted_as_one() -> None:
    assert places(TRUST) == [("KF502", 9, 13), ("KF503", 9, 13), ("KF501", 11, 21)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Thing", OPAQUE),
        ("{Ref: AWS::AccountId}", "123456789012"),
        ("!Sub 'a${AWS::Partition}b${!iot:ClientId}c${X.Arn}'", f"aawsb${{iot:ClientId}}c{OPAQUE}"),
        ("!Sub ['${a}/${b}', {a: x, b: !Ref B}]", f"x/{OPAQUE}"),
        ("!Join ['/', [a, !Ref B, !Sub c]]", f"a/{OPAQUE}/c"),
        ("{'Fn::Join': ['', [a, b]]}", "ab"),
        ("!If [Yes, !Ref AWS::NoValue, b]", "b"),
        ("!If [Yes, a, b]", "a"),
        ("!GetAtt X.Arn", OPAQUE),
        ("!FindInMap [a, b, c]", OPAQUE),
        ("!Sub 7", "7"),
        ("!Join [1]", OPAQUE),
        ("!Join ['/', !Ref Texts]", OPAQUE),
        ("!Sub [a, b, c]", OPAQUE),
    ],
)
def test_functions(text: str, expected: str) -> None:
    found = resolve(read_yaml(text))
    assert isinstance(found, Text)
    assert found.text == expected


def test_no_value_leaves_the_member_out() -> None:
    found = resolve(read_yaml("{a: !Ref AWS::NoValue, b: [1, !Ref AWS::NoValue]}"))
    assert isinstance(found, Mapping)
    assert json.loads(render_json(found)) == {"b": ["1"]}


def test_a_substitution_that_multiplies_is_not_written_out() -> None:
    found = resolve(read_yaml(f"!Sub ['{'${a}' * 5000}', {{a: {'x' * 5000}}}]"))
    assert isinstance(found, Text)
    assert found.text == OPAQUE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref A", "A"),
        ("!Ref {a: b}", None),
        ("!GetAtt A.Arn", "A"),
        ("!GetAtt [A, Arn]", "A"),
        ("{'Fn::GetAtt': [A, Arn]}", "A"),
        ("!Sub '${A.ProviderName}'", "A"),
        ("!Sub 'cognito-idp.${AWS::Region}.amazonaws.com/${A}'", "A"),
        ("!Sub '${A}${B}'", None),
        ("plain", None),
        ("!Join ['', [a]]", None),
    ],
)
def test_logical_ids(text: str, expected: str | None) -> None:
    assert logical_id(read_yaml(text)) == expected


def test_what_only_cloudformation_knows_is_not_judged() -> None:
    text = """
Resources:
  P:
    Type: AWS::IAM::Policy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Bucket.Arn}/*"}
          - {Effect: Allow, Action: !Ref Actions, Resource: !GetAtt Bucket.Arn}
          - Effect: Allow
            Action: iot:Publish
            Resource: !Sub "arn:aws:iot:${AWS::Region}:${AWS::AccountId}:topic/${Topic}"
            Condition: {NumericLessThan: {"aws:MultiFactorAuthAge": "1"}}
  Q: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: !Ref Document}}
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {AWS: !Ref Who}, Action: sts:AssumeRole}
          - {Effect: Allow, Principal: {Federated: !Ref Who}, Action: sts:AssumeRole}
          - {Effect: Allow, Principal: {Service: !Ref Who}, Action: sts:AssumeRole}
  S:
    Type: AWS::IAM::Policy
    Properties:
      PolicyDocument: {Statement: {Effect: !Ref E, Action: 'iot:Nope', Resource: '*'}}
"""
    assert lint(text) == []


def test_a_policy_written_as_a_text_is_linted_at_that_text() -> None:
    text = """
Resources:
  P:
    Type: AWS::IoT::Policy
    Properties:
      PolicyDocument: !Sub |
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish",
         "Resource": "arn:aws:iot:${AWS::Region}:${AWS::AccountId}:topicfilter/a"}}
"""
    assert places(text) == [("KF202", 6, 23)]


def test_a_policy_text_that_is_not_json_is_unusable() -> None:
    text = "Resources:\n  P: {Type: AWS::IoT::Policy, Properties: {PolicyDocument: '{broken'}}\n"
    with pytest.raises(UnusableInputError) as caught:
        lint(text)
    assert caught.value.line == 2


def attaching(principal: str) -> str:
    return f"""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          {{Effect: Allow, Principal: {principal}, Action: sts:AssumeRole}}
      ManagedPolicyArns: [!Ref Attach]
  Attach:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement: {{Effect: Allow, Action: iot:AttachPolicy, Resource: '*'}}
"""


def test_a_backend_may_attach_policies_and_others_may_not() -> None:
    assert lint(attaching("{Service: lambda.amazonaws.com}")) == []
    (finding,) = lint(attaching("{AWS: '123456789012'}"))
    assert finding.rule == "KF302"


CHAIN = """
Resources:
  Users:
    Type: AWS::Cognito::UserPool
    Properties: {Schema: [{Name: team, Mutable: %(mutable)s}]}
  Others: {Type: AWS::Cognito::UserPool, Properties: {}}
  App:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref %(pool)s %(writes)s}
  Map:
    Type: AWS::Cognito::IdentityPoolPrincipalTag
    Properties:
      IdentityProviderName: !Sub cognito-idp.${AWS::Region}.amazonaws.com/${Users}
      PrincipalTags: {team: custom:team, who: sub}
"""


@pytest.mark.parametrize(
    ("mutable", "pool", "writes", "expected"),
    [
        ("true", "Users", ", WriteAttributes: [email, custom:team]", ["KF505"]),
        ("true", "Users", ", WriteAttributes: [email]", []),
        ("true", "Users", "", ["KF505"]),
        ("false", "Users", "", []),
        ("false", "Users", ", WriteAttributes: [custom:team]", []),
        ("true", "Others", ", WriteAttributes: [custom:team]", []),
    ],
)
def test_who_may_write_a_mapped_attribute(
    mutable: str, pool: str, writes: str, expected: list[str]
) -> None:
    text = CHAIN % {"mutable": mutable, "pool": pool, "writes": writes}
    assert [one.rule for one in lint(text)] == expected


TAGGED = """
Resources:
  Roles:
    Type: AWS::Cognito::IdentityPoolRoleAttachment
    Properties: {Roles: {authenticated: !GetAtt Mine.Arn}}
  Mine: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [%(policy)s]}}
  Other: {Type: AWS::IAM::Role, Properties: {}}
  Map: {Type: AWS::Cognito::IdentityPoolPrincipalTag, Properties: %(map)s}
  Tag:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [%(role)s]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          Effect: Allow
          Action: iot:Publish
          Resource: arn:aws:iot:us-east-1:123456789012:topic/${aws:PrincipalTag/Username}
"""


@pytest.mark.parametrize(
    ("claims", "policy", "role", "expected"),
    [
        ("{UseDefaults: true}", "", "!Ref Mine", []),
        ("{PrincipalTags: {username: sub}}", "", "!Ref Mine", []),
        ("{PrincipalTags: {name: sub}}", "", "!Ref Mine", ["KF504"]),
        ("{PrincipalTags: {name: sub}}", "!Ref Tag", "", ["KF504"]),
        ("{PrincipalTags: {name: sub}}", "", "", ["KF504"]),
        ("{PrincipalTags: {name: sub}}", "", "!Ref Other", []),
        ("{PrincipalTags: !Ref Tags}", "", "!Ref Mine", []),
    ],
)
def test_which_tags_are_set(claims: str, policy: str, role: str, expected: list[str]) -> None:
    text = TAGGED % {"map": claims, "policy": policy, "role": role}
    assert [one.rule for one in lint(text)] == expected


def test_what_is_partly_known_is_judged_by_what_is_known() -> None:
    text = """
Resources:
  P:
    Type: AWS::IoT::Policy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Action: iot:Subscribe
            Resource: !Sub "arn:aws:iot:us-east-1:123456789012:topicfilter/%s/${Name}"
          - Effect: Allow
            Action: iot:Receive
            Resource: !Sub "arn:aws:iot:us-east-1:123456789012:topic/a/${Name}/*"
"""
    assert lint(text % "a") == []
    assert [one.rule for one in lint(text % "b")] == ["KF203", "KF204"]


def test_a_list_in_a_policy_text_stands_at_that_text() -> None:
    text = (
        "Resources:\n  P:\n    Type: AWS::IoT::Policy\n    Properties:\n      PolicyDocument: >-\n"
        '        {"Statement": [{"Effect": "Allow", "Action": ["iot:Nope"], "Resource": "*"}]}\n'
    )
    assert places(text) == [("KF101", 5, 23)]


@pytest.mark.parametrize("trust", ["!Ref Trust", "{Statement: {Principal: '*'}}"])
def test_a_role_that_is_not_certainly_a_backend_is_not_taken_for_one(trust: str) -> None:
    text = attaching("{Service: lambda.amazonaws.com}")
    start, end = text.index("        Version"), text.index("      ManagedPolicyArns")
    text = text[:start].rstrip() + f" {trust}\n" + text[end:]
    assert "KF302" in {one.rule for one in lint(text)}


def test_more_resources_than_a_template_may_have_are_refused() -> None:
    resources = "".join(f"  R{i}: {{}}\n" for i in range(501))
    with pytest.raises(UnusableInputError, match="500"):
        lint(f"Resources:\n{resources}")


def test_resources_of_odd_shapes_are_passed_over() -> None:
    assert lint("Resources:\n  A: 1\n  B: {Type: [x]}\n  C: {Type: AWS::IAM::Role}\n") == []
