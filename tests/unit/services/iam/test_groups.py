"""Groups: who is in them, what their policies mean to members, who hears of changes."""

from urllib.parse import unquote

import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.iam.documents import ALLOW_ALL, IOT_CONNECT, padded
from tests.unit.services.iam.refusing import refuse

from keyfob.authz.ports import NamedPolicy
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.policy_source import IamPolicies

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ANN = "arn:aws:iam::123456789012:user/ann"
PLAYERS = "arn:aws:iam::123456789012:group/app/Players"


@pytest.fixture(autouse=True)
async def members(iam: Caller[IamService], changes: RecordingChanges) -> None:
    """Ann is in the group, Ben is not."""
    await iam("CreateGroup", GroupName="Players", Path="/app/")
    for name in ("ann", "ben"):
        await iam("CreateUser", UserName=name)
    await iam("AddUserToGroup", GroupName="Players", UserName="ann")
    changes.take()


async def policies(source: IamPolicies, arn: str = ANN) -> tuple[NamedPolicy, ...]:
    found = await source.user_policies(arn)
    assert found is not None
    return found.policies


async def test_a_group_is_read_back_with_its_users(iam: Caller[IamService]) -> None:
    answer = await iam("GetGroup", GroupName="PLAYERS")
    assert answer["Group"]["Arn"] == PLAYERS
    assert answer["Group"]["GroupId"].startswith("AGPA")
    assert [user["UserName"] for user in answer["Users"]] == ["ann"]
    assert (await iam("ListGroups"))["Groups"] == [answer["Group"]]
    assert (await iam("ListGroups", PathPrefix="/other/"))["Groups"] == []
    error = await refuse(iam, "CreateGroup", GroupName="players")
    assert error.message == "Group with name players already exists."


async def test_members_come_in_pages(iam: Caller[IamService]) -> None:
    await iam("AddUserToGroup", GroupName="Players", UserName="ben")
    first = await iam("GetGroup", GroupName="Players", MaxItems=1)
    assert first["IsTruncated"]
    rest = await iam("GetGroup", GroupName="Players", MaxItems=1, Marker=first["Marker"])
    assert [user["UserName"] for user in rest["Users"]] == ["ben"]
    assert not rest["IsTruncated"]


async def test_policies_of_groups_are_the_members(
    iam: Caller[IamService], source: IamPolicies, changes: RecordingChanges
) -> None:
    await iam("PutGroupPolicy", GroupName="Players", PolicyName="p", PolicyDocument=ALLOW_ALL)
    assert changes.take() == [("user", ANN)]
    await iam("AttachGroupPolicy", GroupName="Players", PolicyArn=ADMIN)
    assert changes.take() == [("user", ANN)]
    assert [policy.name for policy in await policies(source)] == [
        "Players/p",
        "AdministratorAccess:v1",
    ]
    assert await policies(source, "arn:aws:iam::123456789012:user/ben") == ()
    await iam("DetachGroupPolicy", GroupName="Players", PolicyArn=ADMIN)
    await iam("DeleteGroupPolicy", GroupName="Players", PolicyName="p")
    assert changes.take() == [("user", ANN)] * 2
    assert await policies(source) == ()


async def test_joining_and_leaving_is_told(
    iam: Caller[IamService], source: IamPolicies, changes: RecordingChanges
) -> None:
    await iam("PutGroupPolicy", GroupName="Players", PolicyName="p", PolicyDocument=ALLOW_ALL)
    changes.take()
    await iam("RemoveUserFromGroup", GroupName="players", UserName="Ann")
    assert changes.take() == [("user", ANN)]
    assert await policies(source) == ()
    await iam("AddUserToGroup", GroupName="PLAYERS", UserName="ANN")
    await iam("AddUserToGroup", GroupName="Players", UserName="ann")
    assert changes.take() == [("user", ANN)] * 2
    assert len(await policies(source)) == 1


async def test_renaming_keeps_members(
    iam: Caller[IamService], source: IamPolicies, changes: RecordingChanges
) -> None:
    await iam("PutGroupPolicy", GroupName="Players", PolicyName="p", PolicyDocument=ALLOW_ALL)
    changes.take()
    await iam("UpdateGroup", GroupName="Players", NewGroupName="Actors", NewPath="/")
    assert changes.take() == [("user", ANN)]
    answer = await iam("GetGroup", GroupName="actors")
    assert answer["Group"]["Arn"] == "arn:aws:iam::123456789012:group/Actors"
    assert [user["UserName"] for user in answer["Users"]] == ["ann"]
    await iam("UpdateUser", UserName="ann", NewUserName="anna")
    groups = (await iam("ListGroupsForUser", UserName="anna"))["Groups"]
    assert groups == [answer["Group"]]
    assert len(await policies(source, "arn:aws:iam::123456789012:user/anna")) == 1
    await iam("CreateGroup", GroupName="Players")
    error = await refuse(iam, "UpdateGroup", GroupName="Players", NewGroupName="ACTORS")
    assert error.code == "EntityAlreadyExists"


