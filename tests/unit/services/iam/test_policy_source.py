import pytest
from tests.unit.services.caller import Caller
from tests.unit.services.iam.documents import ALLOW_ALL, IOT_CONNECT, LAMBDA_TRUST

from keyfob.authz.ports import NamedPolicy
from keyfob.core.arn import ArnError
from keyfob.policy import PolicyKind, parse_policy
from keyfob.services.iam.aws_managed import load_aws_managed_policies
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.policy_source import DanglingPolicyError, IamPolicies
from keyfob.services.iam.role_lookup import Roles
from keyfob.store.database import MemoryDatabase

ROLE = "arn:aws:iam::123456789012:role/app/Player"
POLICY = "arn:aws:iam::123456789012:policy/Play"


async def make_role(iam: Caller[IamService]) -> None:
    await iam("CreatePolicy", PolicyName="Play", PolicyDocument=IOT_CONNECT)
    await iam("CreateRole", RoleName="Player", Path="/app/", AssumeRolePolicyDocument=LAMBDA_TRUST)
    await iam("PutRolePolicy", RoleName="Player", PolicyName="inline", PolicyDocument=ALLOW_ALL)
    await iam("AttachRolePolicy", RoleName="Player", PolicyArn=POLICY)


async def test_a_role_has_inline_managed_and_boundary(
    iam: Caller[IamService], source: IamPolicies
) -> None:
    await make_role(iam)
    await iam("CreatePolicyVersion", PolicyArn=POLICY, PolicyDocument=ALLOW_ALL, SetAsDefault=True)
    boundary = "arn:aws:iam::aws:policy/AWSIoTDataAccess"
    await iam("PutRolePermissionsBoundary", RoleName="Player", PermissionsBoundary=boundary)
    found = await source.role_policies(ROLE)
    assert found is not None
    assert found.policies == (NamedPolicy("inline", ALLOW_ALL), NamedPolicy("Play:v2", ALLOW_ALL))
    assert found.boundary is not None
    assert found.boundary.name == "AWSIoTDataAccess:v1"


async def test_a_role_that_is_gone_or_elsewhere_has_no_policies(
    iam: Caller[IamService], source: IamPolicies
) -> None:
    await make_role(iam)
    assert await source.role_policies("arn:aws:iam::123456789012:role/Player") is None
    assert await source.role_policies("arn:aws:iam::210987654321:role/app/Player") is None
    assert await source.user_policies("arn:aws:iam::123456789012:user/Player") is None
    with pytest.raises(ArnError):
        await source.role_policies("Player")


async def test_a_user_has_its_policies(iam: Caller[IamService], source: IamPolicies) -> None:
    made = await iam("CreateUser", UserName="ann")
    await iam("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=ALLOW_ALL)
    found = await source.user_policies(made["User"]["Arn"])
    assert found is not None
    assert (found.policies, found.boundary) == ((NamedPolicy("p", ALLOW_ALL),), None)


async def test_a_missing_policy_is_never_passed_over(
    iam: Caller[IamService], source: IamPolicies, database: MemoryDatabase
) -> None:
    await make_role(iam)
    await database.write(lambda connection: connection.exec_driver_sql("DELETE FROM iam_policies"))
    with pytest.raises(DanglingPolicyError):
        await source.role_policies(ROLE)


async def test_the_default_document_of_a_managed_policy(
    iam: Caller[IamService], source: IamPolicies
) -> None:
    await make_role(iam)
    assert await source.default_document(POLICY) == IOT_CONNECT
    assert await source.default_document("arn:aws:iam::aws:policy/AdministratorAccess")
    assert await source.default_document("arn:aws:iam::aws:policy/Nope") is None


async def test_sts_learns_what_it_needs_of_a_role(
    iam: Caller[IamService], service: IamService
) -> None:
    await make_role(iam)
    await iam("TagRole", RoleName="Player", Tags=[{"Key": "team", "Value": "a"}])
    roles = Roles(service.roles)
    facts = await roles.find(ROLE)
    assert facts is not None
    assert (facts.name, facts.arn, facts.account) == ("Player", ROLE, "123456789012")
    assert facts.role_id.startswith("AROA")
    assert (facts.trust_policy, facts.max_session_duration_s) == (LAMBDA_TRUST, 3600)
    assert facts.tags == {"team": "a"}
    for unknown in ("Player", "arn:aws:iam::123456789012:role/Player", ROLE + "2"):
        assert await roles.find(unknown) is None


@pytest.mark.parametrize("record", load_aws_managed_policies().values(), ids=lambda r: r.name)
def test_aws_policies_parse(record: object) -> None:
    document = record.default_version.document  # type: ignore[attr-defined]
    assert parse_policy(document, PolicyKind.IDENTITY).statements
