import asyncio
from urllib.parse import unquote

from tests.unit.services.caller import Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.iam.documents import ALLOW_ALL, IOT_CONNECT, LAMBDA_TRUST, padded
from tests.unit.services.iam.refusing import refuse

from keyfob.services.iam.dependencies import IamService

ARN = "arn:aws:iam::123456789012:policy/Play"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


async def make_policy(iam: Caller[IamService], name: str = "Play") -> str:
    answer = await iam("CreatePolicy", PolicyName=name, PolicyDocument=IOT_CONNECT)
    return str(answer["Policy"]["Arn"])


async def make_entities(iam: Caller[IamService]) -> None:
    await iam("CreateRole", RoleName="Player", AssumeRolePolicyDocument=LAMBDA_TRUST)
    await iam("CreateUser", UserName="ann")


async def test_a_policy_is_made_and_read_back(iam: Caller[IamService]) -> None:
    made = (await iam("CreatePolicy", PolicyName="Play", PolicyDocument=IOT_CONNECT))["Policy"]
    assert made["Arn"] == ARN
    assert made["PolicyId"].startswith("ANPA")
    assert (made["DefaultVersionId"], made["AttachmentCount"]) == ("v1", 0)
    assert (await iam("GetPolicy", PolicyArn=ARN))["Policy"] == made
    version = (await iam("GetPolicyVersion", PolicyArn=ARN, VersionId="v1"))["PolicyVersion"]
    assert unquote(version["Document"]) == IOT_CONNECT
    assert "{" not in version["Document"]


async def test_names_are_unique_regardless_of_case_and_path(iam: Caller[IamService]) -> None:
    await make_policy(iam)
    error = await refuse(
        iam, "CreatePolicy", PolicyName="PLAY", Path="/x/", PolicyDocument=IOT_CONNECT
    )
    assert error.code == "EntityAlreadyExists"


async def test_documents_that_are_refused(iam: Caller[IamService]) -> None:
    for document in ("[]", LAMBDA_TRUST, IOT_CONNECT.replace("Allow", "Perhaps")):
        error = await refuse(iam, "CreatePolicy", PolicyName="p", PolicyDocument=document)
        assert error.code == "MalformedPolicyDocument"
    await iam("CreatePolicy", PolicyName="p", PolicyDocument=padded(6_144))
    for size in (6_145, 12_000):
        error = await refuse(iam, "CreatePolicy", PolicyName="q", PolicyDocument=padded(size))
        assert error.code == "LimitExceeded"


async def test_versions_are_numbered_onward_and_five_at_most(iam: Caller[IamService]) -> None:
    await make_policy(iam)
    for number in range(2, 6):
        answer = await iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL)
        assert answer["PolicyVersion"]["VersionId"] == f"v{number}"
        assert answer["PolicyVersion"]["IsDefaultVersion"] is False
    error = await refuse(iam, "CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL)
    assert error.code == "LimitExceeded"
    await iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v5")
    answer = await iam(
        "CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL, SetAsDefault=True
    )
    assert answer["PolicyVersion"]["VersionId"] == "v6"
    assert (await iam("GetPolicy", PolicyArn=ARN))["Policy"]["DefaultVersionId"] == "v6"
    first = await iam("ListPolicyVersions", PolicyArn=ARN, MaxItems=2)
    rest = await iam("ListPolicyVersions", PolicyArn=ARN, Marker=first["Marker"])
    versions = [*first["Versions"], *rest["Versions"]]
    assert [version["VersionId"] for version in versions] == ["v6", "v4", "v3", "v2", "v1"]


async def test_two_versions_at_once_do_not_lose_one(iam: Caller[IamService]) -> None:
    await make_policy(iam)
    answers = await asyncio.gather(
        *(iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL) for _ in range(2))
    )
    assert {answer["PolicyVersion"]["VersionId"] for answer in answers} == {"v2", "v3"}
    assert len((await iam("ListPolicyVersions", PolicyArn=ARN))["Versions"]) == 3


async def test_the_default_version_can_be_moved_but_not_deleted(iam: Caller[IamService]) -> None:
    await make_policy(iam)
    await iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL)
    error = await refuse(iam, "DeletePolicyVersion", PolicyArn=ARN, VersionId="v1")
    assert error.code == "DeleteConflict"
    await iam("SetDefaultPolicyVersion", PolicyArn=ARN, VersionId="v2")
    await iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v1")
    for operation in ("GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"):
        error = await refuse(iam, operation, PolicyArn=ARN, VersionId="v1")
        assert error.code == "NoSuchEntity"


