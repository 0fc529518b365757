"""STS against a running server: users' own sessions, federation, chaining, OIDC federation."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.conformance.flow import ALLOW_ALL, REGION, refusal, sign_in

from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients

DENIED = {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId"}


def signed(server: ServerProcess, credentials: Mapping[str, Any]) -> Clients:
    return Clients(
        server.endpoints,
        REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
    )


def allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(principal: Mapping[str, str], *actions: str, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions)}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def user(server: ServerProcess, clients: Clients) -> Clients:
    """An IAM user who may do everything."""
    iam = clients.client("iam")
    iam.create_user(UserName="sts-user")
    iam.put_user_policy(UserName="sts-user", PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))
    return signed(server, iam.create_access_key(UserName="sts-user")["AccessKey"])


def test_a_session_of_ones_own(server: ServerProcess, user: Clients) -> None:
    mine = signed(server, user.client("sts").get_session_token()["Credentials"])
    arn = user.client("sts").get_caller_identity()["Arn"]
    assert mine.client("sts").get_caller_identity()["Arn"] == arn
    mine.client("iot").list_policies()
    assert refusal(mine.client("iam").list_users).code in DENIED
    assert refusal(mine.client("sts").get_session_token).code == "AccessDenied"


def test_a_federated_user_is_held_to_the_policy_passed(
    server: ServerProcess, user: Clients
) -> None:
    sts = user.client("sts")
    answer = sts.get_federation_token(Name="visitor", Policy=allow("iot:ListPolicies", "iam:*"))
    theirs = signed(server, answer["Credentials"])
    identity = theirs.client("sts").get_caller_identity()
    assert identity["Arn"] == answer["FederatedUser"]["Arn"]
    assert identity["UserId"] == answer["FederatedUser"]["FederatedUserId"]
    theirs.client("iot").list_policies()
    assert refusal(theirs.client("iot").describe_endpoint).code in DENIED
    assert refusal(theirs.client("iam").list_users).code in DENIED
    nothing = signed(server, sts.get_federation_token(Name="nobody")["Credentials"])
    assert refusal(nothing.client("iot").list_policies).code in DENIED


def test_a_users_sessions_end_with_the_user(server: ServerProcess, clients: Clients) -> None:
    iam = clients.client("iam")
    iam.create_user(UserName="departing")
    key = iam.create_access_key(UserName="departing")["AccessKey"]
    token = signed(server, key).client("sts").get_session_token()["Credentials"]
    iam.delete_access_key(UserName="departing", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="departing")
    sts = signed(server, token).client("sts")
    assert refusal(sts.get_caller_identity).code == "InvalidClientTokenId"


def test_chaining_keeps_transitive_tags_and_the_source_identity_for_an_hour(
    server: ServerProcess, clients: Clients, user: Clients
) -> None:
    iam, account = clients.client("iam"), server.endpoints.account_id
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    for name in ("chain-1", "chain-2"):
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=trusting(root, *actions),
            MaxSessionDuration=43_200,
        )
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))
    arns = [f"arn:aws:iam::{account}:role/chain-{number}" for number in (1, 2)]
    first = user.client("sts").assume_role(
        RoleArn=arns[0],
        RoleSessionName="one",
        Tags=[{"Key": "tenant", "Value": "7"}, {"Key": "team", "Value": "blue"}],
        TransitiveTagKeys=["tenant"],
        SourceIdentity="sts-user",
        DurationSeconds=43_200,
    )["Credentials"]
    sts = signed(server, first).client("sts")
    second = {"RoleArn": arns[1], "RoleSessionName": "two"}
    code, _, message = refusal(sts.assume_role, **second, DurationSeconds=3601)
    assert code == "ValidationError"
    assert "role chaining" in message
    override = [{"Key": "Tenant", "Value": "8"}]
    assert refusal(sts.assume_role, **second, Tags=override).code == "InvalidParameterValue"
    assert refusal(sts.assume_role, **second, SourceIdentity="me").code == "AccessDenied"
    answer = sts.assume_role(**second)
    assert answer["SourceIdentity"] == "sts-user"
    # what the second session carries shows in what a policy makes of it
    iam.update_assume_role_policy(
        RoleName="chain-1",
        PolicyDocument=trusting(
            {"AWS": arns[1]},
            *actions,
            StringEquals={"aws:PrincipalTag/tenant": "7", "aws:SourceIdentity": "sts-user"},
            Null={"aws:PrincipalTag/team": "true"},
        ),
    )
    third = signed(server, answer["Credentials"]).client("sts")
    third.assume_role(RoleArn=arns[0], RoleSessionName="three")


def test_a_user_pool_registered_in_iam_federates(
    server: ServerProcess, clients: Clients, article: Article
) -> None:
    iam = clients.client("iam")
    provider_arn = iam.create_open_id_connect_provider(
        Url=f"https://{article.provider_name}",
        ClientIDList=[article.client_id],
        ThumbprintList=["0" * 40],
    )["OpenIDConnectProviderArn"]
    tokens = sign_in(clients, article, "alice")
    iam.create_role(
        RoleName="oidc",
        AssumeRolePolicyDocument=trusting(
            {"Federated": provider_arn},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={f"{article.provider_name}:aud": article.client_id},
        ),
    )
    iam.put_role_policy(RoleName="oidc", PolicyName="p", PolicyDocument=allow("iot:ListPolicies"))
    role = iam.get_role(RoleName="oidc")["Role"]["Arn"]
    sts = clients.client("sts")
    asked = {"RoleArn": role, "RoleSessionName": "alice"}
    answer = sts.assume_role_with_web_identity(**asked, WebIdentityToken=tokens["IdToken"])
    assert answer["Provider"] == provider_arn
    assert answer["Audience"] == article.client_id
    signed(server, answer["Credentials"]).client("iot").list_policies()
    code, _, message = refusal(
        sts.assume_role_with_web_identity, **asked, WebIdentityToken=tokens["AccessToken"]
    )
    assert (code, message) == ("InvalidIdentityToken", "Incorrect token audience")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider_arn)
    code, _, message = refusal(
        sts.assume_role_with_web_identity, **asked, WebIdentityToken=tokens["IdToken"]
    )
    assert code == "InvalidIdentityToken"
    assert message.startswith("No OpenIDConnect provider found in your account")


def test_whose_a_key_is(server: ServerProcess, clients: Clients) -> None:
    sts, key = clients.client("sts"), server.endpoints.access_key_id
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == server.endpoints.account_id
    code, _, _ = refusal(sts.get_access_key_info, AccessKeyId="AKIA" + "A" * 16)
    assert code == "ValidationError"
    code, _, _ = refusal(sts.decode_authorization_message, EncodedMessage="abc")
    assert code == "InvalidAuthorizationMessageException"
