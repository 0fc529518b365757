import json
from typing import Any

import pytest
from tests.unit.services.caller import ACCOUNT, Caller
from tests.unit.services.iam.documents import LAMBDA_TRUST

from keyfob.core.errors import AwsError
from keyfob.services.iam.dependencies import IamService

USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
TOPIC = "arn:aws:iot:eu-central-1:123456789012:topic/"


def document(*statements: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=indent)


def allow(action: str = "*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


async def simulate(iam: Caller[IamService], *policies: str, **more: Any) -> dict[str, Any]:
    asked = {"ActionNames": ["iot:Publish"], **more}
    answer = await iam("SimulateCustomPolicy", PolicyInputList=list(policies), **asked)
    (result,) = answer["EvaluationResults"]
    return dict(result)


def test_rows_ask_for_the_principal_that_is_simulated(iam: Caller[IamService]) -> None:
    for name in ("SimulateCustomPolicy", "SimulatePrincipalPolicy"):
        assert iam.rows[name].action == f"iam:{name}"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("iot:*")], "allowed"),
        ([allow("s3:*")], "implicitDeny"),
        ([allow("iot:*"), deny("iot:Publish")], "explicitDeny"),
    ],
)
async def test_decisions(
    iam: Caller[IamService], statements: list[dict[str, Any]], expected: str
) -> None:
    result = await simulate(iam, document(*statements))
    assert (result["EvalDecision"], result["EvalActionName"]) == (expected, "iot:Publish")
    assert result["EvalResourceName"] == "*"
    assert "ResourceSpecificResults" not in result


