import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S, Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.iam.documents import ALLOW_ALL
from tests.unit.services.iam.refusing import refuse

from keyfob.authz.errors import UnknownCredentialError
from keyfob.authz.operation import _AUTHORIZER, AuthorizedRequest
from keyfob.authz.principal import IamUser, RoleSession
from keyfob.services.iam.credentials import AccessKeyCredentials
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.operations.users import get_user
from keyfob.store.database import MemoryDatabase

ARN = "arn:aws:iam::123456789012:user/ann"


@pytest.fixture
def lookup(service: IamService) -> AccessKeyCredentials:
    return AccessKeyCredentials(service.users, service.sealer, service.key_uses)


def as_user(name: str) -> IamUser:
    return IamUser(ACCOUNT, name, f"arn:aws:iam::{ACCOUNT}:user/{name}", "AIDAX")


async def test_a_user_is_made_and_read_back(iam: Caller[IamService]) -> None:
    made = await iam("CreateUser", UserName="ann", Tags=[{"Key": "a", "Value": "b"}])
    assert made["User"]["Arn"] == ARN
    assert made["User"]["UserId"].startswith("AIDA")
    assert await iam("GetUser", UserName="Ann") == made
    error = await refuse(iam, "CreateUser", UserName="ANN")
    assert error.message == "User with name ANN already exists."
    error = await refuse(iam, "GetUser", UserName="bob")
    assert (error.code, error.message) == (
        "NoSuchEntity",
        "The user with name bob cannot be found.",
    )


