import json

import pytest
from tests.unit.services.caller import ACCOUNT, REGION, Caller
from tests.unit.services.iot.conftest import Targets

from keyfob.core.errors import AwsError
from keyfob.services.iot.dependencies import IotService

IDENTITY = f"{REGION}:00000000-1111-4222-8333-444444444444"
TOPIC = f"arn:aws:iot:{REGION}:{ACCOUNT}:topic/"


def document(effect: str, resource: str) -> str:
    statement = {"Effect": effect, "Action": "iot:Publish", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(autouse=True)
async def _attached(iot: Caller[IotService], targets: Targets) -> None:
    targets.known = {(ACCOUNT, REGION, IDENTITY)}
    documents = {
        "own": document("Allow", TOPIC + "${cognito-identity.amazonaws.com:sub}"),
        "never": document("Deny", TOPIC + "secret"),
        "wide": document("Allow", TOPIC + "*"),
        "tagged": document("Allow", TOPIC + "${aws:PrincipalTag/team}"),
    }
    for name, text in documents.items():
        await iot("CreatePolicy", policyName=name, policyDocument=text)
    for name in ("own", "never"):
        await iot("AttachPolicy", policyName=name, target=IDENTITY)


async def decide(iot: Caller[IotService], *topics: str, **more: object) -> dict[str, object]:
    info = {"actionType": "PUBLISH", "resources": [TOPIC + topic for topic in topics]}
    answer = await iot("TestAuthorization", principal=IDENTITY, authInfos=[info], **more)
    [result] = answer["authResults"]
    assert result["authInfo"] == info
    return dict(result)


async def test_effective_policies_have_their_documents(iot: Caller[IotService]) -> None:
    answer = await iot("GetEffectivePolicies", principal=IDENTITY)
    policies = answer["effectivePolicies"]
    assert [policy["policyName"] for policy in policies] == ["never", "own"]
    assert policies[0]["policyDocument"] == document("Deny", TOPIC + "secret")
    pool = await iot("GetEffectivePolicies", cognitoIdentityPoolId=f"{REGION}:pool")
    assert pool["effectivePolicies"] == []


async def test_each_policy_is_listed_by_what_it_says(iot: Caller[IotService]) -> None:
    result = await decide(iot, IDENTITY)
    arn = f"arn:aws:iot:{REGION}:{ACCOUNT}:policy/"
    assert result["authDecision"] == "ALLOWED"
    assert result["allowed"] == {"policies": [{"policyName": "own", "policyArn": arn + "own"}]}
    assert result["denied"] == {
        "implicitDeny": {"policies": [{"policyName": "never", "policyArn": arn + "never"}]},
        "explicitDeny": {"policies": []},
    }
    assert result["missingContextValues"] == []


async def test_the_strictest_answer_counts(iot: Caller[IotService]) -> None:
    assert (await decide(iot, "elsewhere"))["authDecision"] == "IMPLICIT_DENY"
    assert (await decide(iot, IDENTITY, "elsewhere"))["authDecision"] == "IMPLICIT_DENY"
    assert (await decide(iot, IDENTITY, "secret"))["authDecision"] == "EXPLICIT_DENY"


async def test_policies_are_added_and_skipped(iot: Caller[IotService]) -> None:
    wide = await decide(iot, "secret", policyNamesToAdd=["wide"])
    assert wide["authDecision"] == "EXPLICIT_DENY"
    bare = await decide(iot, "secret", policyNamesToAdd=["wide"], policyNamesToSkip=["never"])
    assert bare["authDecision"] == "ALLOWED"
    tagged = await decide(iot, "a", policyNamesToAdd=["tagged"])
    assert tagged["missingContextValues"] == ["aws:PrincipalTag/team"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "InvalidRequestException"),
        ({"principal": "ann"}, "InvalidRequestException"),
        ({"principal": IDENTITY.replace("0", "5")}, "ResourceNotFoundException"),
        ({"principal": IDENTITY, "policyNamesToAdd": ["nope"]}, "ResourceNotFoundException"),
    ],
)
async def test_tests_that_cannot_be_made(
    iot: Caller[IotService], params: dict[str, object], code: str
) -> None:
    info = {"actionType": "CONNECT", "resources": ["*"]}
    with pytest.raises(AwsError) as caught:
        await iot("TestAuthorization", authInfos=[info], **params)
    assert caught.value.code == code


async def test_things_are_unknown(iot: Caller[IotService]) -> None:
    with pytest.raises(AwsError) as caught:
        await iot("GetEffectivePolicies", thingName="lamp")
    assert caught.value.code == "ResourceNotFoundException"
