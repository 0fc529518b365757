"""Which role an identity gets.

Source: Cognito Developer Guide, `role-based-access-control`, and `RoleMapping` of the API Reference
(documented).
"""

from collections.abc import Callable, Mapping

from keyfob.core.arn import ArnError, parse_arn
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.domain.logins import VerifiedLogin
from keyfob.store.ports.identity_pools import IdentityPoolRecord, MappingRule, RoleMapping
from keyfob.tokens.claims import Claims

AUTHENTICATED = "authenticated"
UNAUTHENTICATED = "unauthenticated"


def choose_guest_role(pool: IdentityPoolRecord) -> str:
    """Return the role of guests.

    Raises:
        AwsError: `InvalidIdentityPoolConfigurationException` when the pool has none.
    """
    return _require_own_role(pool, pool.roles.get(UNAUTHENTICATED))


def choose_authenticated_role(pool: IdentityPoolRecord) -> str:
    """Return the role of signed-in identities whose provider has no mapping.

    Raises:
        AwsError: `InvalidIdentityPoolConfigurationException` when the pool has none.
    """
    return _require_own_role(pool, pool.roles.get(AUTHENTICATED))


def choose_role(pool: IdentityPoolRecord, login: VerifiedLogin, custom_role_arn: str | None) -> str:
    """Return the role of a signed-in identity.

    Args:
        pool: the identity pool.
        login: the login that decides.
        custom_role_arn: the role the client asks for, which the token or a rule must offer; it
            counts for nothing where the provider has no role mapping.

    Raises:
        AwsError: `NotAuthorizedException` when the mapping denies,
            `InvalidIdentityPoolConfigurationException` when there is no role to give.
    """
    mappings = (pool.role_mappings.get(key) for key in login.mapping_keys)
    mapping = next((found for found in mappings if found is not None), None)
    if mapping is None:
        return choose_authenticated_role(pool)
    if mapping.type == "Token":
        chosen = _from_token(login.claims, custom_role_arn)
    else:
        chosen = _from_rules(mapping, login.claims, custom_role_arn)
    if chosen is None:
        if mapping.ambiguous_role_resolution == "Deny":
            raise errors.no_role_for_token()
        chosen = pool.roles.get(AUTHENTICATED)
    return _require_own_role(pool, chosen)


def _require_own_role(pool: IdentityPoolRecord, role_arn: str | None) -> str:
    """Return the role if it lies in the pool's account, as the enhanced flow requires."""
    try:
        if role_arn is not None and parse_arn(role_arn).account == pool.account:
            return role_arn
    except ArnError:
        pass  # a token names what its user pool's groups say; no ARN is no role
    raise errors.invalid_configuration()


def _from_token(claims: Claims, custom_role_arn: str | None) -> str | None:
    if custom_role_arn is not None:
        if custom_role_arn not in claim_texts(claims, "cognito:roles"):
            raise errors.custom_role_not_in_token(custom_role_arn)
        return custom_role_arn
    preferred = claims.values.get("cognito:preferred_role")
    return preferred if isinstance(preferred, str) and preferred else None


def _from_rules(mapping: RoleMapping, claims: Claims, custom_role_arn: str | None) -> str | None:
    offered = [rule.role_arn for rule in mapping.rules if _rule_matches(rule, claims)]
    if custom_role_arn is not None:
        return custom_role_arn if custom_role_arn in offered else None
    return offered[0] if offered else None


_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda claim, value: claim == value,
    "Contains": lambda claim, value: value in claim,
    "StartsWith": lambda claim, value: claim.startswith(value),
}


def _rule_matches(rule: MappingRule, claims: Claims) -> bool:
    """Match one rule; a claim that the token lacks matches nothing, not even `NotEqual`."""
    values = claim_texts(claims, rule.claim)
    if not values:
        return False
    if rule.match_type == "NotEqual":
        return rule.value not in values
    return any(_MATCHES[rule.match_type](value, rule.value) for value in values)


def claim_texts(claims: Claims, name: str) -> tuple[str, ...]:
    """Return a claim as texts: one for a scalar, one an entry for a list, none where it is absent.

    `cognito:roles` is documented as a list on one page and comma-separated on another; both work.
    """
    value = claims.values.get(name)
    if name == "cognito:roles" and isinstance(value, str):
        return tuple(role.strip() for role in value.split(","))
    entries = value if isinstance(value, list) else [value]
    return tuple(text for entry in entries if (text := scalar_text(entry)) is not None)


def scalar_text(value: object) -> str | None:
    """Return a claim's scalar as text as JSON has it; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None
