"""The authorisation rows: every operation has one, and conditions see what is stored."""

import re

import pytest
from tests.unit.services.caller import Caller, load_model
from tests.unit.services.iam.documents import IOT_CONNECT, LAMBDA_TRUST

from keyfob.authz.operation import Auth
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.service import OPERATIONS

ABSENT = frozenset(
    re.findall(
        r"\w+",
        """
        AcceptDelegationRequest AcquireRole AssociateDelegationRequest ChangePassword
        CreateDelegationRequest CreateLoginProfile CreateServiceLinkedRole
        CreateServiceSpecificCredential CreateVirtualMFADevice DeactivateMFADevice
        DeleteAccountPasswordPolicy DeleteLoginProfile DeleteSSHPublicKey
        DeleteServerCertificate DeleteServiceLinkedRole DeleteServiceSpecificCredential
        DeleteSigningCertificate DeleteVirtualMFADevice
        DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions
        DisableOutboundWebIdentityFederation EnableMFADevice
        EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions
        EnableOutboundWebIdentityFederation GenerateOrganizationsAccessReport
        GenerateServiceLastAccessedDetails GetAccountPasswordPolicy GetAccountProperties
        GetDelegationRequest GetHumanReadableSummary GetLoginProfile GetMFADevice
        GetOrganizationsAccessReport GetOutboundWebIdentityFederationInfo GetRoleTemplateVersion
        GetSSHPublicKey GetServerCertificate GetServiceLastAccessedDetails
        GetServiceLastAccessedDetailsWithEntities GetServiceLinkedRoleDeletionStatus
        ListDelegationRequests ListMFADeviceTags ListMFADevices ListOrganizationsFeatures
        ListPoliciesGrantingServiceAccess ListSSHPublicKeys ListServerCertificateTags
        ListServerCertificates ListServiceSpecificCredentials ListSigningCertificates
        ListVirtualMFADevices PutAccountProperties RejectDelegationRequest
        ResetServiceSpecificCredential ResyncMFADevice SendDelegationToken
        SetSecurityTokenServicePreferences TagMFADevice TagServerCertificate UntagMFADevice
        UntagServerCertificate UpdateAccountPasswordPolicy UpdateDelegationRequest
        UpdateLoginProfile UpdateSSHPublicKey UpdateServerCertificate
        UpdateServiceSpecificCredential UpdateSigningCertificate UploadSSHPublicKey
        UploadServerCertificate UploadSigningCertificate
        """,
    )
)
"""What keyfob does not have: passwords, MFA devices, certificates, service-linked roles,
delegation, organizations, access advisor."""

BOUNDARY = "arn:aws:iam::aws:policy/AWSIoTDataAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
TAGS = [{"Key": "team", "Value": "a"}]


def test_every_operation_of_the_model_has_a_row_or_is_known_to_be_absent() -> None:
    names = [row.name for row in OPERATIONS]
    assert len(set(names)) == len(names)
    assert set(load_model("iam").operation_names) == {*names, *ABSENT}
    assert not set(names) & ABSENT


def test_every_row_asks_for_its_own_action() -> None:
    for row in OPERATIONS:
        assert row.auth is Auth.SIGV4
        if "ContextKeys" not in row.name:
            assert row.action == f"iam:{row.name}"