async def test_the_root_user_has_no_name(iam: Caller[IamService]) -> None:
    """AWS's own answer lacks members that its model requires, so the model is not asked."""
    request = AuthorizedRequest(iam.make_call("GetUser", {}), _AUTHORIZER)
    root = (await get_user(iam.service, request))["User"]
    assert (root["UserId"], root["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    assert (await refuse(iam, "CreateAccessKey")).code == "ValidationError"


async def test_without_a_name_the_caller_is_meant(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann")
    iam.principal = as_user("ann")
    assert (await iam("GetUser"))["User"]["Arn"] == ARN
    assert (await iam("CreateAccessKey"))["AccessKey"]["UserName"] == "ann"
    assert await iam.resources("GetUser") == (ARN,)
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/r"
    iam.principal = RoleSession(ACCOUNT, "r", role_arn, "AROAX", "s", "ASIAX", NOW_S, NOW_S + 1)
    for name in ("GetUser", "CreateAccessKey", "ListAccessKeys"):
        assert (await refuse(iam, name)).code == "ValidationError"


async def test_a_user_is_renamed_with_keys_and_policies(
    iam: Caller[IamService], lookup: AccessKeyCredentials, changes: RecordingChanges
) -> None:
    await iam("CreateUser", UserName="ann")
    await iam("CreateUser", UserName="bob")
    key = (await iam("CreateAccessKey", UserName="ann"))["AccessKey"]
    await lookup.find(key["AccessKeyId"], None, NOW_S)
    assert (await refuse(iam, "UpdateUser", UserName="ann", NewUserName="BOB")).code == (
        "EntityAlreadyExists"
    )
    changes.take()
    await iam("UpdateUser", UserName="ann", NewUserName="eve", NewPath="/x/")
    renamed = f"arn:aws:iam::{ACCOUNT}:user/x/eve"
    assert changes.take() == [("user", ARN), ("user", renamed)]
    assert (await lookup.find(key["AccessKeyId"], None, NOW_S)).principal.arn == renamed
    assert (await refuse(iam, "GetUser", UserName="ann")).code == "NoSuchEntity"
    assert len((await iam("ListAccessKeys", UserName="eve"))["AccessKeyMetadata"]) == 1


async def test_renaming_asks_about_both_names(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann", Path="/x/")
    old = f"arn:aws:iam::{ACCOUNT}:user/x/ann"
    for params, new in [
        ({"NewUserName": "eve"}, "user/x/eve"),
        ({"NewPath": "/y/"}, "user/y/ann"),
        ({"NewPath": "/"}, "user/ann"),
    ]:
        arns = await iam.resources("UpdateUser", UserName="ann", **params)
        assert arns == (old, f"arn:aws:iam::{ACCOUNT}:{new}")
    assert await iam.resources("UpdateUser", UserName="ann") == (old,)


async def test_a_user_with_keys_or_policies_cannot_be_deleted(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann")
    key = (await iam("CreateAccessKey", UserName="ann"))["AccessKey"]
    await iam("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=ALLOW_ALL)
    error = await refuse(iam, "DeleteUser", UserName="ann")
    assert error.message == "Cannot delete entity, must delete access keys first."
    await iam("DeleteAccessKey", UserName="ann", AccessKeyId=key["AccessKeyId"])
    assert (await refuse(iam, "DeleteUser", UserName="ann")).code == "DeleteConflict"
    await iam("DeleteUserPolicy", UserName="ann", PolicyName="p")
    await iam("DeleteUser", UserName="ann")
    assert (await iam("ListUsers"))["Users"] == []


async def test_inline_policies_of_a_user_are_2048_characters(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann")
    long = ALLOW_ALL.replace('"*"', '"iot:' + "a" * 2_048 + '"', 1)
    error = await refuse(iam, "PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=long)
    assert error.message == "Maximum policy size of 2048 bytes exceeded for user ann"


async def test_an_access_key_signs_for_its_user(
    iam: Caller[IamService], lookup: AccessKeyCredentials
) -> None:
    await iam("CreateUser", UserName="ann", Tags=[{"Key": "team", "Value": "a"}])
    key = (await iam("CreateAccessKey", UserName="ann"))["AccessKey"]
    assert key["AccessKeyId"].startswith("AKIA")
    assert len(key["SecretAccessKey"]) == 40
    credential = await lookup.find(key["AccessKeyId"], None, NOW_S)
    assert credential.secret.reveal() == key["SecretAccessKey"]
    assert credential.principal.arn == ARN
    assert credential.principal.tags == {"team": "a"}  # type: ignore[union-attr]


async def test_the_secret_is_shown_once_and_kept_encrypted(
    iam: Caller[IamService], database: MemoryDatabase
) -> None:
    await iam("CreateUser", UserName="ann")
    key = (await iam("CreateAccessKey", UserName="ann"))["AccessKey"]
    listed = (await iam("ListAccessKeys", UserName="ann"))["AccessKeyMetadata"]
    assert [sorted(item) for item in listed] == [
        ["AccessKeyId", "CreateDate", "Status", "UserName"]
    ]
    rows = await database.read(
        lambda connection: connection.exec_driver_sql("SELECT document FROM iam_users").all()
    )
    assert key["SecretAccessKey"].encode() not in rows[0][0]


async def test_a_key_stops_signing_the_moment_it_is_switched_off_or_deleted(
    iam: Caller[IamService], lookup: AccessKeyCredentials
) -> None:
    await iam("CreateUser", UserName="ann")
    access_key_id = (await iam("CreateAccessKey", UserName="ann"))["AccessKey"]["AccessKeyId"]
    await lookup.find(access_key_id, None, NOW_S)
    await iam("UpdateAccessKey", UserName="ann", AccessKeyId=access_key_id, Status="Inactive")
    with pytest.raises(UnknownCredentialError):
        await lookup.find(access_key_id, None, NOW_S)
    await iam("UpdateAccessKey", UserName="ann", AccessKeyId=access_key_id, Status="Active")
    await lookup.find(access_key_id, None, NOW_S)
    await iam("DeleteAccessKey", UserName="ann", AccessKeyId=access_key_id)
    with pytest.raises(UnknownCredentialError):
        await lookup.find(access_key_id, None, NOW_S)


async def test_keys_that_are_not_credentials(
    iam: Caller[IamService], lookup: AccessKeyCredentials
) -> None:
    await iam("CreateUser", UserName="ann")
    access_key_id = (await iam("CreateAccessKey", UserName="ann"))["AccessKey"]["AccessKeyId"]
    with pytest.raises(UnknownCredentialError):
        await lookup.find("AKIAUNKNOWN", None, NOW_S)
    with pytest.raises(UnknownCredentialError):
        await lookup.find(access_key_id, "a session token", NOW_S)


async def test_a_user_has_two_keys_at_most(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann")
    await iam("CreateUser", UserName="bob")
    keys = [(await iam("CreateAccessKey", UserName="ann"))["AccessKey"] for _ in range(2)]
    error = await refuse(iam, "CreateAccessKey", UserName="ann")
    assert error.message == "Cannot exceed quota for AccessKeysPerUser: 2"
    access_key_id = keys[0]["AccessKeyId"]
    for name, more in [("DeleteAccessKey", {}), ("UpdateAccessKey", {"Status": "Inactive"})]:
        error = await refuse(iam, name, UserName="bob", AccessKeyId=access_key_id, **more)
        assert error.message == f"The Access Key with id {access_key_id} cannot be found."