async def test_a_policy_in_use_cannot_be_deleted(iam: Caller[IamService]) -> None:
    await make_policy(iam)
    await make_entities(iam)
    await iam("AttachRolePolicy", RoleName="Player", PolicyArn=ARN)
    await iam("PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=ARN)
    policy = (await iam("GetPolicy", PolicyArn=ARN))["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (1, 1)
    assert (await refuse(iam, "DeletePolicy", PolicyArn=ARN)).code == "DeleteConflict"
    await iam("DetachRolePolicy", RoleName="Player", PolicyArn=ARN)
    assert (await refuse(iam, "DeletePolicy", PolicyArn=ARN)).code == "DeleteConflict"
    await iam("DeleteUserPermissionsBoundary", UserName="ann")
    await iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL)
    error = await refuse(iam, "DeletePolicy", PolicyArn=ARN)
    assert error.message.startswith("This policy has more than one version.")
    await iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v2")
    await iam("DeletePolicy", PolicyArn=ARN)
    assert (await refuse(iam, "GetPolicy", PolicyArn=ARN)).code == "NoSuchEntity"


async def test_unknown_policies_are_not_found(iam: Caller[IamService]) -> None:
    await make_entities(iam)
    elsewhere = "arn:aws:iam::210987654321:policy/Play"
    for arn in (ARN, elsewhere, "arn:aws:iam::aws:policy/Nope"):
        for name, more in [
            ("GetPolicy", {}),
            ("AttachRolePolicy", {"RoleName": "Player"}),
            ("DetachRolePolicy", {"RoleName": "Player"}),
            ("ListEntitiesForPolicy", {}),
        ]:
            assert (await refuse(iam, name, PolicyArn=arn, **more)).code == "NoSuchEntity"
    for arn in (ARN, elsewhere):
        for name, more in [
            ("DeletePolicy", {}),
            ("CreatePolicyVersion", {"PolicyDocument": ALLOW_ALL}),
            ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
        ]:
            assert (await refuse(iam, name, PolicyArn=arn, **more)).code == "NoSuchEntity"


async def test_another_accounts_policy_is_not_to_be_had(iam: Caller[IamService]) -> None:
    arn = await make_policy(iam)
    iam.account = type(iam.account)("210987654321")
    await make_entities(iam)
    error = await refuse(iam, "AttachRolePolicy", RoleName="Player", PolicyArn=arn)
    assert error.code == "NoSuchEntity"
    assert (await refuse(iam, "GetPolicy", PolicyArn=arn)).code == "NoSuchEntity"
    assert (await refuse(iam, "DeletePolicy", PolicyArn=arn)).code == "NoSuchEntity"


async def test_aws_policies_are_there_and_cannot_be_changed(iam: Caller[IamService]) -> None:
    version = (await iam("GetPolicyVersion", PolicyArn=ADMIN, VersionId="v1"))["PolicyVersion"]
    assert '"Action": "*"' in unquote(version["Document"])
    assert (await refuse(iam, "DeletePolicy", PolicyArn=ADMIN)).code == "InvalidInput"
    error = await refuse(iam, "CreatePolicyVersion", PolicyArn=ADMIN, PolicyDocument=IOT_CONNECT)
    assert error.code == "InvalidInput"


async def test_attached_policies_are_listed_and_ten_at_most(iam: Caller[IamService]) -> None:
    await make_entities(iam)
    for number in range(10):
        arn = await make_policy(iam, f"p{number}")
        for _ in range(2):
            await iam("AttachUserPolicy", UserName="ann", PolicyArn=arn)
    error = await refuse(iam, "AttachUserPolicy", UserName="ann", PolicyArn=ADMIN)
    assert error.message == "Cannot exceed quota for PoliciesPerUser: 10"
    page = await iam("ListAttachedUserPolicies", UserName="ann", MaxItems=6)
    rest = await iam("ListAttachedUserPolicies", UserName="ann", Marker=page["Marker"])
    attached = [*page["AttachedPolicies"], *rest["AttachedPolicies"]]
    assert [policy["PolicyName"] for policy in attached] == [f"p{number}" for number in range(10)]
    below = await iam("ListAttachedUserPolicies", UserName="ann", PathPrefix="/x/")
    assert below["AttachedPolicies"] == []


async def test_who_has_a_policy(iam: Caller[IamService]) -> None:
    arn = await make_policy(iam)
    await make_entities(iam)
    await iam("AttachRolePolicy", RoleName="Player", PolicyArn=arn)
    await iam("PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=arn)
    both = await iam("ListEntitiesForPolicy", PolicyArn=arn)
    assert [role["RoleName"] for role in both["PolicyRoles"]] == ["Player"]
    assert [user["UserName"] for user in both["PolicyUsers"]] == ["ann"]
    roles = await iam("ListEntitiesForPolicy", PolicyArn=arn, EntityFilter="Role")
    assert (len(roles["PolicyRoles"]), roles["PolicyUsers"]) == (1, [])
    limits = await iam(
        "ListEntitiesForPolicy", PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary"
    )
    assert (limits["PolicyRoles"], len(limits["PolicyUsers"])) == ([], 1)
    page = await iam("ListEntitiesForPolicy", PolicyArn=arn, MaxItems=1)
    assert (len(page["PolicyRoles"]), page["PolicyUsers"], page["IsTruncated"]) == (1, [], True)


async def test_policies_are_listed_aws_first_then_ones_own(iam: Caller[IamService]) -> None:
    for name in ("b", "A"):
        await make_policy(iam, name)
    names: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = await iam("ListPolicies", MaxItems=3, **marker)
        assert len(page["Policies"]) <= 3
        names += [policy["PolicyName"] for policy in page["Policies"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert names[-2:] == ["A", "b"]
    assert "AWSIoTDataAccess" in names
    assert len(names) == len(set(names)) == 8
    local = await iam("ListPolicies", Scope="Local")
    assert [policy["PolicyName"] for policy in local["Policies"]] == ["A", "b"]
    aws = await iam("ListPolicies", Scope="AWS")
    assert len(aws["Policies"]) == 6
    await make_entities(iam)
    await iam("AttachRolePolicy", RoleName="Player", PolicyArn=ADMIN)
    attached = await iam("ListPolicies", OnlyAttached=True)
    assert [policy["Arn"] for policy in attached["Policies"]] == [ADMIN]


async def test_changes_are_told(iam: Caller[IamService], changes: RecordingChanges) -> None:
    await make_policy(iam)
    await iam("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL, SetAsDefault=True)
    await iam("DeletePolicyVersion", PolicyArn=ARN, VersionId="v1")
    await iam("DeletePolicy", PolicyArn=ARN)
    assert changes.take() == [("managed policy", ARN)] * 4
    await refuse(iam, "CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL)
    assert changes.take() == []
