from urllib.parse import unquote

import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S, Caller
from tests.unit.services.iam.documents import (
    ALLOW_ALL,
    IOT_CONNECT,
    LAMBDA_TRUST,
    cognito_trust,
    padded,
)
from tests.unit.services.iam.refusing import refuse

from keyfob.core.ids import AccountId
from keyfob.services.iam.dependencies import IamService

ARN = "arn:aws:iam::123456789012:role/app/Player"
AUDIENCE = {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-central-1:pool"}}


async def make_role(iam: Caller[IamService], name: str = "Player", path: str = "/app/") -> None:
    await iam("CreateRole", RoleName=name, Path=path, AssumeRolePolicyDocument=LAMBDA_TRUST)


async def test_a_role_is_made_and_read_back(iam: Caller[IamService]) -> None:
    made = await iam(
        "CreateRole",
        RoleName="Player",
        Path="/app/",
        AssumeRolePolicyDocument=LAMBDA_TRUST,
        Description="plays",
        MaxSessionDuration=7200,
        Tags=[{"Key": "building", "Value": "1"}],
        PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    role = made["Role"]
    assert role["Arn"] == ARN
    assert role["RoleId"].startswith("AROA")
    assert role["CreateDate"] == NOW_S
    assert role["MaxSessionDuration"] == 7200
    assert role["Tags"] == [{"Key": "building", "Value": "1"}]
    boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert boundary == "arn:aws:iam::aws:policy/AdministratorAccess"
    assert await iam("GetRole", RoleName="pLAYER") == made


async def test_documents_are_percent_encoded_after_rfc_3986(iam: Caller[IamService]) -> None:
    await make_role(iam)
    document = (await iam("GetRole", RoleName="Player"))["Role"]["AssumeRolePolicyDocument"]
    assert set(document) <= set(
        "%-_.~" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    )
    assert unquote(document) == LAMBDA_TRUST


async def test_names_are_unique_regardless_of_case(iam: Caller[IamService]) -> None:
    await make_role(iam)
    error = await refuse(
        iam, "CreateRole", RoleName="PLAYER", AssumeRolePolicyDocument=LAMBDA_TRUST
    )
    assert error.code == "EntityAlreadyExists"
    assert error.message == "Role with name PLAYER already exists."


async def test_an_unknown_role_is_not_found(iam: Caller[IamService]) -> None:
    cases: list[tuple[str, dict[str, object]]] = [
        ("GetRole", {}),
        ("DeleteRole", {}),
        ("UpdateRole", {}),
        ("ListRolePolicies", {}),
        ("ListAttachedRolePolicies", {}),
        ("ListRoleTags", {}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": LAMBDA_TRUST}),
        ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": ALLOW_ALL}),
        ("TagRole", {"Tags": [{"Key": "a", "Value": "b"}]}),
    ]
    for operation, more in cases:
        error = await refuse(iam, operation, RoleName="Nobody", **more)
        assert error.code == "NoSuchEntity"
        assert error.message == "The role with name Nobody cannot be found."


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "$"),
        (ALLOW_ALL, "rincipal"),
        (LAMBDA_TRUST.replace("Allow", "allow"), "$.Statement[0].Effect"),
    ],
)
async def test_a_malformed_trust_policy_is_refused(
    iam: Caller[IamService], document: str, says: str
) -> None:
    error = await refuse(iam, "CreateRole", RoleName="R", AssumeRolePolicyDocument=document)
    assert error.code == "MalformedPolicyDocument"
    assert says in error.message


async def test_a_trust_policy_over_2048_characters_is_refused(iam: Caller[IamService]) -> None:
    document = LAMBDA_TRUST.replace("lambda", "l" * 2_048)
    error = await refuse(iam, "CreateRole", RoleName="R", AssumeRolePolicyDocument=document)
    assert (error.code, error.message) == (
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
    )


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}},
        {"StringEquals": {"sts:RoleSessionName": "x"}},
    ],
)
async def test_trusting_all_of_cognito_is_refused(
    iam: Caller[IamService], condition: object | None
) -> None:
    document = cognito_trust(condition)
    error = await refuse(iam, "CreateRole", RoleName="R", AssumeRolePolicyDocument=document)
    assert error.code == "MalformedPolicyDocument"
    assert "cognito-identity.amazonaws.com:aud" in error.message
    await make_role(iam)
    error = await refuse(iam, "UpdateAssumeRolePolicy", RoleName="Player", PolicyDocument=document)
    assert error.code == "MalformedPolicyDocument"


