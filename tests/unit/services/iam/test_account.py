"""What is known of the whole account: alias, summary, authorization details, credential report."""

import csv
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tests.unit.services.caller import ACCOUNT, NOW_S, Caller
from tests.unit.services.iam.documents import ALLOW_ALL, IOT_CONNECT, LAMBDA_TRUST
from tests.unit.services.iam.refusing import refuse

from keyfob.core.ids import AccountId, Region
from keyfob.services.iam.dependencies import IamService

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
DATA = "arn:aws:iam::aws:policy/AWSIoTDataAccess"
HOUR_S = 3_600


async def populate(iam: Caller[IamService]) -> None:
    """Two users, a group with one of them, a role in a profile, one own and two AWS policies."""
    made = await iam("CreatePolicy", PolicyName="Play", PolicyDocument=IOT_CONNECT)
    arn = made["Policy"]["Arn"]
    await iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW_ALL)
    await iam("CreateUser", UserName="ann", PermissionsBoundary=DATA)
    await iam("CreateUser", UserName="ben")
    await iam("CreateGroup", GroupName="Players")
    await iam("AddUserToGroup", GroupName="Players", UserName="ann")
    await iam("AttachGroupPolicy", GroupName="Players", PolicyArn=arn)
    await iam("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=IOT_CONNECT)
    await iam("CreateRole", RoleName="Player", AssumeRolePolicyDocument=LAMBDA_TRUST)
    await iam("AttachRolePolicy", RoleName="Player", PolicyArn=ADMIN)
    await iam("CreateInstanceProfile", InstanceProfileName="Box")
    await iam("AddRoleToInstanceProfile", InstanceProfileName="Box", RoleName="Player")
    await iam("CreateOpenIDConnectProvider", Url="https://idp.example.com")


async def test_an_account_has_one_alias(iam: Caller[IamService]) -> None:
    assert (await iam("ListAccountAliases"))["AccountAliases"] == []
    for alias in ("one", "two", "two"):
        await iam("CreateAccountAlias", AccountAlias=alias)
    assert (await iam("ListAccountAliases"))["AccountAliases"] == ["two"]
    assert (await refuse(iam, "DeleteAccountAlias", AccountAlias="one")).code == "NoSuchEntity"
    await iam("DeleteAccountAlias", AccountAlias="two")
    assert (await iam("ListAccountAliases"))["AccountAliases"] == []


async def test_an_alias_is_one_account_s(iam: Caller[IamService], service: IamService) -> None:
    await service.aliases.put(AccountId("210987654321"), "theirs")
    await iam("CreateAccountAlias", AccountAlias="mine")
    error = await refuse(iam, "CreateAccountAlias", AccountAlias="theirs")
    assert (error.code, error.message) == (
        "EntityAlreadyExists",
        "The account alias theirs already exists.",
    )
    assert (await iam("ListAccountAliases"))["AccountAliases"] == ["mine"]


async def test_the_summary_counts(iam: Caller[IamService]) -> None:
    before = (await iam("GetAccountSummary"))["SummaryMap"]
    assert (before["Users"], before["Policies"], before["GroupsPerUserQuota"]) == (0, 0, 10)
    await populate(iam)
    after = (await iam("GetAccountSummary"))["SummaryMap"]
    assert {key: value for key, value in after.items() if value != before[key]} == {
        "Users": 2,
        "Groups": 1,
        "Roles": 1,
        "Policies": 1,
        "PolicyVersionsInUse": 2,
        "InstanceProfiles": 1,
        "Providers": 1,
    }


async def test_authorization_details_hold_everything(iam: Caller[IamService]) -> None:
    await populate(iam)
    details = await iam("GetAccountAuthorizationDetails")
    ann, ben = details["UserDetailList"]
    assert (ann["GroupList"], ben["GroupList"]) == (["Players"], [])
    assert unquote(ann["UserPolicyList"][0]["PolicyDocument"]) == IOT_CONNECT
    assert ann["PermissionsBoundary"]["PermissionsBoundaryArn"] == DATA
    [group], [role] = details["GroupDetailList"], details["RoleDetailList"]
    assert [one["PolicyName"] for one in group["AttachedManagedPolicies"]] == ["Play"]
    assert [one["InstanceProfileName"] for one in role["InstanceProfileList"]] == ["Box"]
    assert unquote(role["AssumeRolePolicyDocument"]) == LAMBDA_TRUST
    own, *aws = details["Policies"]
    assert [version["VersionId"] for version in own["PolicyVersionList"]] == ["v2", "v1"]
    assert [policy["Arn"] for policy in aws] == [ADMIN, DATA]
    assert details["IsTruncated"] is False


def names(details: Mapping[str, Any]) -> list[str]:
    members = {
        "UserDetailList": "UserName",
        "GroupDetailList": "GroupName",
        "RoleDetailList": "RoleName",
        "Policies": "PolicyName",
    }
    return [one[name] for part, name in members.items() for one in details[part]]


async def test_authorization_details_in_pages_lose_nothing(iam: Caller[IamService]) -> None:
    await populate(iam)
    whole = names(await iam("GetAccountAuthorizationDetails"))
    assert len(whole) == 7
    for size in (1, 2, 3):
        found: list[str] = []
        marker: dict[str, str] = {}
        while True:
            page = await iam("GetAccountAuthorizationDetails", MaxItems=size, **marker)
            assert len(names(page)) <= size
            found += names(page)
            if not page["IsTruncated"]:
                break
            marker = {"Marker": page["Marker"]}
        assert found == whole


async def test_authorization_details_are_filtered(iam: Caller[IamService]) -> None:
    await populate(iam)
    for wanted, expected in (
        (["Role"], ["Player"]),
        (["LocalManagedPolicy", "Group"], ["Players", "Play"]),
        (["AWSManagedPolicy"], ["AdministratorAccess", "AWSIoTDataAccess"]),
    ):
        assert names(await iam("GetAccountAuthorizationDetails", Filter=wanted)) == expected


async def test_the_credential_report(iam: Caller[IamService], service: IamService) -> None:
    assert (await refuse(iam, "GetCredentialReport")).code == "ReportNotPresent"
    await iam("CreateUser", UserName="ann")
    keys = [(await iam("CreateAccessKey", UserName="ann"))["AccessKey"] for _ in range(2)]
    await iam(
        "UpdateAccessKey", UserName="ann", AccessKeyId=keys[1]["AccessKeyId"], Status="Inactive"
    )
    service.key_uses.note(keys[0]["AccessKeyId"], Region("eu-central-1"), "iot", NOW_S + 60)
    assert (await iam("GenerateCredentialReport"))["State"] == "COMPLETE"
    report = await iam("GetCredentialReport")
    assert (report["ReportFormat"], report["GeneratedTime"]) == ("text/csv", NOW_S)
    root, ann = csv.DictReader(report["Content"].decode().splitlines())
    assert (root["user"], root["arn"]) == ("<root_account>", f"arn:aws:iam::{ACCOUNT}:root")
    assert root["access_key_1_active"] == "true"
    assert {key: value for key, value in ann.items() if key.startswith("access_key")} == {
        "access_key_1_active": "true",
        "access_key_1_last_rotated": "2023-11-14T22:13:20+00:00",
        "access_key_1_last_used_date": "2023-11-14T22:14:20+00:00",
        "access_key_1_last_used_region": "eu-central-1",
        "access_key_1_last_used_service": "iot",
        "access_key_2_active": "false",
        "access_key_2_last_rotated": "2023-11-14T22:13:20+00:00",
        "access_key_2_last_used_date": "N/A",
        "access_key_2_last_used_region": "N/A",
        "access_key_2_last_used_service": "N/A",
    }
    assert (ann["password_enabled"], ann["mfa_active"]) == ("false", "false")
    await service.key_uses.close()


async def test_a_credential_report_is_good_for_four_hours(iam: Caller[IamService]) -> None:
    await iam("GenerateCredentialReport")
    iam.now_s += 4 * HOUR_S - 1
    await iam("GenerateCredentialReport")
    assert (await iam("GetCredentialReport"))["GeneratedTime"] == NOW_S
    iam.now_s += 1
    assert (await refuse(iam, "GetCredentialReport")).code == "ReportExpired"
    await iam("GenerateCredentialReport")
    assert (await iam("GetCredentialReport"))["GeneratedTime"] == NOW_S + 4 * HOUR_S