async def test_matched_statements_say_which_policy_and_where(iam: Caller[IamService]) -> None:
    text = document(allow("s3:*"), allow("iot:*", Sid="It"), indent=1)
    result = await simulate(iam, document(allow("s3:*")), text)
    (matched,) = result["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("PolicyInputList.2", "none")
    start, end = matched["StartPosition"], matched["EndPosition"]
    lines = text.splitlines()
    assert lines[start["Line"] - 1][start["Column"] - 1] == "{"
    assert lines[end["Line"] - 1][end["Column"] - 2] == "}"
    inside = "\n".join(lines[start["Line"] - 1 : end["Line"]])
    assert '"Sid": "It"' in inside
    assert "s3" not in inside


async def test_only_denying_statements_are_told_of_a_deny(iam: Caller[IamService]) -> None:
    result = await simulate(iam, '{"Statement": ' + json.dumps(deny("iot:*")) + "}",
                            document(allow()))  # fmt: skip
    assert [one["SourcePolicyId"] for one in result["MatchedStatements"]] == ["PolicyInputList.1"]
    assert result["MatchedStatements"][0]["StartPosition"] == {"Line": 1, "Column": 15}


async def test_each_resource_has_its_result_and_the_strictest_is_the_action_s(
    iam: Caller[IamService],
) -> None:
    text = document(
        allow("iot:Publish", f"{TOPIC}a"), deny("iot:Publish") | {"Resource": f"{TOPIC}c"}
    )
    result = await simulate(iam, text, ResourceArns=[f"{TOPIC}a", f"{TOPIC}b", f"{TOPIC}c"])
    found = [
        (one["EvalResourceName"], one["EvalResourceDecision"])
        for one in result["ResourceSpecificResults"]
    ]
    assert found == [
        (f"{TOPIC}a", "allowed"),
        (f"{TOPIC}b", "implicitDeny"),
        (f"{TOPIC}c", "explicitDeny"),
    ]
    assert result["EvalDecision"] == "explicitDeny"
    assert len(result["MatchedStatements"]) == 1


async def test_context_keys_that_are_missing_and_those_that_are_given(
    iam: Caller[IamService],
) -> None:
    text = document(
        allow("iot:Publish", TOPIC + "${aws:PrincipalTag/building}"),
        allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    )
    result = await simulate(iam, text, ResourceArns=[f"{TOPIC}b1"])
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MissingContextValues"] == ["aws:PrincipalTag/building", "aws:SecureTransport"]
    entry = {
        "ContextKeyName": "aws:principaltag/building",
        "ContextKeyType": "string",
        "ContextKeyValues": ["b1"],
    }
    result = await simulate(iam, text, ResourceArns=[f"{TOPIC}b1"], ContextEntries=[entry])
    assert result["EvalDecision"] == "allowed"
    assert result["MissingContextValues"] == ["aws:SecureTransport"]


@pytest.mark.parametrize(
    ("boundary", "expected", "is_within"),
    [("iot:*", "allowed", True), ("s3:*", "implicitDeny", False)],
)
async def test_a_boundary_narrows(
    iam: Caller[IamService], boundary: str, expected: str, is_within: bool
) -> None:
    result = await simulate(
        iam, document(allow()), PermissionsBoundaryPolicyInputList=[document(allow(boundary))]
    )
    assert result["EvalDecision"] == expected
    detail = result["PermissionsBoundaryDecisionDetail"]
    assert detail == {"AllowedByPermissionsBoundary": is_within}


def resource_policy(principal: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": {"AWS": principal}, "Action": "*", "Resource": "*"}
    return document(statement)


@pytest.mark.parametrize(
    ("identity", "boundary", "principal", "owner", "expected"),
    [
        ("s3:*", None, USER, ACCOUNT, "allowed"),
        ("s3:*", "s3:*", USER, ACCOUNT, "allowed"),  # the very user is named
        ("s3:*", "s3:*", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "implicitDeny"),
        ("s3:*", None, USER, "210987654321", "implicitDeny"),  # both accounts must allow
        ("iot:*", None, USER, "210987654321", "allowed"),
        ("iot:*", None, f"{USER}-else", "210987654321", "implicitDeny"),
        ("iot:*", None, f"{USER}-else", ACCOUNT, "allowed"),
    ],
)
async def test_resource_policies(
    iam: Caller[IamService],
    identity: str,
    boundary: str | None,
    principal: str,
    owner: str,
    expected: str,
) -> None:
    more: dict[str, Any] = {"ResourceOwner": f"arn:aws:iam::{owner}:root", "CallerArn": USER}
    if boundary is not None:
        more["PermissionsBoundaryPolicyInputList"] = [document(allow(boundary))]
    result = await simulate(
        iam, document(allow(identity)), ResourcePolicy=resource_policy(principal), **more
    )
    assert result["EvalDecision"] == expected
    assert ("EvalDecisionDetails" in result) is (owner != ACCOUNT)


@pytest.mark.parametrize(
    "params",
    [
        {"PolicyInputList": ["no json"]},
        {"ActionNames": ["iot:*"]},
        {"ActionNames": ["Publish"]},
        {"ResourcePolicy": resource_policy(USER)},
        {"ResourceHandlingOption": "EC2-VPC-InstanceStore"},
        {"PermissionsBoundaryPolicyInputList": [document(allow()), document(allow())]},
        {"ResourcePolicy": resource_policy(USER), "CallerArn": "somebody-or-other-else"},
    ],
)
async def test_what_cannot_be_simulated(iam: Caller[IamService], params: dict[str, Any]) -> None:
    asked = {"PolicyInputList": [document(allow())], "ActionNames": ["iot:Publish"], **params}
    with pytest.raises(AwsError) as refused:
        await iam("SimulateCustomPolicy", **asked)
    assert refused.value.code == "InvalidInput"


async def test_pages(iam: Caller[IamService]) -> None:
    names = [f"iot:Action{number}" for number in range(5)]
    asked = {"PolicyInputList": [document(allow())], "ActionNames": names, "MaxItems": 3}
    first = await iam("SimulateCustomPolicy", **asked)
    second = await iam("SimulateCustomPolicy", **asked, Marker=first["Marker"])
    found = [one["EvalActionName"] for one in first["EvaluationResults"]]
    assert found + [one["EvalActionName"] for one in second["EvaluationResults"]] == names
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)


async def make_user(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann", Tags=[{"Key": "team", "Value": "7"}])
    own = document(allow("iot:Publish", TOPIC + "${aws:username}/${aws:PrincipalTag/team}"))
    await iam("PutUserPolicy", UserName="ann", PolicyName="own", PolicyDocument=own)
    await iam("CreateGroup", GroupName="staff")
    shared = document(allow("iot:Connect", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    await iam("PutGroupPolicy", GroupName="staff", PolicyName="shared", PolicyDocument=shared)
    await iam("AddUserToGroup", GroupName="staff", UserName="ann")
    await iam("CreatePolicy", PolicyName="Limit", PolicyDocument=document(allow("iot:*")))
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/Limit"
    await iam("PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=boundary)
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    await iam("AttachUserPolicy", UserName="ann", PolicyArn=managed)


async def test_a_user_is_simulated_with_all_it_has(iam: Caller[IamService]) -> None:
    await make_user(iam)
    answer = await iam(
        "SimulatePrincipalPolicy",
        PolicySourceArn=USER,
        ActionNames=["iot:Publish", "iam:GetUser"],
        ResourceArns=[f"{TOPIC}ann/7"],
    )
    publish, get_user = answer["EvaluationResults"]
    assert publish["EvalDecision"] == "allowed"
    (matched,) = publish["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("user_ann_own", "user")
    assert publish["MissingContextValues"] == ["aws:SecureTransport"]
    assert get_user["EvalDecision"] == "implicitDeny"
    detail = get_user["PermissionsBoundaryDecisionDetail"]
    assert detail == {"AllowedByPermissionsBoundary": False}


async def test_a_user_has_its_groups_policies(iam: Caller[IamService]) -> None:
    await make_user(iam)
    entry = {
        "ContextKeyName": "aws:SecureTransport",
        "ContextKeyType": "boolean",
        "ContextKeyValues": ["true"],
    }
    answer = await iam(
        "SimulatePrincipalPolicy",
        PolicySourceArn=USER,
        ActionNames=["iot:Connect"],
        ContextEntries=[entry],
    )
    (result,) = answer["EvaluationResults"]
    (matched,) = result["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == (
        "group_staff_shared",
        "group",
    )


async def test_a_given_boundary_replaces_the_principal_s(iam: Caller[IamService]) -> None:
    await make_user(iam)
    answer = await iam(
        "SimulatePrincipalPolicy",
        PolicySourceArn=USER,
        ActionNames=["iam:GetUser"],
        PermissionsBoundaryPolicyInputList=[document(allow())],
    )
    (result,) = answer["EvaluationResults"]
    (matched,) = result["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == (
        "ReadOnlyAccess",
        "aws-managed",
    )


async def test_roles_and_groups_can_be_simulated(iam: Caller[IamService]) -> None:
    await iam("CreateRole", RoleName="Player", AssumeRolePolicyDocument=LAMBDA_TRUST)
    await iam("CreateGroup", GroupName="staff")
    for kind, name in (("role", "Player"), ("group", "staff")):
        answer = await iam(
            "SimulatePrincipalPolicy",
            PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:{kind}/{name}",
            PolicyInputList=[document(allow("iot:*"))],
            ActionNames=["iot:Publish"],
        )
        assert answer["EvaluationResults"][0]["EvalDecision"] == "allowed"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (USER, "NoSuchEntity"),
        (f"arn:aws:iam::{ACCOUNT}:policy/x", "InvalidInput"),
        ("arn:aws:iam::210987654321:user/ann", "InvalidInput"),
        ("a-text-of-twenty-characters", "InvalidInput"),
    ],
)
async def test_nobody_else_can_be_simulated(iam: Caller[IamService], arn: str, code: str) -> None:
    with pytest.raises(AwsError) as refused:
        await iam("SimulatePrincipalPolicy", PolicySourceArn=arn, ActionNames=["iot:Publish"])
    assert refused.value.code == code


async def test_context_keys_of_policies(iam: Caller[IamService]) -> None:
    await make_user(iam)
    more = document(allow("iot:*", Condition={"StringLike": {"iot:ClientId": "${aws:UserName}"}}))
    custom = await iam("GetContextKeysForCustomPolicy", PolicyInputList=[more])
    assert custom["ContextKeyNames"] == ["aws:UserName", "iot:ClientId"]
    principal = await iam(
        "GetContextKeysForPrincipalPolicy", PolicySourceArn=USER, PolicyInputList=[more]
    )
    assert [key.lower() for key in principal["ContextKeyNames"]] == [
        "aws:principaltag/team",
        "aws:securetransport",
        "aws:username",
        "iot:clientid",
    ]
