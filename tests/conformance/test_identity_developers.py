"""Identities of a developer's own users, and the end of identities, against a running server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.conformance.flow import (
    ALLOW_ALL,
    Resident,
    clients_of,
    credentials_for,
    refusal,
    resident,
    trust_policy,
)

from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients

DEVELOPER = "login.example.app"
OWN = "cognito-identity.amazonaws.com"
GONE = {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ForbiddenException"}


@dataclass(frozen=True)
class Developer:
    """A pool with a developer provider, and the calls of its back end."""

    clients: Clients
    pool_id: str
    pool_arn: str

    @property
    def identity(self) -> Any:
        return self.clients.client("cognito-identity")

    def register(self, user: str, **params: Any) -> Any:
        return self.identity.get_open_id_token_for_developer_identity(
            IdentityPoolId=self.pool_id, Logins={DEVELOPER: user}, **params
        )


@pytest.fixture(scope="module")
def developer(clients: Clients, server: ServerProcess) -> Iterator[Developer]:
    identity, iam = clients.client("cognito-identity"), clients.client("iam")
    pool_id = identity.create_identity_pool(
        IdentityPoolName="developers",
        AllowUnauthenticatedIdentities=False,
        AllowClassicFlow=True,
        DeveloperProviderName=DEVELOPER,
    )["IdentityPoolId"]
    role = iam.create_role(RoleName="developers", AssumeRolePolicyDocument=trust_policy(pool_id))[
        "Role"
    ]
    iam.put_role_policy(
        RoleName="developers", PolicyName="inline", PolicyDocument=json.dumps(ALLOW_ALL)
    )
    identity.set_identity_pool_roles(IdentityPoolId=pool_id, Roles={"authenticated": role["Arn"]})
    account = server.endpoints.account_id
    arn = f"arn:aws:cognito-identity:{clients.region}:{account}:identitypool/{pool_id}"
    yield Developer(clients, pool_id, arn)
    identity.delete_identity_pool(IdentityPoolId=pool_id)


def test_a_developers_user_gets_credentials_both_ways(
    server: ServerProcess, clients: Clients, developer: Developer
) -> None:
    ann = developer.register("ann", PrincipalTags={"tenant": "7"})
    enhanced = credentials_for(clients, ann["IdentityId"], {OWN: ann["Token"]})
    arn = clients_of(server.endpoints, enhanced).client("sts").get_caller_identity()["Arn"]
    assert arn.endswith(":assumed-role/developers/CognitoIdentityCredentials")
    role_arn = clients.client("iam").get_role(RoleName="developers")["Role"]["Arn"]
    classic = clients.client("sts").assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="app", WebIdentityToken=ann["Token"]
    )
    assert classic["SubjectFromWebIdentityToken"] == ann["IdentityId"]


def test_lookup_merge_and_unlink(developer: Developer) -> None:
    identity, pool = developer.identity, {"IdentityPoolId": developer.pool_id}
    first, second = developer.register("carl"), developer.register("cara")
    merged = identity.merge_developer_identities(
        SourceUserIdentifier="carl",
        DestinationUserIdentifier="cara",
        DeveloperProviderName=DEVELOPER,
        **pool,
    )["IdentityId"]
    assert merged == second["IdentityId"] != first["IdentityId"]
    found = identity.lookup_developer_identity(IdentityId=merged, **pool)
    assert sorted(found["DeveloperUserIdentifierList"]) == ["cara", "carl"]
    identity.unlink_developer_identity(
        IdentityId=merged,
        DeveloperProviderName=DEVELOPER,
        DeveloperUserIdentifier="carl",
        **pool,
    )
    code, status, _ = refusal(
        identity.lookup_developer_identity, DeveloperUserIdentifier="carl", **pool
    )
    assert (code, status) == ("ResourceNotFoundException", 400)
    code, _, _ = refusal(
        identity.get_open_id_token_for_developer_identity,
        Logins={DEVELOPER: "cara"},
        IdentityId=developer.register("dora")["IdentityId"],
        **pool,
    )
    assert code == "DeveloperUserAlreadyRegisteredException"


def test_tags_of_a_pool(developer: Developer) -> None:
    identity, arn = developer.identity, developer.pool_arn
    identity.tag_resource(ResourceArn=arn, Tags={"team": "blue", "stage": "test"})
    identity.untag_resource(ResourceArn=arn, TagKeys=["stage"])
    assert identity.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "blue"}


@pytest.mark.parametrize("end", ["delete", "merge", "unlink"])
def test_the_end_of_an_identity_ends_its_credentials_at_once(
    server: ServerProcess, clients: Clients, developer: Developer, end: str
) -> None:
    name = f"end-{end}"
    user = developer.register(name)
    theirs = clients_of(
        server.endpoints, credentials_for(clients, user["IdentityId"], {OWN: user["Token"]})
    )
    theirs.client("sts").get_caller_identity()
    theirs.client("iot").list_policies()
    identity, pool = developer.identity, {"IdentityPoolId": developer.pool_id}
    if end == "delete":
        answer = identity.delete_identities(IdentityIdsToDelete=[user["IdentityId"]])
        assert answer["UnprocessedIdentityIds"] == []
    elif end == "merge":
        developer.register("survivor")
        identity.merge_developer_identities(
            SourceUserIdentifier=name,
            DestinationUserIdentifier="survivor",
            DeveloperProviderName=DEVELOPER,
            **pool,
        )
    else:
        identity.unlink_developer_identity(
            IdentityId=user["IdentityId"],
            DeveloperProviderName=DEVELOPER,
            DeveloperUserIdentifier=name,
            **pool,
        )
    for call in (
        theirs.client("sts").get_caller_identity,
        theirs.client("iot").list_policies,
    ):
        assert refusal(call).code in GONE


def test_a_deleted_identity_of_a_user_pool_is_new_next_time(
    server: ServerProcess,
    clients: Clients,
    article: Article,
    wide_pool: str,
    id_tokens: dict[str, str],
) -> None:
    first: Resident = resident(clients, article, wide_pool, id_tokens["bob"])
    clients.client("cognito-identity").delete_identities(IdentityIdsToDelete=[first.identity_id])
    theirs = clients_of(server.endpoints, first.credentials)
    assert refusal(theirs.client("iot").list_policies).code in GONE
    again = resident(clients, article, wide_pool, id_tokens["bob"])
    assert again.identity_id != first.identity_id
    clients_of(server.endpoints, again.credentials).client("iot").list_policies()
