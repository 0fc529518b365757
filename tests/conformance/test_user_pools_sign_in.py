"""Groups, second factors, devices and rotation, called with boto3 against a running server."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pyotp
import pytest
from botocore.exceptions import ClientError

from keyfob.testing.article import Clients

PASSWORD = "Correct-Horse-1"
ROLE = "arn:aws:iam::123456789012:role/warden"


@dataclass(frozen=True)
class Pool:
    idp: Any
    pool_id: str
    client_id: str

    def sign_in(self, name: str = "alice") -> dict[str, Any]:
        return dict(
            self.idp.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
            )
        )


@pytest.fixture
def pool(clients: Clients) -> Iterator[Pool]:
    idp = clients.client("cognito-idp")
    pool_id = idp.create_user_pool(PoolName=f"p{uuid.uuid4().hex}")["UserPool"]["Id"]
    client = idp.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )
    idp.admin_create_user(UserPoolId=pool_id, Username="alice", MessageAction="SUPPRESS")
    idp.admin_set_user_password(
        UserPoolId=pool_id, Username="alice", Password=PASSWORD, Permanent=True
    )
    yield Pool(idp, pool_id, client["UserPoolClient"]["ClientId"])
    idp.delete_user_pool(UserPoolId=pool_id)


def test_groups_reach_the_token(pool: Pool) -> None:
    names = {"UserPoolId": pool.pool_id, "GroupName": "wardens"}
    pool.idp.create_group(**names, RoleArn=ROLE, Precedence=1)
    pool.idp.admin_add_user_to_group(**names, Username="alice")
    token = pool.sign_in()["AuthenticationResult"]["IdToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["cognito:groups"] == ["wardens"]
    assert claims["cognito:preferred_role"] == ROLE
    groups = pool.idp.admin_list_groups_for_user(UserPoolId=pool.pool_id, Username="alice")
    assert [group["Precedence"] for group in groups["Groups"]] == [1]


def test_an_authenticator_application_is_set_up_and_asked_for(pool: Pool) -> None:
    pool.idp.set_user_pool_mfa_config(
        UserPoolId=pool.pool_id,
        MfaConfiguration="ON",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    first = pool.sign_in()
    assert first["ChallengeName"] == "MFA_SETUP"
    begun = pool.idp.associate_software_token(Session=first["Session"])
    code = pyotp.TOTP(begun["SecretCode"]).now()
    verified = pool.idp.verify_software_token(Session=begun["Session"], UserCode=code)
    done = pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="MFA_SETUP",
        Session=verified["Session"],
        ChallengeResponses={"USERNAME": "alice"},
    )
    assert "AccessToken" in done["AuthenticationResult"]
    asked = pool.sign_in()
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with pytest.raises(ClientError) as error:
        pool.idp.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName="SOFTWARE_TOKEN_MFA",
            Session=asked["Session"],
            ChallengeResponses={"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": code},
        )
    assert error.value.response["Error"]["Code"] == "ExpiredCodeException"


def test_a_rotated_refresh_token_is_refused(pool: Pool) -> None:
    first = pool.sign_in()["AuthenticationResult"]["RefreshToken"]
    pool.idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=first)
    with pytest.raises(pool.idp.exceptions.RefreshTokenReuseException):
        pool.idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=first)


def test_tags_and_a_call_with_a_bad_access_token(pool: Pool) -> None:
    arn = pool.idp.describe_user_pool(UserPoolId=pool.pool_id)["UserPool"]["Arn"]
    pool.idp.tag_resource(ResourceArn=arn, Tags={"team": "doors"})
    assert pool.idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "doors"}
    with pytest.raises(ClientError) as error:
        pool.idp.get_device(DeviceKey="eu-central-1_0", AccessToken="a.b.c")
    assert error.value.response["Error"]["Code"] == "NotAuthorizedException"
