from typing import Any

import pytest
from tests.unit.services.caller import ACCOUNT, NOW_S, REGION
from tests.unit.services.cognito_identity.fakes import (
    CLIENT_ID,
    GUEST_ROLE,
    OTHER_ROLE,
    ROLE,
    USER_POOL,
)

from keyfob.core.errors import AwsError
from keyfob.services.cognito_identity.domain.logins import VerifiedLogin
from keyfob.services.cognito_identity.domain.roles import choose_guest_role, choose_role
from keyfob.store.ports.identities import Login
from keyfob.store.ports.identity_pools import IdentityPoolRecord, MappingRule, RoleMapping
from keyfob.tokens.claims import Claims

KEY = f"{USER_POOL}:{CLIENT_ID}"
THIRD_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Third"


def pool(mapping: RoleMapping | None = None, *, key: str = KEY) -> IdentityPoolRecord:
    return IdentityPoolRecord(
        "eu-central-1:0", ACCOUNT, REGION, "p", True, NOW_S,
        roles={"authenticated": ROLE, "unauthenticated": GUEST_ROLE},
        role_mappings={} if mapping is None else {key: mapping},
    )  # fmt: skip


def login(**claims: object) -> VerifiedLogin:
    return VerifiedLogin(Login(USER_POOL, "sub-1"), CLIENT_ID, Claims(claims))


def rules(*given: tuple[str, Any, str, str], ambiguous: Any = "AuthenticatedRole") -> RoleMapping:
    return RoleMapping("Rules", ambiguous, tuple(MappingRule(*rule) for rule in given))


def chosen(mapping: RoleMapping, custom: str | None = None, **claims: object) -> str:
    try:
        return choose_role(pool(mapping), login(**claims), custom)
    except AwsError as error:
        return error.code


def test_without_a_mapping_the_pools_roles_count() -> None:
    assert choose_guest_role(pool()) == GUEST_ROLE
    assert choose_role(pool(), login(), None) == ROLE
    assert choose_role(pool(), login(), OTHER_ROLE) == ROLE


@pytest.mark.parametrize("key", [KEY, USER_POOL])
def test_a_mapping_is_found_by_provider_with_or_without_client(key: str) -> None:
    mapped = pool(RoleMapping("Token", "Deny"), key=key)
    claims = {"cognito:preferred_role": OTHER_ROLE}
    assert choose_role(mapped, login(**claims), None) == OTHER_ROLE


@pytest.mark.parametrize(
    ("match_type", "value", "claims", "matches"),
    [
        ("Equals", "7", {"c": "7"}, True),
        ("Equals", "7", {"c": "77"}, False),
        ("Contains", "7", {"c": "171"}, True),
        ("Contains", "7", {"c": "1"}, False),
        ("StartsWith", "7", {"c": "71"}, True),
        ("StartsWith", "7", {"c": "17"}, False),
        ("NotEqual", "7", {"c": "1"}, True),
        ("NotEqual", "7", {"c": "7"}, False),
        ("NotEqual", "7", {}, False),
        ("Equals", "7", {}, False),
        ("Equals", "true", {"c": True}, True),
        ("Equals", "7", {"c": 7}, True),
        ("Equals", "7", {"c": {"7": "7"}}, False),
        ("Equals", "b", {"c": ["a", "b"]}, True),
        ("NotEqual", "b", {"c": ["a", "b"]}, False),
    ],
)
def test_rules(match_type: str, value: str, claims: dict[str, Any], matches: bool) -> None:
    mapping = rules(("c", match_type, value, OTHER_ROLE))
    assert chosen(mapping, **claims) == (OTHER_ROLE if matches else ROLE)


def test_the_first_matching_rule_wins_unless_another_is_asked_for() -> None:
    mapping = rules(
        ("c", "Equals", "1", GUEST_ROLE),
        ("c", "StartsWith", "7", OTHER_ROLE),
        ("c", "Equals", "7", THIRD_ROLE),
        ambiguous="Deny",
    )
    assert chosen(mapping, c="7") == OTHER_ROLE
    assert chosen(mapping, THIRD_ROLE, c="7") == THIRD_ROLE
    assert chosen(mapping, GUEST_ROLE, c="7") == "NotAuthorizedException"
    assert chosen(mapping, c="8") == "NotAuthorizedException"


@pytest.mark.parametrize("roles", [[ROLE, OTHER_ROLE], f"{ROLE}, {OTHER_ROLE}"])
def test_roles_of_a_token_are_a_list_or_separated_by_commas(roles: object) -> None:
    mapping = RoleMapping("Token", "Deny")
    assert chosen(mapping, OTHER_ROLE, **{"cognito:roles": roles}) == OTHER_ROLE
    assert chosen(mapping, THIRD_ROLE, **{"cognito:roles": roles}) == "NotAuthorizedException"


def test_a_token_without_a_role_is_ambiguous() -> None:
    assert chosen(RoleMapping("Token", "AuthenticatedRole")) == ROLE
    assert chosen(RoleMapping("Token", "Deny")) == "NotAuthorizedException"


@pytest.mark.parametrize("role", ["no arn", "arn:aws:iam::210987654321:role/Foreign"])
def test_a_role_outside_the_account_is_never_chosen(role: str) -> None:
    mapping = RoleMapping("Token", "AuthenticatedRole")
    claims = {"cognito:preferred_role": role}
    assert chosen(mapping, **claims) == "InvalidIdentityPoolConfigurationException"
