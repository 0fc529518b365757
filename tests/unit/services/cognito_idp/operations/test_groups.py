from typing import Any

import pytest

from keyfob.core.errors import AwsError
from keyfob.services.cognito_idp.domain.groups import group_claims
from keyfob.store.ports.groups import GroupRecord
from keyfob.tokens.verify import decode_token

ROLE = "arn:aws:iam::123456789012:role/"


def refusal(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str]:
    return error.value.code, error.value.message


async def make(api: Any) -> tuple[str, str]:
    pool_id = await api.make_pool()
    client_id = await api.make_client(pool_id)
    await api.make_user(pool_id)
    return pool_id, client_id


async def put(api: Any, pool_id: str, name: str, **params: Any) -> None:
    await api.call("CreateGroup", UserPoolId=pool_id, GroupName=name, **params)
    await api.call("AdminAddUserToGroup", UserPoolId=pool_id, GroupName=name, Username="alice")


def claims(token: str) -> dict[str, Any]:
    return dict(decode_token(token).claims.values)


async def test_tokens_name_groups_and_roles_by_precedence(api: Any) -> None:
    pool_id, client_id = await make(api)
    await put(api, pool_id, "visitors", RoleArn=ROLE + "visitor")
    await put(api, pool_id, "wardens", RoleArn=ROLE + "warden", Precedence=0)
    await put(api, pool_id, "choir", Precedence=5)
    tokens = await api.sign_in(client_id)
    identity, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    assert identity["cognito:groups"] == ["wardens", "choir", "visitors"]
    assert identity["cognito:roles"] == [ROLE + "warden", ROLE + "visitor"]
    assert identity["cognito:preferred_role"] == ROLE + "warden"
    assert access["cognito:groups"] == ["wardens", "choir", "visitors"]
    assert "cognito:roles" not in access
    await api.call(
        "AdminRemoveUserFromGroup", UserPoolId=pool_id, GroupName="wardens", Username="alice"
    )
    refreshed = await api.refresh(client_id, tokens["RefreshToken"])
    assert claims(refreshed["IdToken"])["cognito:groups"] == ["choir", "visitors"]


async def test_tokens_of_a_user_in_no_group_say_nothing_of_groups(api: Any) -> None:
    _, client_id = await make(api)
    tokens = await api.sign_in(client_id)
    assert not [name for name in claims(tokens["IdToken"]) if "group" in name or "role" in name]


@pytest.mark.parametrize(
    ("ranks", "preferred"),
    [
        ([(1, "a"), (1, "b")], None),
        ([(1, "a"), (1, "a")], "a"),
        ([(None, "a"), (None, "b")], None),
        ([(None, "a"), (7, "b")], "b"),
        ([(0, None), (7, "b")], "b"),
        ([(0, None)], None),
    ],
)
def test_preferred_role(ranks: list[tuple[int | None, str | None]], preferred: str | None) -> None:
    groups = [
        GroupRecord(
            pool_id="p", name=str(n), role_arn=role, precedence=rank,
            created_at_s=0, modified_at_s=0,
        )
        for n, (rank, role) in enumerate(ranks)
    ]  # fmt: skip
    assert group_claims(groups).preferred_role == preferred


async def test_a_deleted_group_leaves_nothing_behind_for_its_namesake(api: Any) -> None:
    pool_id, client_id = await make(api)
    await put(api, pool_id, "wardens")
    await api.call("DeleteGroup", UserPoolId=pool_id, GroupName="wardens")
    await api.call("CreateGroup", UserPoolId=pool_id, GroupName="wardens")
    members = await api.call("ListUsersInGroup", UserPoolId=pool_id, GroupName="wardens")
    assert members["Users"] == []
    assert "cognito:groups" not in claims((await api.sign_in(client_id))["IdToken"])


async def test_listings_page(api: Any) -> None:
    pool_id, _ = await make(api)
    for name in ("a", "b", "c"):
        await put(api, pool_id, name)
    for operation, extra in (("ListGroups", {}), ("AdminListGroupsForUser", {"Username": "alice"})):
        first = await api.call(operation, UserPoolId=pool_id, Limit=2, **extra)
        assert [each["GroupName"] for each in first["Groups"]] == ["a", "b"]
        rest = await api.call(
            operation, UserPoolId=pool_id, Limit=2, NextToken=first["NextToken"], **extra
        )
        assert [each["GroupName"] for each in rest["Groups"]] == ["c"]
        assert "NextToken" not in rest
    await api.make_user(pool_id, "bob")
    await api.call("AdminAddUserToGroup", UserPoolId=pool_id, GroupName="a", Username="bob")
    found = []
    token: dict[str, str] = {}
    for _ in range(2):
        page = await api.call(
            "ListUsersInGroup", UserPoolId=pool_id, GroupName="a", Limit=1, **token
        )
        found += [user["Username"] for user in page["Users"]]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert sorted(found) == ["alice", "bob"]
    assert token == {}


async def test_update_keeps_what_is_not_named(api: Any) -> None:
    pool_id, _ = await make(api)
    await api.call("CreateGroup", UserPoolId=pool_id, GroupName="g", Precedence=3, RoleArn=ROLE)
    api.clock.advance(1)
    await api.call("UpdateGroup", UserPoolId=pool_id, GroupName="g", Description="d")
    group = (await api.call("GetGroup", UserPoolId=pool_id, GroupName="g"))["Group"]
    assert (group["Precedence"], group["RoleArn"], group["Description"]) == (3, ROLE, "d")
    assert group["LastModifiedDate"] == group["CreationDate"] + 1


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        (
            "CreateGroup",
            {"GroupName": "g"},
            ("GroupExistsException", "A group with the name already exists."),
        ),
        ("GetGroup", {"GroupName": "x"}, ("ResourceNotFoundException", "Group not found.")),
        ("DeleteGroup", {"GroupName": "x"}, ("ResourceNotFoundException", "Group not found.")),
        (
            "AdminAddUserToGroup",
            {"GroupName": "g", "Username": "nobody"},
            ("UserNotFoundException", "User does not exist."),
        ),
        (
            "ListGroups",
            {"NextToken": "forged"},
            ("InvalidParameterException", "Invalid pagination token."),
        ),
    ],
)
async def test_refusals(
    api: Any, operation: str, params: dict[str, Any], expected: tuple[str, str]
) -> None:
    pool_id, _ = await make(api)
    await api.call("CreateGroup", UserPoolId=pool_id, GroupName="g")
    with pytest.raises(AwsError) as error:
        await api.call(operation, UserPoolId=pool_id, **params)
    assert refusal(error) == expected