@pytest.mark.parametrize(("kind", "member"), [("Role", "RoleName"), ("User", "UserName")])
async def test_the_stored_tags_and_boundary_are_seen(
    iam: Caller[IamService], kind: str, member: str
) -> None:
    trust = {"AssumeRolePolicyDocument": LAMBDA_TRUST} if kind == "Role" else {}
    name = {member: "x"}
    await iam(f"Create{kind}", **name, **trust, Tags=TAGS, PermissionsBoundary=BOUNDARY)
    tags = {"aws:ResourceTag/team": ("a",), "iam:ResourceTag/team": ("a",)}
    boundary = {"iam:PermissionsBoundary": (BOUNDARY,)}
    policy = {"iam:PolicyARN": (ADMIN,)}
    assert await iam.context(f"Get{kind}", **name) == tags
    for change in ("Attach", "Detach"):
        found = await iam.context(f"{change}{kind}Policy", **name, PolicyArn=ADMIN)
        assert found == {**tags, **boundary, **policy}
    for change in ("Put", "Delete"):
        document = {"PolicyDocument": IOT_CONNECT} if change == "Put" else {}
        found = await iam.context(f"{change}{kind}Policy", **name, PolicyName="p", **document)
        assert found == {**tags, **boundary}
    found = await iam.context(f"Put{kind}PermissionsBoundary", **name, PermissionsBoundary=ADMIN)
    assert found == {**tags, "iam:PermissionsBoundary": (ADMIN,)}
    found = await iam.context(f"Delete{kind}PermissionsBoundary", **name)
    assert found == {**tags, **boundary}
    found = await iam.context(f"Tag{kind}", **name, Tags=[{"Key": "b", "Value": "c"}])
    assert found == {**tags, "aws:RequestTag/b": ("c",), "aws:TagKeys": ("b",)}
    found = await iam.context(f"Untag{kind}", **name, TagKeys=["team"])
    assert found == {**tags, "aws:TagKeys": ("team",)}
    assert await iam.context(f"Get{kind}", **{member: "none"}) == {}


async def test_the_stored_tags_of_managed_policies_are_seen(iam: Caller[IamService]) -> None:
    made = await iam("CreatePolicy", PolicyName="Play", PolicyDocument=IOT_CONNECT, Tags=TAGS)
    arn = made["Policy"]["Arn"]
    tags = {"aws:ResourceTag/team": ("a",)}
    assert await iam.context("DeletePolicy", PolicyArn=arn) == tags
    assert await iam.context("DeletePolicy", PolicyArn=ADMIN) == {}
    added = await iam.context("TagPolicy", PolicyArn=arn, Tags=[{"Key": "b", "Value": "c"}])
    assert added == {**tags, "aws:RequestTag/b": ("c",), "aws:TagKeys": ("b",)}
    iam.account = type(iam.account)("210987654321")
    assert await iam.context("GetPolicy", PolicyArn=arn) == {}


async def test_tags_of_managed_policies(iam: Caller[IamService]) -> None:
    made = await iam("CreatePolicy", PolicyName="Play", PolicyDocument=IOT_CONNECT)
    arn = made["Policy"]["Arn"]
    await iam("TagPolicy", PolicyArn=arn, Tags=TAGS)
    assert (await iam("ListPolicyTags", PolicyArn=arn))["Tags"] == TAGS
    assert (await iam("GetPolicy", PolicyArn=arn))["Policy"]["Tags"] == TAGS
    await iam("UntagPolicy", PolicyArn=arn, TagKeys=["team"])
    assert (await iam("ListPolicyTags", PolicyArn=arn))["Tags"] == []
    with pytest.raises(Exception, match="managed by AWS"):
        await iam("TagPolicy", PolicyArn=ADMIN, Tags=TAGS)


async def test_a_user_s_own_keys_are_authorised_on_it(iam: Caller[IamService]) -> None:
    await iam("CreateUser", UserName="ann", Path="/x/", Tags=TAGS)
    made = await iam("CreateAccessKey", UserName="ann")
    key = made["AccessKey"]["AccessKeyId"]
    assert await iam.resources("GetAccessKeyLastUsed", AccessKeyId=key) == (
        "arn:aws:iam::123456789012:user/x/ann",
    )
    assert await iam.context("GetAccessKeyLastUsed", AccessKeyId=key) == {
        "aws:ResourceTag/team": ("a",),
        "iam:ResourceTag/team": ("a",),
    }


@pytest.mark.parametrize(
    "noun",
    ["Role", "User", "Policy", "InstanceProfile", "OpenIDConnectProvider", "SAMLProvider"],
)
def test_making_something_with_tags_asks_for_tagging_too(
    iam: Caller[IamService], noun: str
) -> None:
    row = iam.rows[f"Create{noun}"]
    assert row.also(iam.make_call(row.name, {})) == ()
    assert row.also(iam.make_call(row.name, {"Tags": TAGS})) == (f"iam:Tag{noun}",)
