import asyncio
import json

import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S, REGION, Caller
from tests.unit.services.changes import RecordingChanges

from keyfob.core.errors import AwsError
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.ports import EndpointAddress

ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:policy/play"


def document(resource: str = "*", **more: object) -> str:
    statement = {"Effect": "Allow", "Action": "iot:*", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def refuse(iot: Caller[IotService], name: str, **params: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await iot(name, **params)
    return caught.value


async def make_policy(iot: Caller[IotService], name: str = "play") -> None:
    await iot("CreatePolicy", policyName=name, policyDocument=document())


async def test_a_policy_is_made_and_read_back(iot: Caller[IotService]) -> None:
    made = await iot("CreatePolicy", policyName="play", policyDocument=document())
    assert made == {
        "policyName": "play",
        "policyArn": ARN,
        "policyDocument": document(),
        "policyVersionId": "1",
    }
    read = await iot("GetPolicy", policyName="play")
    assert (read["policyDocument"], read["defaultVersionId"]) == (document(), "1")
    assert (read["creationDate"], read["lastModifiedDate"]) == (NOW_S, NOW_S)


async def test_an_equal_policy_of_the_same_name_is_refused(iot: Caller[IotService]) -> None:
    await make_policy(iot)
    error = await refuse(iot, "CreatePolicy", policyName="play", policyDocument=document())
    assert error.code == "ResourceAlreadyExistsException"
    assert error.fields == {"resourceId": "play", "resourceArn": ARN}


async def test_regions_and_accounts_are_apart(iot: Caller[IotService]) -> None:
    await make_policy(iot)
    iot.region = type(REGION)("us-east-1")
    assert (await iot("ListPolicies"))["policies"] == []
    await make_policy(iot)
    iot.region, iot.account = REGION, type(ACCOUNT)("210987654321")
    error = await refuse(iot, "GetPolicy", policyName="play")
    assert error.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "$"),
        ("{}", "$"),
        (document(Condition={"StringAlike": {"iot:ClientId": "a"}}), "StringAlike"),
        (document(Principal="*"), "$.Statement[0]"),
        (document().replace("Allow", "allow"), "$.Statement[0].Effect"),
    ],
)
async def test_a_malformed_policy_is_refused_with_the_place(
    iot: Caller[IotService], text: str, says: str
) -> None:
    error = await refuse(iot, "CreatePolicy", policyName="play", policyDocument=text)
    assert error.code == "MalformedPolicyException"
    assert says in error.message
    await make_policy(iot)
    error = await refuse(iot, "CreatePolicyVersion", policyName="play", policyDocument=text)
    assert error.code == "MalformedPolicyException"


async def test_2048_characters_count_without_white_space(iot: Caller[IotService]) -> None:
    prefix = "arn:aws:iot:*:*:topic/"
    frame = len("".join(document(prefix).split()))
    fits = document(prefix + "a" * (2_048 - frame))
    await iot("CreatePolicy", policyName="play", policyDocument=fits + "\n" * 5_000)
    error = await refuse(
        iot, "CreatePolicy", policyName="more", policyDocument=fits.replace("/a", "/aa")
    )
    assert error.code == "MalformedPolicyException"
    assert "2049" in error.message


async def test_versions_are_numbered_onward_and_five_at_most(iot: Caller[IotService]) -> None:
    await make_policy(iot)
    for number in range(2, 6):
        answer = await iot("CreatePolicyVersion", policyName="play", policyDocument=document())
        assert answer["policyVersionId"] == str(number)
    error = await refuse(iot, "CreatePolicyVersion", policyName="play", policyDocument=document())
    assert error.code == "VersionsLimitExceededException"
    await iot("DeletePolicyVersion", policyName="play", policyVersionId="5")
    answer = await iot(
        "CreatePolicyVersion", policyName="play", policyDocument=document(), setAsDefault=True
    )
    assert (answer["policyVersionId"], answer["isDefaultVersion"]) == ("6", True)
    listed = (await iot("ListPolicyVersions", policyName="play"))["policyVersions"]
    assert [version["versionId"] for version in listed] == ["6", "4", "3", "2", "1"]
    assert [version["isDefaultVersion"] for version in listed] == [True] + [False] * 4


async def test_two_versions_at_once_do_not_lose_one(iot: Caller[IotService]) -> None:
    await make_policy(iot)
    answers = await asyncio.gather(
        *(
            iot("CreatePolicyVersion", policyName="play", policyDocument=document())
            for _ in range(2)
        )
    )
    assert {answer["policyVersionId"] for answer in answers} == {"2", "3"}