async def test_trusting_one_pool_is_saved(iam: Caller[IamService]) -> None:
    await make_role(iam)
    document = cognito_trust(AUDIENCE)
    await iam("UpdateAssumeRolePolicy", RoleName="Player", PolicyDocument=document)
    role = (await iam("GetRole", RoleName="Player"))["Role"]
    assert unquote(role["AssumeRolePolicyDocument"]) == document


async def test_update_changes_what_is_given(iam: Caller[IamService]) -> None:
    await make_role(iam)
    await iam("UpdateRole", RoleName="Player", MaxSessionDuration=43200)
    answer = await iam("UpdateRoleDescription", RoleName="Player", Description="new")
    assert answer["Role"]["Description"] == "new"
    assert answer["Role"]["MaxSessionDuration"] == 43200


async def test_a_role_with_policies_cannot_be_deleted(iam: Caller[IamService]) -> None:
    await make_role(iam)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    await iam("AttachRolePolicy", RoleName="Player", PolicyArn=admin)
    await iam("PutRolePolicy", RoleName="Player", PolicyName="p", PolicyDocument=ALLOW_ALL)
    error = await refuse(iam, "DeleteRole", RoleName="Player")
    assert error.code == "DeleteConflict"
    assert error.message == "Cannot delete entity, must detach all policies first."
    await iam("DetachRolePolicy", RoleName="Player", PolicyArn=admin)
    error = await refuse(iam, "DeleteRole", RoleName="Player")
    assert error.message == "Cannot delete entity, must delete policies first."
    await iam("DeleteRolePolicy", RoleName="Player", PolicyName="p")
    await iam("DeleteRole", RoleName="Player")
    assert (await refuse(iam, "GetRole", RoleName="Player")).code == "NoSuchEntity"


async def test_roles_are_listed_in_pages_below_a_path(iam: Caller[IamService]) -> None:
    for name in ("delta", "Alpha", "charlie", "bravo"):
        await make_role(iam, name)
    await make_role(iam, "Elsewhere", "/")
    first = await iam("ListRoles", PathPrefix="/app/", MaxItems=3)
    assert [role["RoleName"] for role in first["Roles"]] == ["Alpha", "bravo", "charlie"]
    assert first["IsTruncated"] is True
    rest = await iam("ListRoles", PathPrefix="/app/", MaxItems=3, Marker=first["Marker"])
    assert [role["RoleName"] for role in rest["Roles"]] == ["delta"]
    assert rest["IsTruncated"] is False
    assert "Marker" not in rest


async def test_a_marker_of_another_listing_is_refused(iam: Caller[IamService]) -> None:
    for name in ("a", "b"):
        await make_role(iam, name)
    marker = (await iam("ListRoles", MaxItems=1))["Marker"]
    assert (await refuse(iam, "ListUsers", Marker=marker)).code == "ValidationError"
    assert (await refuse(iam, "ListRoles", Marker="???")).code == "ValidationError"


async def test_inline_policies(iam: Caller[IamService]) -> None:
    await make_role(iam)
    for name in ("b", "a"):
        await iam("PutRolePolicy", RoleName="Player", PolicyName=name, PolicyDocument=ALLOW_ALL)
    assert (await iam("ListRolePolicies", RoleName="Player"))["PolicyNames"] == ["a", "b"]
    answer = await iam("GetRolePolicy", RoleName="Player", PolicyName="a")
    assert unquote(answer["PolicyDocument"]) == ALLOW_ALL
    await iam("DeleteRolePolicy", RoleName="Player", PolicyName="a")
    for operation in ("GetRolePolicy", "DeleteRolePolicy"):
        error = await refuse(iam, operation, RoleName="Player", PolicyName="a")
        assert error.message == "The role policy with name a cannot be found."


async def test_a_malformed_inline_policy_is_refused_and_not_kept(iam: Caller[IamService]) -> None:
    await make_role(iam)
    unknown_operator = ALLOW_ALL.replace(
        '"Resource": "*"', '"Resource": "*", "Condition": {"StringAlike": {"a:b": "c"}}'
    )
    error = await refuse(
        iam, "PutRolePolicy", RoleName="Player", PolicyName="p", PolicyDocument=unknown_operator
    )
    assert error.code == "MalformedPolicyDocument"
    assert "StringAlike" in error.message
    assert (await iam("ListRolePolicies", RoleName="Player"))["PolicyNames"] == []


