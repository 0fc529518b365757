from tests.unit.services.caller import Caller
from tests.unit.services.iam.building import PassRoleAnswers
from tests.unit.services.iam.documents import LAMBDA_TRUST
from tests.unit.services.iam.refusing import refuse

from keyfob.services.iam.dependencies import IamService

ARN = "arn:aws:iam::123456789012:instance-profile/app/Box"
ROLE = "arn:aws:iam::123456789012:role/Player"
NAME = {"InstanceProfileName": "Box"}
BOTH = {**NAME, "RoleName": "Player"}


async def make(iam: Caller[IamService]) -> None:
    await iam("CreateRole", RoleName="Player", AssumeRolePolicyDocument=LAMBDA_TRUST)
    await iam("CreateInstanceProfile", **NAME, Path="/app/", Tags=[{"Key": "a", "Value": "b"}])


async def test_a_profile_is_made_and_read_back(iam: Caller[IamService]) -> None:
    await make(iam)
    profile = (await iam("GetInstanceProfile", InstanceProfileName="BOX"))["InstanceProfile"]
    assert (profile["Arn"], profile["Roles"]) == (ARN, [])
    assert profile["InstanceProfileId"].startswith("AIPA")
    assert profile["Tags"] == [{"Key": "a", "Value": "b"}]
    listed = (await iam("ListInstanceProfiles", PathPrefix="/app/"))["InstanceProfiles"]
    assert [one["Arn"] for one in listed] == [ARN]
    error = await refuse(iam, "CreateInstanceProfile", InstanceProfileName="box")
    assert error.message == "Instance Profile box already exists."
    error = await refuse(iam, "GetInstanceProfile", InstanceProfileName="none")
    assert error.message == "Instance Profile none cannot be found."


async def test_it_holds_one_role(iam: Caller[IamService]) -> None:
    await make(iam)
    await iam("AddRoleToInstanceProfile", **BOTH)
    profile = (await iam("GetInstanceProfile", **NAME))["InstanceProfile"]
    assert [role["Arn"] for role in profile["Roles"]] == [ROLE]
    found = (await iam("ListInstanceProfilesForRole", RoleName="player"))["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in found] == ["Box"]
    error = await refuse(iam, "AddRoleToInstanceProfile", **BOTH)
    assert error.message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    for name, params in (("DeleteRole", {"RoleName": "Player"}), ("DeleteInstanceProfile", NAME)):
        error = await refuse(iam, name, **params)
        assert error.message == (
            "Cannot delete entity, must remove roles from instance profile first."
        )
    await iam("RemoveRoleFromInstanceProfile", **BOTH)
    assert (await refuse(iam, "RemoveRoleFromInstanceProfile", **BOTH)).code == "NoSuchEntity"
    await iam("DeleteInstanceProfile", **NAME)
    await iam("DeleteRole", RoleName="Player")


async def test_the_caller_must_be_allowed_to_pass_the_role(
    iam: Caller[IamService], pass_role: PassRoleAnswers
) -> None:
    await make(iam)
    pass_role.refused.add(ROLE)
    error = await refuse(iam, "AddRoleToInstanceProfile", **BOTH)
    assert error.message == "no iam:PassRole"
    assert pass_role.asked == [(ROLE, "ec2.amazonaws.com")]
    assert (await iam("GetInstanceProfile", **NAME))["InstanceProfile"]["Roles"] == []


async def test_a_role_that_is_not_there_is_refused_after_pass_role(
    iam: Caller[IamService], pass_role: PassRoleAnswers
) -> None:
    """Who may not pass a role does not learn whether it exists."""
    await make(iam)
    error = await refuse(iam, "AddRoleToInstanceProfile", **NAME, RoleName="none")
    assert error.message == "The role with name none cannot be found."
    assert pass_role.asked == [("arn:aws:iam::123456789012:role/none", "ec2.amazonaws.com")]


async def test_tags(iam: Caller[IamService]) -> None:
    await make(iam)
    await iam("TagInstanceProfile", **NAME, Tags=[{"Key": "c", "Value": "d"}])
    await iam("UntagInstanceProfile", **NAME, TagKeys=["a"])
    assert (await iam("ListInstanceProfileTags", **NAME))["Tags"] == [{"Key": "c", "Value": "d"}]
    assert await iam.context("GetInstanceProfile", **NAME) == {"aws:ResourceTag/c": ("d",)}
