import json

import pytest
from tests.unit.services.caller import ACCOUNT, REGION, Caller
from tests.unit.services.changes import RecordingChanges
from tests.unit.services.iot.conftest import Targets

from keyfob.authz.ports import NamedPolicy
from keyfob.core.errors import AwsError
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.policy_source import IotPolicies

IDENTITY = f"{REGION}:00000000-1111-4222-8333-444444444444"
OTHER = f"{REGION}:99999999-1111-4222-8333-444444444444"
CERTIFICATE = f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/{'0a' * 32}"
GROUP = f"arn:aws:iot:{REGION}:{ACCOUNT}:thinggroup/kitchen"
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
)
WIDER = DOCUMENT.replace("iot:Connect", "iot:*")


@pytest.fixture(autouse=True)
def _known(targets: Targets) -> None:
    targets.known = {(ACCOUNT, REGION, name) for name in (IDENTITY, OTHER, CERTIFICATE, GROUP)}


async def refuse(iot: Caller[IotService], name: str, **params: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await iot(name, **params)
    return caught.value


async def make_policies(iot: Caller[IotService], *names: str) -> None:
    for name in names:
        await iot("CreatePolicy", policyName=name, policyDocument=DOCUMENT)


async def attached(iot: Caller[IotService], target: str) -> list[str]:
    answer = await iot("ListAttachedPolicies", target=target)
    return [policy["policyName"] for policy in answer["policies"]]


@pytest.mark.parametrize("target", [IDENTITY, CERTIFICATE, GROUP])
async def test_attach_list_detach(iot: Caller[IotService], target: str) -> None:
    await make_policies(iot, "b", "a")
    for name in ("b", "a", "a"):
        await iot("AttachPolicy", policyName=name, target=target)
    assert await attached(iot, target) == ["a", "b"]
    assert await iot("ListTargetsForPolicy", policyName="a") == {"targets": [target]}
    await iot("DetachPolicy", policyName="a", target=target)
    await iot("DetachPolicy", policyName="a", target=target)
    assert await attached(iot, target) == ["b"]
    assert await iot("ListTargetsForPolicy", policyName="a") == {"targets": []}


async def test_the_older_pair_does_the_same(iot: Caller[IotService]) -> None:
    await make_policies(iot, "a", "b")
    for name in ("a", "b"):
        await iot("AttachPrincipalPolicy", policyName=name, principal=IDENTITY)
    assert await attached(iot, IDENTITY) == ["a", "b"]
    page = await iot("ListPrincipalPolicies", principal=IDENTITY, ascendingOrder=False, pageSize=1)
    assert [policy["policyName"] for policy in page["policies"]] == ["b"]
    rest = await iot(
        "ListPrincipalPolicies",
        principal=IDENTITY,
        ascendingOrder=False,
        marker=page["nextMarker"],
    )
    assert [policy["policyName"] for policy in rest["policies"]] == ["a"]
    assert await iot("ListPolicyPrincipals", policyName="a") == {"principals": [IDENTITY]}
    await iot("DetachPrincipalPolicy", policyName="a", principal=IDENTITY)
    assert await attached(iot, IDENTITY) == ["b"]
    error = await refuse(iot, "DetachPrincipalPolicy", policyName="nope", principal=IDENTITY)
    assert error.code == "ResourceNotFoundException"


async def test_what_does_not_exist_cannot_be_joined(
    iot: Caller[IotService], targets: Targets
) -> None:
    error = await refuse(iot, "AttachPolicy", policyName="nope", target=IDENTITY)
    assert (error.code, error.message) == ("ResourceNotFoundException", "Policy not found: nope")
    await make_policies(iot, "a")
    identity_pool = f"{REGION}:77777777-1111-4222-8333-444444444444"
    for unknown in (identity_pool, CERTIFICATE.replace("0a", "0b")):
        error = await refuse(iot, "AttachPolicy", policyName="a", target=unknown)
        assert error.code == "ResourceNotFoundException"
        assert await attached(iot, unknown) == []


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ann",
        "us-east-1_AbCdEfGhI",
        "arn:aws:iam::123456789012:role/r",
        "arn:",
        CERTIFICATE[:-1],
        CERTIFICATE.replace(ACCOUNT, "210987654321"),
        CERTIFICATE.replace(REGION, "us-east-1"),
        GROUP.replace("thinggroup", "thing"),
    ],
)
async def test_what_is_no_target_is_refused(iot: Caller[IotService], target: str) -> None:
    await make_policies(iot, "a")
    for name in ("AttachPolicy", "DetachPolicy"):
        error = await refuse(iot, name, policyName="a", target=target)
        assert error.code == "InvalidRequestException"


