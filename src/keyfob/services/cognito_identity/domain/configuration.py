"""An identity pool's settings between the API's members and the stored record."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import Params
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.domain.principal_tags import tag_claims
from keyfob.services.cognito_identity.domain.providers import RESERVED_NAMES
from keyfob.services.cognito_identity.domain.tags import require_legal_tags
from keyfob.store.ports.identity_pools import (
    CognitoProvider,
    IdentityPoolRecord,
    MappingRule,
    PrincipalTagMap,
    RoleMapping,
)

MAX_USER_POOL_PROVIDERS = 50
"""User pool providers of one pool (documented quota)."""

MAX_RULES = 25
"""Rules of one role mapping (documented quota; the service model says 400)."""


def read_settings(pool: IdentityPoolRecord, params: Params) -> IdentityPoolRecord:
    """Return `pool` with the settings of a create or update call; absent members are cleared.

    Raises:
        AwsError: `InvalidParameterException` for a changed or reserved developer name, a user
            pool provider without name or client, too many of them, or tags.
    """
    developer_name = params.get("DeveloperProviderName")
    if pool.developer_provider_name not in (None, developer_name):
        raise errors.developer_name_is_fixed()
    if developer_name in RESERVED_NAMES:
        raise errors.reserved_developer_name(developer_name)
    return msgspec.structs.replace(
        pool,
        name=params["IdentityPoolName"],
        allows_unauthenticated=params["AllowUnauthenticatedIdentities"],
        allows_classic_flow=params.get("AllowClassicFlow"),
        supported_login_providers=dict(params.get("SupportedLoginProviders", {})),
        developer_provider_name=developer_name,
        oidc_provider_arns=tuple(params.get("OpenIdConnectProviderARNs", ())),
        cognito_providers=_read_providers(params),
        saml_provider_arns=tuple(params.get("SamlProviderARNs", ())),
        tags=require_legal_tags(params.get("IdentityPoolTags", pool.tags)),
    )


def _read_providers(params: Params) -> tuple[CognitoProvider, ...]:
    entries = params.get("CognitoIdentityProviders", ())
    if len(entries) > MAX_USER_POOL_PROVIDERS:
        raise errors.invalid_parameter(
            f"An identity pool has at most {MAX_USER_POOL_PROVIDERS} user pool providers."
        )
    if any("ProviderName" not in entry or "ClientId" not in entry for entry in entries):
        raise errors.invalid_parameter(
            "CognitoIdentityProviders needs both ProviderName and ClientId."
        )
    return tuple(
        CognitoProvider(
            entry["ProviderName"], entry["ClientId"], entry.get("ServerSideTokenCheck", False)
        )
        for entry in entries
    )


def render_pool(pool: IdentityPoolRecord) -> dict[str, Any]:
    """Return a pool as `DescribeIdentityPool` shows it; what was never set is left out."""
    providers = [
        {
            "ProviderName": provider.provider_name,
            "ClientId": provider.client_id,
            "ServerSideTokenCheck": provider.has_server_side_token_check,
        }
        for provider in pool.cognito_providers
    ]
    optional: dict[str, Any] = {
        "SupportedLoginProviders": pool.supported_login_providers,
        "DeveloperProviderName": pool.developer_provider_name,
        "OpenIdConnectProviderARNs": list(pool.oidc_provider_arns),
        "CognitoIdentityProviders": providers,
        "SamlProviderARNs": list(pool.saml_provider_arns),
        "IdentityPoolTags": pool.tags,
    }
    shown = {
        "IdentityPoolId": pool.pool_id,
        "IdentityPoolName": pool.name,
        "AllowUnauthenticatedIdentities": pool.allows_unauthenticated,
    }
    if pool.allows_classic_flow is not None:
        shown["AllowClassicFlow"] = pool.allows_classic_flow
    return shown | {name: value for name, value in optional.items() if value}


def read_role_mappings(params: Params) -> dict[str, RoleMapping]:
    """Return the role mappings of `SetIdentityPoolRoles`.

    Raises:
        AwsError: `InvalidParameterException` for a mapping without what its type needs.
    """
    return {
        provider: _read_mapping(provider, mapping)
        for provider, mapping in params.get("RoleMappings", {}).items()
    }


def _read_mapping(provider: str, mapping: Mapping[str, Any]) -> RoleMapping:
    if "AmbiguousRoleResolution" not in mapping:
        raise errors.invalid_parameter(
            f"AmbiguousRoleResolution is required in the role mapping of {provider}."
        )
    rules = mapping.get("RulesConfiguration", {}).get("Rules", ())
    if mapping["Type"] == "Rules" and not rules:
        raise errors.invalid_parameter(
            f"RulesConfiguration is required in the role mapping of {provider}."
        )
    if len(rules) > MAX_RULES:
        raise errors.invalid_parameter(f"A role mapping has at most {MAX_RULES} rules.")
    return RoleMapping(
        mapping["Type"],
        mapping["AmbiguousRoleResolution"],
        tuple(
            MappingRule(rule["Claim"], rule["MatchType"], rule["Value"], rule["RoleARN"])
            for rule in rules
        ),
    )


def render_role_mappings(mappings: Mapping[str, RoleMapping]) -> dict[str, Any]:
    """Return role mappings as `GetIdentityPoolRoles` shows them."""
    return {provider: _render_mapping(mapping) for provider, mapping in mappings.items()}


def _render_mapping(mapping: RoleMapping) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Type": mapping.type,
        "AmbiguousRoleResolution": mapping.ambiguous_role_resolution,
    }
    if mapping.rules:
        rules = [
            {
                "Claim": rule.claim,
                "MatchType": rule.match_type,
                "Value": rule.value,
                "RoleARN": rule.role_arn,
            }
            for rule in mapping.rules
        ]
        shown["RulesConfiguration"] = {"Rules": rules}
    return shown


def render_tag_map(
    pool: IdentityPoolRecord, provider: str, tag_map: PrincipalTagMap
) -> dict[str, Any]:
    """Return a principal tag map as the API shows it, the default mapping spelled out."""
    return {
        "IdentityPoolId": pool.pool_id,
        "IdentityProviderName": provider,
        "UseDefaults": tag_map.has_defaults,
        "PrincipalTags": dict(tag_claims(tag_map)),
    }


def mapped_roles(roles: Mapping[str, str], mappings: Mapping[str, RoleMapping]) -> list[str]:
    """Return every role that the settings name, each once."""
    named = [rule.role_arn for mapping in mappings.values() for rule in mapping.rules]
    return list(dict.fromkeys((*roles.values(), *named)))
