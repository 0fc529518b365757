"""Identity pools: who gets an identity, who gets credentials, and which role trusts whom."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.conformance.flow import (
    ALLOW_ALL,
    REGION,
    Resident,
    clients_of,
    credentials_for,
    identity_pool_with_role,
    refusal,
    sign_in,
    trust_policy,
)

from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients

UNKNOWN_ID = f"{REGION}:01234567-89ab-cdef-0123-456789abcdef"
NO_MATCH = (
    "Logins don't match. Please include at least one valid login for this identity or"
    " identity pool."
)
NO_ROLE = "Invalid identity pool configuration. Check assigned IAM roles for this pool."


@pytest.fixture(scope="module")
def identity(clients: Clients) -> Any:
    return clients.client("cognito-identity")


def forge(token: str, **changes: Any) -> str:
    """Return the token with some claims changed, signed with a key of one's own."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    return jwt.encode(claims, key, "RS256", headers=jwt.get_unverified_header(token))


def test_principal_tag_map_is_kept(identity: Any, article: Article) -> None:
    found = identity.get_principal_tag_attribute_map(
        IdentityPoolId=article.identity_pool_id, IdentityProviderName=article.provider_name
    )
    assert found["PrincipalTags"] == {"building_id": "custom:buildingId"}
    assert found["UseDefaults"] is False
    assert found["IdentityPoolId"] == article.identity_pool_id


def test_roles_are_kept(identity: Any, article: Article) -> None:
    found = identity.get_identity_pool_roles(IdentityPoolId=article.identity_pool_id)
    assert found["Roles"] == {"authenticated": article.role_arn}


def test_get_id_is_stable_per_user(
    clients: Clients, identity: Any, article: Article, residents: dict[str, Resident]
) -> None:
    again = {article.provider_name: sign_in(clients, article, "alice")["IdToken"]}
    found = identity.get_id(IdentityPoolId=article.identity_pool_id, Logins=again)["IdentityId"]
    assert found == residents["alice"].identity_id
    assert found != residents["bob"].identity_id


def test_get_id_refuses_a_guest_where_none_is_allowed(identity: Any, article: Article) -> None:
    refused = refusal(identity.get_id, IdentityPoolId=article.identity_pool_id)
    assert refused == (
        "NotAuthorizedException",
        400,
        "Unauthenticated access is not supported for this identity pool.",
    )
    found = identity.list_identities(IdentityPoolId=article.identity_pool_id, MaxResults=60)
    assert all(one.get("Logins") for one in found["Identities"])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (forge, "Invalid login token. Couldn't verify signed token."),
        (
            lambda token: forge(token, sub="00000000-0000-4000-8000-000000000000"),
            "Invalid login token. Couldn't verify signed token.",
        ),
        (
            lambda token: jwt.encode(
                jwt.decode(token, options={"verify_signature": False}), "", "none"
            ),
            None,
        ),
        (lambda token: token.rpartition(".")[0] + ".", None),
        (
            lambda _token: "not.a.token",
            "Invalid login token. Not a valid OpenId Connect identity token.",
        ),
    ],
    ids=["other key", "other person", "alg none", "no signature", "no token"],
)
def test_a_forged_token_gets_neither_an_identity_nor_credentials(
    identity: Any,
    article: Article,
    id_tokens: dict[str, str],
    residents: dict[str, Resident],
    spoil: Callable[[str], str],
    message: str | None,
) -> None:
    logins = {article.provider_name: spoil(id_tokens["alice"])}
    pool = article.identity_pool_id
    for refused in (
        refusal(identity.get_id, IdentityPoolId=pool, Logins=logins),
        refusal(
            identity.get_credentials_for_identity,
            IdentityId=residents["alice"].identity_id,
            Logins=logins,
        ),
    ):
        assert (refused.code, refused.status) == ("NotAuthorizedException", 400)
        assert refused.message.startswith(message or "Invalid login token.")


def test_an_access_token_is_no_login(clients: Clients, identity: Any, article: Article) -> None:
    logins = {article.provider_name: sign_in(clients, article, "alice")["AccessToken"]}
    refused = refusal(identity.get_id, IdentityPoolId=article.identity_pool_id, Logins=logins)
    assert refused.code == "NotAuthorizedException"


def test_a_token_under_another_providers_name_is_refused(
    identity: Any, article: Article, id_tokens: dict[str, str]
) -> None:
    logins = {f"cognito-idp.{REGION}.amazonaws.com/{REGION}_Another00": id_tokens["alice"]}
    refused = refusal(identity.get_id, IdentityPoolId=article.identity_pool_id, Logins=logins)
    assert refused.code == "NotAuthorizedException"


def test_an_unknown_identity_gets_no_credentials(
    identity: Any, residents: dict[str, Resident]
) -> None:
    refused = refusal(
        identity.get_credentials_for_identity,
        IdentityId=UNKNOWN_ID,
        Logins=dict(residents["alice"].logins),
    )
    assert refused.code == "ResourceNotFoundException"


def test_another_persons_token_gets_no_credentials(
    identity: Any, residents: dict[str, Resident]
) -> None:
    refused = refusal(
        identity.get_credentials_for_identity,
        IdentityId=residents["alice"].identity_id,
        Logins=dict(residents["bob"].logins),
    )
    assert (refused.code, refused.message) == ("NotAuthorizedException", NO_MATCH)


def test_an_identity_without_its_login_gets_no_credentials(
    identity: Any, residents: dict[str, Resident]
) -> None:
    refused = refusal(
        identity.get_credentials_for_identity, IdentityId=residents["alice"].identity_id
    )
    assert refused.code == "NotAuthorizedException"


