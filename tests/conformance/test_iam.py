"""IAM with boto3: every group of operations once, and what conditions on stored things decide."""

import csv
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.flow import ALLOW_ALL, REGION, refusal

from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://corp"'
    ' validUntil="2050-01-01T00:00:00Z"><IDPSSODescriptor><KeyDescriptor use="signing">'
    '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
    "<X509Certificate>MIIB</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    f"</IDPSSODescriptor><!-- {'x' * 1000} --></EntityDescriptor>"
)


@pytest.fixture(scope="module")
def iam(clients: Clients) -> Any:
    return clients.client("iam")


class Person:
    """A user with an access key."""

    def __init__(self, server: ServerProcess, iam: Any, name: str) -> None:
        self.name = name
        self.iam = iam
        iam.create_user(UserName=name)
        self.key = iam.create_access_key(UserName=name)["AccessKey"]
        self.clients = Clients(
            server.endpoints,
            REGION,
            aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=self.key["SecretAccessKey"],
        )

    def allow(self, action: Any, resource: str = "*", **condition: Any) -> None:
        """Let the person do this and nothing else."""
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        if condition:
            statement["Condition"] = condition
        self.iam.put_user_policy(
            UserName=self.name,
            PolicyName="only",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )


@pytest.fixture
def person(server: ServerProcess, iam: Any, request: pytest.FixtureRequest) -> Person:
    return Person(server, iam, request.node.name[:60])


@pytest.fixture
def role(iam: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"role-{request.node.name}"[:60]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    yield name


def test_a_group_allows_its_members_until_they_leave(iam: Any, person: Person) -> None:
    members = person.clients.client("iam")
    assert refusal(members.list_roles).code == "AccessDenied"
    iam.create_group(GroupName="readers")
    iam.put_group_policy(
        GroupName="readers", PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL)
    )
    iam.add_user_to_group(GroupName="readers", UserName=person.name)
    members.list_roles()
    iam.delete_group_policy(GroupName="readers", PolicyName="all")
    assert refusal(members.list_roles).code == "AccessDenied"
    iam.attach_group_policy(GroupName="readers", PolicyArn=ADMIN)
    iam.update_group(GroupName="readers", NewGroupName="writers")
    members.list_roles()
    assert members.get_group(GroupName="writers")["Users"][0]["UserName"] == person.name
    groups = members.list_groups_for_user(UserName=person.name)["Groups"]
    assert [group["GroupName"] for group in groups] == ["writers"]
    iam.remove_user_from_group(GroupName="writers", UserName=person.name)
    assert refusal(members.list_roles).code == "AccessDenied"


def test_conditions_see_the_tags_of_what_is_stored(iam: Any, person: Person, role: str) -> None:
    person.allow("iam:UpdateRole", StringEquals={"aws:ResourceTag/team": "a"})
    mine = person.clients.client("iam")
    assert refusal(mine.update_role, RoleName=role).code == "AccessDenied"
    iam.tag_role(RoleName=role, Tags=[{"Key": "team", "Value": "a"}])
    mine.update_role(RoleName=role)
    iam.untag_role(RoleName=role, TagKeys=["team"])
    assert refusal(mine.update_role, RoleName=role).code == "AccessDenied"


def test_conditions_see_the_boundary_of_the_role_that_changes(
    iam: Any, person: Person, role: str
) -> None:
    boundary = "arn:aws:iam::aws:policy/AWSIoTDataAccess"
    person.allow("iam:PutRolePolicy", StringEquals={"iam:PermissionsBoundary": boundary})
    mine = person.clients.client("iam")
    put = {"RoleName": role, "PolicyName": "p", "PolicyDocument": json.dumps(ALLOW_ALL)}
    assert refusal(mine.put_role_policy, **put).code == "AccessDenied"
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
    mine.put_role_policy(**put)


def test_whoever_is_refused_does_not_learn_what_there_is(iam: Any, person: Person) -> None:
    trust = json.dumps(TRUST)
    iam.create_role(RoleName="Hidden", Path="/deep/", AssumeRolePolicyDocument=trust)
    mine = person.clients.client("iam")
    refused = [refusal(mine.get_role, RoleName=name) for name in ("HIDDEN", "ABSENT")]
    there, absent = refused
    assert there.message == absent.message.replace("ABSENT", "HIDDEN")
    assert "on resource: role HIDDEN because no identity-based policy" in there.message
    keys = (person.key["AccessKeyId"], "AKIAAAAAAAAAAAAAAAAA")
    refused = [refusal(mine.get_access_key_last_used, AccessKeyId=key) for key in keys]
    assert refused[0].message == refused[1].message.replace(keys[1], keys[0])