async def test_inline_policies_are_10240_characters_together(iam: Caller[IamService]) -> None:
    await make_role(iam)
    half = padded(5_120)
    for name in ("a", "b"):
        await iam("PutRolePolicy", RoleName="Player", PolicyName=name, PolicyDocument=half)
    for document in (ALLOW_ALL, padded(10_241)):
        error = await refuse(
            iam, "PutRolePolicy", RoleName="Player", PolicyName="c", PolicyDocument=document
        )
        assert error.code == "LimitExceeded"
        assert error.message == "Maximum policy size of 10240 bytes exceeded for role Player"


async def test_tags_are_one_per_key_regardless_of_case(iam: Caller[IamService]) -> None:
    await make_role(iam)
    await iam("TagRole", RoleName="Player", Tags=[{"Key": "Team", "Value": "a"}])
    await iam("TagRole", RoleName="Player", Tags=[{"Key": "team", "Value": "b"}])
    tags = (await iam("ListRoleTags", RoleName="Player"))["Tags"]
    assert tags == [{"Key": "Team", "Value": "b"}]
    await iam("UntagRole", RoleName="Player", TagKeys=["TEAM", "absent"])
    assert (await iam("ListRoleTags", RoleName="Player"))["Tags"] == []


async def test_tags_that_cannot_be(iam: Caller[IamService]) -> None:
    await make_role(iam)
    twice = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    assert (await refuse(iam, "TagRole", RoleName="Player", Tags=twice)).code == "InvalidInput"
    reserved = [{"Key": "aws:x", "Value": "1"}]
    assert (await refuse(iam, "TagRole", RoleName="Player", Tags=reserved)).code == "InvalidInput"
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    await iam("TagRole", RoleName="Player", Tags=many)
    page = await iam("ListRoleTags", RoleName="Player", MaxItems=49)
    rest = await iam("ListRoleTags", RoleName="Player", Marker=page["Marker"])
    assert [*page["Tags"], *rest["Tags"]] == many
    more = [{"Key": "one more", "Value": ""}]
    assert (await refuse(iam, "TagRole", RoleName="Player", Tags=more)).code == "LimitExceeded"


async def test_boundaries(iam: Caller[IamService]) -> None:
    await make_role(iam)
    for unknown in ("arn:aws:iam::aws:policy/Nope", "arn:aws:iam::123456789012:policy/Nope"):
        error = await refuse(
            iam, "PutRolePermissionsBoundary", RoleName="Player", PermissionsBoundary=unknown
        )
        assert error.code == "NoSuchEntity"
    assert (await refuse(iam, "DeleteRolePermissionsBoundary", RoleName="Player")).code == (
        "NoSuchEntity"
    )
    await iam("CreatePolicy", PolicyName="Ours", PolicyDocument=IOT_CONNECT)
    iam.account = AccountId("210987654321")
    await make_role(iam)
    theirs = {"PermissionsBoundary": "arn:aws:iam::123456789012:policy/Ours"}
    error = await refuse(iam, "PutRolePermissionsBoundary", RoleName="Player", **theirs)
    assert error.code == "NoSuchEntity"
    error = await refuse(iam, "CreateUser", UserName="ann", **theirs)
    assert error.code == "NoSuchEntity"
    iam.account = ACCOUNT
    known = "arn:aws:iam::aws:policy/AWSIoTDataAccess"
    await iam("PutRolePermissionsBoundary", RoleName="Player", PermissionsBoundary=known)
    await iam("DeleteRolePermissionsBoundary", RoleName="Player")
    assert "PermissionsBoundary" not in (await iam("GetRole", RoleName="Player"))["Role"]


async def test_authorisation_names_the_role_with_its_path(iam: Caller[IamService]) -> None:
    made = {"RoleName": "Player", "Path": "/app/", "AssumeRolePolicyDocument": LAMBDA_TRUST}
    assert await iam.resources("CreateRole", **made) == (ARN,)
    assert await iam.resources("GetRole", RoleName="Player") == (
        "arn:aws:iam::123456789012:role/Player",
    )
    await make_role(iam)
    assert await iam.resources("GetRole", RoleName="Player") == (ARN,)
    tags = [{"Key": "team", "Value": "a"}]
    assert await iam.context("CreateRole", **made, Tags=tags) == {
        "aws:RequestTag/team": ("a",),
        "aws:TagKeys": ("team",),
    }