async def test_ten_policies_at_most(iot: Caller[IotService]) -> None:
    names = [f"p{number}" for number in range(11)]
    await make_policies(iot, *names)
    for name in names[:10]:
        await iot("AttachPolicy", policyName=name, target=IDENTITY)
    error = await refuse(iot, "AttachPolicy", policyName="p10", target=IDENTITY)
    assert error.code == "LimitExceededException"
    await iot("AttachPolicy", policyName="p0", target=IDENTITY)
    await iot("AttachPolicy", policyName="p10", target=OTHER)


async def test_an_attached_policy_cannot_be_deleted(
    iot: Caller[IotService], targets: Targets
) -> None:
    await make_policies(iot, "a")
    await iot("AttachPolicy", policyName="a", target=IDENTITY)
    assert (await refuse(iot, "DeletePolicy", policyName="a")).code == "DeleteConflictException"
    targets.known.clear()
    await iot("DetachPolicy", policyName="a", target=IDENTITY)
    await iot("DeletePolicy", policyName="a")


async def test_targets_are_listed_in_pages(iot: Caller[IotService]) -> None:
    await make_policies(iot, "a")
    for target in (OTHER, IDENTITY, GROUP):
        await iot("AttachPolicy", policyName="a", target=target)
    first = await iot("ListTargetsForPolicy", policyName="a", pageSize=2)
    rest = await iot("ListTargetsForPolicy", policyName="a", marker=first["nextMarker"])
    assert first["targets"] + rest["targets"] == sorted([OTHER, IDENTITY, GROUP])
    page = await iot("ListPolicyPrincipals", policyName="a", ascendingOrder=False, pageSize=2)
    assert page["principals"] == sorted([OTHER, IDENTITY, GROUP], reverse=True)[:2]


async def test_changes_are_told(iot: Caller[IotService], changes: RecordingChanges) -> None:
    await make_policies(iot, "a")
    changes.take()
    await iot("AttachPolicy", policyName="a", target=IDENTITY)
    await iot("DetachPolicy", policyName="a", target=IDENTITY)
    assert changes.take() == [("attachments", ACCOUNT, REGION, IDENTITY)] * 2
    await refuse(iot, "AttachPolicy", policyName="nope", target=IDENTITY)
    assert changes.take() == []


async def test_authz_sees_what_is_in_force_at_once(
    iot: Caller[IotService], service: IotService
) -> None:
    source = IotPolicies(service.policies)

    async def documents() -> list[str]:
        found = await source.attached_policies(ACCOUNT, REGION, IDENTITY)
        return [policy.document for policy in found]

    assert await documents() == []
    assert await source.named_policy(ACCOUNT, REGION, "a") is None
    await make_policies(iot, "a")
    await iot("AttachPolicy", policyName="a", target=IDENTITY)
    assert await documents() == [DOCUMENT]
    await iot("CreatePolicyVersion", policyName="a", policyDocument=WIDER)
    assert await documents() == [DOCUMENT]
    await iot("SetDefaultPolicyVersion", policyName="a", policyVersionId="2")
    assert await documents() == [WIDER]
    assert await source.named_policy(ACCOUNT, REGION, "a") == NamedPolicy("a:v2", WIDER)
    assert await source.attached_policies(ACCOUNT, REGION, OTHER) == ()
    await iot("DetachPolicy", policyName="a", target=IDENTITY)
    assert await documents() == []


async def test_authorisation_names_arns_and_asks_all_for_identities(
    iot: Caller[IotService],
) -> None:
    for target, resource in [(CERTIFICATE, CERTIFICATE), (GROUP, GROUP), (IDENTITY, "*")]:
        assert await iot.resources("AttachPolicy", policyName="a", target=target) == (resource,)
    assert await iot.resources("ListPrincipalPolicies", principal=IDENTITY) == ("*",)