def test_instance_profiles_need_pass_role(iam: Any, person: Person, role: str) -> None:
    iam.create_instance_profile(InstanceProfileName="box")
    both = {"InstanceProfileName": "box", "RoleName": role}
    person.allow("iam:AddRoleToInstanceProfile")
    mine = person.clients.client("iam")
    refused = refusal(mine.add_role_to_instance_profile, **both)
    assert refused.code == "AccessDenied"
    assert "iam:PassRole" in refused.message
    person.allow(["iam:AddRoleToInstanceProfile", "iam:PassRole"])
    mine.add_role_to_instance_profile(**both)
    [profile] = iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    assert [held["RoleName"] for held in profile["Roles"]] == [role]
    assert refusal(iam.delete_role, RoleName=role).code == "DeleteConflict"
    iam.remove_role_from_instance_profile(**both)
    iam.delete_instance_profile(InstanceProfileName="box")


def test_open_id_providers(iam: Any) -> None:
    made = iam.create_open_id_connect_provider(Url="https://idp.example.com", ClientIDList=["a"])
    arn = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    iam.add_client_id_to_open_id_connect_provider(**arn, ClientID="b")
    iam.update_open_id_connect_provider_thumbprint(**arn, ThumbprintList=["0" * 40])
    iam.tag_open_id_connect_provider(**arn, Tags=[{"Key": "k", "Value": "v"}])
    found = iam.get_open_id_connect_provider(**arn)
    assert (found["Url"], found["ClientIDList"]) == ("idp.example.com", ["a", "b"])
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert {"Arn": arn["OpenIDConnectProviderArn"]} in listed
    iam.delete_open_id_connect_provider(**arn)
    assert refusal(iam.get_open_id_connect_provider, **arn).code == "NoSuchEntity"


def test_saml_providers(iam: Any) -> None:
    made = iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=METADATA)
    arn = {"SAMLProviderArn": made["SAMLProviderArn"]}
    found = iam.get_saml_provider(**arn)
    assert found["SAMLMetadataDocument"] == METADATA
    assert found["ValidUntil"].year == 2050
    iam.update_saml_provider(**arn, SAMLMetadataDocument=METADATA)
    iam.tag_saml_provider(**arn, Tags=[{"Key": "k", "Value": "v"}])
    assert iam.list_saml_provider_tags(**arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]] == [*arn.values()]
    iam.delete_saml_provider(**arn)
    assert refusal(iam.get_saml_provider, **arn).code == "NoSuchEntity"


def test_managed_policies_have_tags_and_filters(iam: Any, person: Person) -> None:
    arn = iam.create_policy(PolicyName="tagged", PolicyDocument=json.dumps(ALLOW_ALL))["Policy"][
        "Arn"
    ]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    iam.untag_policy(PolicyArn=arn, TagKeys=["k"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == []

    def attached() -> list[str]:
        pages = iam.get_paginator("list_policies").paginate(
            OnlyAttached=True, Scope="Local", PaginationConfig={"PageSize": 1}
        )
        return [policy["Arn"] for page in pages for policy in page["Policies"]]

    assert arn not in attached()
    iam.attach_user_policy(UserName=person.name, PolicyArn=arn)
    assert arn in attached()


def test_last_use_of_an_access_key(iam: Any, person: Person) -> None:
    key = person.key["AccessKeyId"]
    never = iam.get_access_key_last_used(AccessKeyId=key)
    assert never["UserName"] == person.name
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    person.clients.client("sts").get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", REGION)
    refused = refusal(iam.get_access_key_last_used, AccessKeyId="AKIAAAAAAAAAAAAAAAAA")
    assert (refused.code, refused.status) == ("AccessDenied", 403)


def test_the_account_as_a_whole(iam: Any, person: Person) -> None:
    iam.create_account_alias(AccountAlias="keyfob-test")
    assert iam.list_account_aliases()["AccountAliases"] == ["keyfob-test"]
    iam.delete_account_alias(AccountAlias="keyfob-test")
    summary = iam.get_account_summary()["SummaryMap"]
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": 2}
    )
    users = [user["UserName"] for page in pages for user in page["UserDetailList"]]
    assert person.name in users
    assert summary["Users"] == len(users)


def test_the_credential_report(iam: Any, person: Person) -> None:
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    rows = {row["user"]: row for row in csv.DictReader(report["Content"].decode().splitlines())}
    assert rows["<root_account>"]["access_key_1_active"] == "true"
    assert rows[person.name]["access_key_1_active"] == "true"