async def test_a_user_is_in_ten_groups_at_most(iam: Caller[IamService]) -> None:
    for number in range(9):
        await iam("CreateGroup", GroupName=f"g{number}")
        await iam("AddUserToGroup", GroupName=f"g{number}", UserName="ann")
    await iam("CreateGroup", GroupName="eleventh")
    error = await refuse(iam, "AddUserToGroup", GroupName="eleventh", UserName="ann")
    assert (error.code, error.message) == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
    )
    await iam("AddUserToGroup", GroupName="g0", UserName="ann")
    assert len((await iam("ListGroupsForUser", UserName="ann"))["Groups"]) == 10


async def test_membership_keeps_both_from_being_deleted(iam: Caller[IamService]) -> None:
    for name, params in (
        ("DeleteGroup", {"GroupName": "Players"}),
        ("DeleteUser", {"UserName": "ann"}),
    ):
        error = await refuse(iam, name, **params)
        assert (error.code, error.message) == (
            "DeleteConflict",
            "Cannot delete entity, must remove users from group first.",
        )
    await iam("RemoveUserFromGroup", GroupName="Players", UserName="ann")
    await iam("DeleteUser", UserName="ann")
    await iam("PutGroupPolicy", GroupName="Players", PolicyName="p", PolicyDocument=ALLOW_ALL)
    assert (await refuse(iam, "DeleteGroup", GroupName="Players")).code == "DeleteConflict"
    await iam("DeleteGroupPolicy", GroupName="Players", PolicyName="p")
    await iam("DeleteGroup", GroupName="Players")
    assert (await refuse(iam, "GetGroup", GroupName="Players")).code == "NoSuchEntity"


async def test_what_is_not_there(iam: Caller[IamService]) -> None:
    for name in ("AddUserToGroup", "RemoveUserFromGroup"):
        error = await refuse(iam, name, GroupName="none", UserName="ann")
        assert error.message == "The group with name none cannot be found."
        error = await refuse(iam, name, GroupName="Players", UserName="none")
        assert error.message == "The user with name none cannot be found."
    error = await refuse(iam, "RemoveUserFromGroup", GroupName="Players", UserName="ben")
    assert error.code == "NoSuchEntity"
    assert (await refuse(iam, "ListGroupsForUser", UserName="none")).code == "NoSuchEntity"


async def test_inline_policies_of_groups(iam: Caller[IamService]) -> None:
    params = {"GroupName": "Players", "PolicyName": "p"}
    await iam("PutGroupPolicy", **params, PolicyDocument=IOT_CONNECT)
    answer = await iam("GetGroupPolicy", **params)
    assert (answer["GroupName"], unquote(answer["PolicyDocument"])) == ("Players", IOT_CONNECT)
    assert (await iam("ListGroupPolicies", GroupName="Players"))["PolicyNames"] == ["p"]
    await iam("PutGroupPolicy", **params, PolicyDocument=padded(5_120))
    error = await refuse(iam, "PutGroupPolicy", **params, PolicyDocument=padded(5_121))
    assert error.message == "Maximum policy size of 5120 bytes exceeded for group Players"


async def test_managed_policies_know_their_groups(iam: Caller[IamService]) -> None:
    made = await iam("CreatePolicy", PolicyName="Play", PolicyDocument=IOT_CONNECT)
    arn = made["Policy"]["Arn"]
    await iam("AttachGroupPolicy", GroupName="Players", PolicyArn=arn)
    await iam("AttachUserPolicy", UserName="ann", PolicyArn=arn)
    attached = await iam("ListAttachedGroupPolicies", GroupName="Players")
    assert attached["AttachedPolicies"] == [{"PolicyName": "Play", "PolicyArn": arn}]
    everyone = await iam("ListEntitiesForPolicy", PolicyArn=arn)
    assert [group["GroupName"] for group in everyone["PolicyGroups"]] == ["Players"]
    assert [user["UserName"] for user in everyone["PolicyUsers"]] == ["ann"]
    groups = await iam("ListEntitiesForPolicy", PolicyArn=arn, EntityFilter="Group")
    assert (len(groups["PolicyGroups"]), groups["PolicyUsers"]) == (1, [])
    below = await iam("ListEntitiesForPolicy", PolicyArn=arn, PathPrefix="/app/")
    assert (len(below["PolicyGroups"]), below["PolicyUsers"]) == (1, [])
    boundaries = await iam(
        "ListEntitiesForPolicy", PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary"
    )
    assert boundaries["PolicyGroups"] == []
    assert (await iam("GetPolicy", PolicyArn=arn))["Policy"]["AttachmentCount"] == 2
    await iam("DetachUserPolicy", UserName="ann", PolicyArn=arn)
    assert (await refuse(iam, "DeletePolicy", PolicyArn=arn)).code == "DeleteConflict"


async def test_authorisation_names_the_group_before_and_after(iam: Caller[IamService]) -> None:
    assert await iam.resources("GetGroup", GroupName="players") == (PLAYERS,)
    assert await iam.resources("AddUserToGroup", GroupName="Players", UserName="ann") == (PLAYERS,)
    assert await iam.resources("UpdateGroup", GroupName="Players", NewGroupName="Actors") == (
        PLAYERS,
        "arn:aws:iam::123456789012:group/app/Actors",
    )
    assert await iam.context("AttachGroupPolicy", GroupName="Players", PolicyArn=ADMIN) == {
        "iam:PolicyARN": (ADMIN,)
    }