async def test_the_default_version_can_be_moved_but_not_deleted(iot: Caller[IotService]) -> None:
    await make_policy(iot)
    other = document(Sid="two")
    await iot("CreatePolicyVersion", policyName="play", policyDocument=other)
    error = await refuse(iot, "DeletePolicyVersion", policyName="play", policyVersionId="1")
    assert error.code == "DeleteConflictException"
    await iot("SetDefaultPolicyVersion", policyName="play", policyVersionId="2")
    assert (await iot("GetPolicy", policyName="play"))["policyDocument"] == other
    await iot("DeletePolicyVersion", policyName="play", policyVersionId="1")
    for name in ("GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"):
        error = await refuse(iot, name, policyName="play", policyVersionId="1")
        assert error.code == "ResourceNotFoundException"
    version = await iot("GetPolicyVersion", policyName="play", policyVersionId="2")
    assert (version["policyDocument"], version["isDefaultVersion"]) == (other, True)


async def test_a_policy_with_versions_cannot_be_deleted(iot: Caller[IotService]) -> None:
    await make_policy(iot)
    await iot("CreatePolicyVersion", policyName="play", policyDocument=document())
    error = await refuse(iot, "DeletePolicy", policyName="play")
    assert error.code == "DeleteConflictException"
    await iot("DeletePolicyVersion", policyName="play", policyVersionId="2")
    await iot("DeletePolicy", policyName="play")
    for name in ("GetPolicy", "DeletePolicy", "ListPolicyVersions", "ListTargetsForPolicy"):
        error = await refuse(iot, name, policyName="play")
        assert error.code == "ResourceNotFoundException"


async def test_policies_are_listed_in_pages_in_either_order(iot: Caller[IotService]) -> None:
    for name in ("c", "a", "b"):
        await make_policy(iot, name)
    first = await iot("ListPolicies", pageSize=2)
    rest = await iot("ListPolicies", pageSize=2, marker=first["nextMarker"])
    names = [policy["policyName"] for policy in [*first["policies"], *rest["policies"]]]
    assert names == ["a", "b", "c"]
    assert "nextMarker" not in rest
    first = await iot("ListPolicies", pageSize=2, ascendingOrder=False)
    rest = await iot("ListPolicies", ascendingOrder=False, marker=first["nextMarker"])
    names = [policy["policyName"] for policy in [*first["policies"], *rest["policies"]]]
    assert names == ["c", "b", "a"]
    error = await refuse(iot, "ListPolicies", marker="abcd")
    assert error.code == "InvalidRequestException"


async def test_changes_are_told(iot: Caller[IotService], changes: RecordingChanges) -> None:
    await make_policy(iot)
    await iot("CreatePolicyVersion", policyName="play", policyDocument=document())
    await iot("SetDefaultPolicyVersion", policyName="play", policyVersionId="2")
    await iot("DeletePolicyVersion", policyName="play", policyVersionId="1")
    await iot("DeletePolicy", policyName="play")
    assert changes.take() == [("iot policy", ACCOUNT, REGION, "play")] * 5
    await refuse(iot, "SetDefaultPolicyVersion", policyName="play", policyVersionId="1")
    assert changes.take() == []


async def test_authorisation_names_the_policy(iot: Caller[IotService]) -> None:
    assert await iot.resources("GetPolicy", policyName="play") == (ARN,)
    assert await iot.resources("ListPolicies") == ("*",)
    assert iot.rows["GetPolicy"].action == "iot:GetPolicy"


@pytest.mark.parametrize("kind", ["iot:Data", "iot:Data-ATS", "iot:CredentialProvider", "iot:Jobs"])
async def test_the_endpoint_is_this_server(iot: Caller[IotService], kind: str) -> None:
    answer = await iot("DescribeEndpoint", endpointType=kind)
    assert answer == {"endpointAddress": "127.0.0.1:4566"}


async def test_endpoints_without_and_with_an_unknown_type(iot: Caller[IotService]) -> None:
    assert await iot("DescribeEndpoint") == {"endpointAddress": "127.0.0.1:4566"}
    error = await refuse(iot, "DescribeEndpoint", endpointType="iot:Nope")
    assert error.code == "InvalidRequestException"
    assert str(EndpointAddress("::1", 443)) == "[::1]:443"
