"""A person of the demonstration: signs in with SRP, exchanges the token, attaches the policy."""

from dataclasses import dataclass

from pycognito.aws_srp import AWSSRP

from keyfob.store.data_directory import Endpoints
from keyfob.testing.article import IOT_POLICY_NAME, Article, Clients


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary AWS credentials and the identity they belong to."""

    identity_id: str
    access_key_id: str
    secret_key: str
    session_token: str


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the pool."""

    name: str
    password: str
    building: str

    def sign_in(self, clients: Clients, article: Article) -> str:
        """Prove the password without sending it (SRP), and return the ID token."""
        srp = AWSSRP(
            username=self.name,
            password=self.password,
            pool_id=article.user_pool_id,
            client_id=article.client_id,
            client=clients.client("cognito-idp"),
        )
        token: str = srp.authenticate_user()["AuthenticationResult"]["IdToken"]
        return token

    def exchange(self, clients: Clients, article: Article, id_token: str) -> Credentials:
        """Exchange the ID token for temporary credentials."""
        identity = clients.client("cognito-identity")
        logins = {article.provider_name: id_token}
        identity_id = identity.get_id(IdentityPoolId=article.identity_pool_id, Logins=logins)[
            "IdentityId"
        ]
        answer = identity.get_credentials_for_identity(IdentityId=identity_id, Logins=logins)
        credentials = answer["Credentials"]
        return Credentials(
            identity_id,
            credentials["AccessKeyId"],
            credentials["SecretKey"],
            credentials["SessionToken"],
        )


def attach_policy(endpoints: Endpoints, region: str, credentials: Credentials) -> None:
    """Attach the IoT policy to one's own identity, with one's own credentials.

    The article's development way: it needs `iot:AttachPolicy` in the role's policy.
    """
    Clients(
        endpoints,
        region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.session_token,
    ).client("iot").attach_policy(policyName=IOT_POLICY_NAME, target=credentials.identity_id)
