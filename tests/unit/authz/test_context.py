"""Condition keys: which exist for whom, and in which policy language."""

from dataclasses import replace

import pytest
from tests.unit.authz import actors
from tests.unit.authz.actors import ACCOUNT, IDENTITY, POOL, REGION, ROLE, USER

from keyfob.authz.context import Circumstances, build_contexts, connect_keys
from keyfob.authz.principal import Principal, WebIdentity
from keyfob.policy import RequestContext

HERE = Circumstances(
    REGION, "192.0.2.7", is_tls=True, user_agent="sdk/1", domain_name="iot.example.com"
)


def facts(context: RequestContext) -> dict[str, tuple[str, ...]]:
    found = {key: context.get(key.lower()) for key in context}
    return {key: values for key, values in found.items() if values is not None}


def iam(principal: Principal) -> dict[str, tuple[str, ...]]:
    return facts(build_contexts(principal, HERE, has_iot_principal_tags=True).iam)


REQUEST = {
    "aws:SecureTransport": ("true",),
    "aws:SourceIp": ("192.0.2.7",),
    "aws:UserAgent": ("sdk/1",),
    "aws:RequestedRegion": (REGION,),
}


def test_a_cognito_session_in_iam_policies() -> None:
    assert iam(actors.cognito(tags={"building_id": "1"})) == {
        **REQUEST,
        "aws:PrincipalType": ("AssumedRole",),
        "aws:PrincipalAccount": (ACCOUNT,),
        "aws:PrincipalArn": (ROLE,),
        "aws:userid": ("AROAEXAMPLEEXAMPLE00:CognitoIdentityCredentials",),
        "aws:TokenIssueTime": ("2023-11-14T22:13:20Z",),
        "aws:FederatedProvider": ("cognito-identity.amazonaws.com",),
        "cognito-identity.amazonaws.com:aud": (POOL,),
        "cognito-identity.amazonaws.com:sub": (IDENTITY,),
        "cognito-identity.amazonaws.com:amr": (
            "authenticated",
            actors.PROVIDER,
            f"{actors.PROVIDER}:CognitoSignIn:sub-1",
        ),
        "aws:PrincipalTag/building_id": ("1",),
    }


def test_a_user_in_iam_policies() -> None:
    assert iam(actors.iam_user({"team": "a"})) == {
        **REQUEST,
        "aws:PrincipalType": ("User",),
        "aws:PrincipalAccount": (ACCOUNT,),
        "aws:PrincipalArn": (USER,),
        "aws:userid": ("AIDAEXAMPLEEXAMPLE00",),
        "aws:username": ("dev",),
        "aws:PrincipalTag/team": ("a",),
    }


def test_root_and_nobody() -> None:
    assert iam(actors.root())["aws:PrincipalType"] == ("Account",)
    assert iam(actors.root())["aws:userid"] == (ACCOUNT,)
    assert iam(actors.anonymous()) == {**REQUEST, "aws:PrincipalType": ("Anonymous",)}


@pytest.mark.parametrize("has_tags", [True, False])
def test_iot_policies_see_the_connection_and_the_identity(has_tags: bool) -> None:
    contexts = build_contexts(
        actors.cognito(tags={"building_id": "1"}), HERE, has_iot_principal_tags=has_tags
    )
    keys = facts(contexts.iot)
    assert keys.get("aws:PrincipalTag/building_id") == (("1",) if has_tags else None)
    assert keys["iot:DomainName"] == ("iot.example.com",)
    assert keys["aws:SourceIp"] == ("192.0.2.7",)
    assert keys["cognito-identity.amazonaws.com:sub"] == (IDENTITY,)
    assert "aws:userid" not in keys
    assert "iot:DomainName" not in contexts.iam


def test_a_source_identity_and_another_provider_s_session() -> None:
    identity = WebIdentity("accounts.example.com", "client", "sub")
    session = replace(actors.role_session(web_identity=identity), source_identity="ann")
    keys = iam(session)
    assert keys["aws:SourceIdentity"] == ("ann",)
    assert keys["accounts.example.com:sub"] == ("sub",)
    assert "accounts.example.com:amr" not in keys


def test_the_clock() -> None:
    contexts = build_contexts(actors.root(), HERE, has_iot_principal_tags=True).at(1_700_000_000.9)
    for context in (contexts.iam, contexts.iot):
        assert context.get("aws:currenttime") == ("2023-11-14T22:13:20Z",)
        assert context.get("aws:epochtime") == ("1700000000",)


def test_what_is_unknown_is_absent() -> None:
    nowhere = Circumstances(REGION, "", is_tls=False)
    contexts = build_contexts(actors.root(), nowhere, has_iot_principal_tags=True)
    assert "aws:SourceIp" not in contexts.iam
    assert "aws:UserAgent" not in contexts.iam
    assert "iot:DomainName" not in contexts.iot
    assert contexts.iam.get("aws:securetransport") == ("false",)


@pytest.mark.parametrize(
    ("will", "is_persistent", "attributes"),
    [
        (None, False, None),
        (None, True, ("PersistentConnect",)),
        ("arn", False, ("LastWill",)),
        ("arn", True, ("PersistentConnect", "LastWill")),
    ],
)
def test_connect_keys(
    will: str | None, is_persistent: bool, attributes: tuple[str, ...] | None
) -> None:
    keys = connect_keys("c", will, is_persistent=is_persistent)
    assert keys["iot:ClientId"] == ("c",)
    assert keys.get("iot:ConnectAttributes") == attributes
    assert keys.get("iot:LastWillTopic") == (None if will is None else (will,))