@pytest.fixture(scope="module")
def trust_pool(clients: Clients, article: Article) -> str:
    """An identity pool whose role's trust the tests spoil."""
    return identity_pool_with_role(clients, article, "trust", ALLOW_ALL)


@pytest.mark.parametrize(
    "case", ["no TagSession", "other aud", "other amr", "no statement for web identities"]
)
def test_a_role_that_does_not_trust_the_pool_is_not_assumed(
    clients: Clients,
    identity: Any,
    article: Article,
    trust_pool: str,
    id_tokens: dict[str, str],
    case: str,
) -> None:
    spoilt = {
        "no TagSession": trust_policy(trust_pool, actions=("sts:AssumeRoleWithWebIdentity",)),
        "other aud": trust_policy(article.identity_pool_id),
        "other amr": trust_policy(trust_pool, "unauthenticated"),
        "no statement for web identities": trust_policy(trust_pool, actions=("sts:TagSession",)),
    }
    iam = clients.client("iam")
    logins = {article.provider_name: id_tokens["alice"]}
    identity_id = identity.get_id(IdentityPoolId=trust_pool, Logins=logins)["IdentityId"]
    good = trust_policy(trust_pool)
    iam.update_assume_role_policy(RoleName="trust", PolicyDocument=good)
    credentials_for(clients, identity_id, logins)
    iam.update_assume_role_policy(RoleName="trust", PolicyDocument=spoilt[case])
    refused = refusal(identity.get_credentials_for_identity, IdentityId=identity_id, Logins=logins)
    assert refused == ("InvalidIdentityPoolConfigurationException", 400, NO_ROLE)


def test_a_trust_policy_for_cognito_needs_an_aud_condition(
    clients: Clients, trust_pool: str
) -> None:
    """Such a policy is refused when it is written. Cognito Developer Guide, `iam-roles`."""
    iam = clients.client("iam")
    document = trust_policy(None)
    refused = refusal(iam.create_role, RoleName="no-aud", AssumeRolePolicyDocument=document)
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)
    assert refusal(iam.get_role, RoleName="no-aud").code == "NoSuchEntity"
    before = iam.get_role(RoleName="trust")["Role"]["AssumeRolePolicyDocument"]
    refused = refusal(iam.update_assume_role_policy, RoleName="trust", PolicyDocument=document)
    assert refused.code == "MalformedPolicyDocument"
    assert iam.get_role(RoleName="trust")["Role"]["AssumeRolePolicyDocument"] == before


def test_temporary_credentials_are_unique_and_work(
    server: ServerProcess, clients: Clients, article: Article, residents: dict[str, Resident]
) -> None:
    alice = residents["alice"]
    again = credentials_for(clients, alice.identity_id, alice.logins)
    assert again.access_key_id != alice.credentials.access_key_id
    assert again.secret_key != alice.credentials.secret_key
    assert again.session_token != alice.credentials.session_token
    for one in (again, alice.credentials):
        assert one.access_key_id.startswith("ASIA")
        caller = clients_of(server.endpoints, one).client("sts").get_caller_identity()
        role = article.role_arn.rpartition("/")[2]
        assert caller["Arn"].endswith(f":assumed-role/{role}/CognitoIdentityCredentials")


def test_one_sessions_secret_does_not_go_with_anothers_token(
    server: ServerProcess, residents: dict[str, Resident]
) -> None:
    alice, bob = residents["alice"].credentials, residents["bob"].credentials
    mixed = Clients(
        server.endpoints,
        REGION,
        aws_access_key_id=alice.access_key_id,
        aws_secret_access_key=alice.secret_key,
        aws_session_token=bob.session_token,
    )
    refused = refusal(mixed.client("sts").get_caller_identity)
    assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)


def test_deleted_identities_are_gone(
    clients: Clients, identity: Any, article: Article, id_tokens: dict[str, str]
) -> None:
    pool_id = identity_pool_with_role(clients, article, "fleeting", ALLOW_ALL)
    logins = {article.provider_name: id_tokens["alice"]}
    identity_id = identity.get_id(IdentityPoolId=pool_id, Logins=logins)["IdentityId"]
    answer = identity.delete_identities(IdentityIdsToDelete=[identity_id])
    assert answer["UnprocessedIdentityIds"] == []
    assert identity.list_identities(IdentityPoolId=pool_id, MaxResults=10)["Identities"] == []
    refused = refusal(identity.get_credentials_for_identity, IdentityId=identity_id, Logins=logins)
    assert refused.code == "ResourceNotFoundException"
    renewed = identity.get_id(IdentityPoolId=pool_id, Logins=logins)["IdentityId"]
    assert renewed != identity_id


def test_a_guest_gets_the_guest_role_where_allowed(
    server: ServerProcess, clients: Clients, identity: Any
) -> None:
    pool_id = identity.create_identity_pool(
        IdentityPoolName="guests", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    trust = trust_policy(pool_id, "unauthenticated", ("sts:AssumeRoleWithWebIdentity",))
    role = clients.client("iam").create_role(RoleName="guest", AssumeRolePolicyDocument=trust)
    identity.set_identity_pool_roles(
        IdentityPoolId=pool_id, Roles={"unauthenticated": role["Role"]["Arn"]}
    )
    identity_id = identity.get_id(IdentityPoolId=pool_id)["IdentityId"]
    guest = clients_of(server.endpoints, credentials_for(clients, identity_id))
    assert ":assumed-role/guest/" in guest.client("sts").get_caller_identity()["Arn"]


def test_the_role_trusts_only_what_its_document_says(article: Article, clients: Clients) -> None:
    role = clients.client("iam").get_role(RoleName=article.role_arn.rpartition("/")[2])["Role"]
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert json.dumps(statement["Action"]) == '["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]'
