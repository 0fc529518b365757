"""User pools: what their settings mean and how they are described."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.core.arn import user_pool_arn
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.factors import check_factors
from keyfob.services.cognito_idp.domain.schema import render_attribute
from keyfob.store.ports.user_pools import PasswordPolicy, UserPoolRecord

KEPT_SETTINGS = (
    "DeletionProtection", "SmsVerificationMessage", "EmailVerificationMessage",
    "EmailVerificationSubject", "VerificationMessageTemplate", "SmsAuthenticationMessage",
    "MfaConfiguration", "UserAttributeUpdateSettings", "DeviceConfiguration",
    "EmailConfiguration", "SmsConfiguration", "UserPoolTags", "AdminCreateUserConfig",
    "UserPoolAddOns", "AccountRecoverySetting", "UserPoolTier", "KeyConfiguration",
    "IssuerConfiguration", "LambdaConfig",
)  # fmt: skip
"""Members of the model kept and described as they were given."""


_TRIGGERS_TO_COME = frozenset(
    {"CustomSMSSender", "CustomEmailSender", "KMSKeyID", "InboundFederation", "UserMigration"}
)
"""Members of `LambdaConfig` that are refused."""


def issuer(pool_id: str) -> str:
    """Return the `iss` of a pool's tokens."""
    return f"https://{provider_name(pool_id)}"


def provider_name(pool_id: str) -> str:
    """Return the name identity pools know a user pool by."""
    return f"cognito-idp.{pool_id.partition('_')[0]}.amazonaws.com/{pool_id}"


def apply_settings(
    record: UserPoolRecord, params: Mapping[str, Any], *, has_functions: bool
) -> UserPoolRecord:
    """Return a pool with its changeable settings as asked for; others get their defaults.

    Source: API reference of `UpdateUserPool`: what is not named is set to its default (documented).

    Args:
        record: the pool.
        params: as of the call.
        has_functions: whether Lambda triggers could run.

    Raises:
        AwsError: a setting asks for a check that would then not be made.
    """
    _refuse_unsupported(params, has_functions=has_functions)
    changed = msgspec.structs.replace(
        record,
        name=params.get("PoolName", record.name),
        auto_verified_attributes=tuple(params.get("AutoVerifiedAttributes", ())),
        password_policy=_parse_policy(params.get("Policies", {}).get("PasswordPolicy", {})),
        settings=settings_of(params),
    )
    check_factors(changed)
    return changed


def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are kept as they were given."""
    kept = {name: params[name] for name in KEPT_SETTINGS if name in params}
    sign_in = params.get("Policies", {}).get("SignInPolicy")
    return kept if sign_in is None else {**kept, "SignInPolicy": sign_in}


def only_admins_create(pool: UserPoolRecord) -> bool:
    """Return whether people cannot sign themselves up."""
    return bool(pool.settings.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly"))


def temporary_password_days(pool: UserPoolRecord) -> int:
    """Return how long temporary passwords are good for; 0 counts as unset (documented)."""
    return pool.password_policy.temporary_validity_days or 7


def render_pool(pool: UserPoolRecord, user_count: int) -> dict[str, Any]:
    """Return a `UserPoolType`."""
    policy = pool.password_policy
    settings = dict(pool.settings)
    admin_config = {
        "AllowAdminCreateUserOnly": False,
        "UnusedAccountValidityDays": policy.temporary_validity_days,
        **settings.pop("AdminCreateUserConfig", {}),
    }
    policies = {"PasswordPolicy": _render_policy(policy)}
    if "SignInPolicy" in settings:
        policies["SignInPolicy"] = settings.pop("SignInPolicy")
    rendered: dict[str, Any] = {
        "Id": pool.pool_id,
        "Name": pool.name,
        "Arn": user_pool_arn(pool.region, pool.account, pool.pool_id),
        "CreationDate": pool.created_at_s,
        "LastModifiedDate": pool.modified_at_s,
        "Policies": policies,
        "SchemaAttributes": [render_attribute(attribute) for attribute in pool.schema],
        "AdminCreateUserConfig": admin_config,
        "EstimatedNumberOfUsers": user_count,
        "UsernameConfiguration": {"CaseSensitive": pool.is_case_sensitive},
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": {},
        "MfaConfiguration": "OFF",
        "UserPoolTier": "ESSENTIALS",
        **settings,
    }
    lists = {
        "AutoVerifiedAttributes": pool.auto_verified_attributes,
        "AliasAttributes": pool.alias_attributes,
        "UsernameAttributes": pool.username_attributes,
    }
    return rendered | {name: list(names) for name, names in lists.items() if names}


def render_description(pool: UserPoolRecord) -> dict[str, Any]:
    """Return a `UserPoolDescriptionType`."""
    return {
        "Id": pool.pool_id,
        "Name": pool.name,
        "LambdaConfig": pool.settings.get("LambdaConfig", {}),
        "CreationDate": pool.created_at_s,
        "LastModifiedDate": pool.modified_at_s,
    }


def _refuse_unsupported(params: Mapping[str, Any], *, has_functions: bool) -> None:
    """Refuse settings whose point is a check or an effect that would silently not happen."""
    policies = params.get("Policies", {})
    first_factors = policies.get("SignInPolicy", {}).get("AllowedFirstAuthFactors", ["PASSWORD"])
    triggers = set(params.get("LambdaConfig", {}))
    key_type = params.get("KeyConfiguration", {}).get("KeyType", "AWS_OWNED_KEY")
    mode = params.get("UserPoolAddOns", {}).get("AdvancedSecurityMode", "OFF")
    demands = {
        "LambdaConfig": bool(triggers) and not has_functions,
        "LambdaConfig CustomSMSSender, CustomEmailSender, InboundFederation, UserMigration": bool(
            triggers & _TRIGGERS_TO_COME
        ),
        "SignInPolicy WEB_AUTHN": "WEB_AUTHN" in first_factors,
        "AdvancedSecurityMode ENFORCED": mode == "ENFORCED",
        "KeyConfiguration CUSTOMER_MANAGED_KEY": key_type != "AWS_OWNED_KEY",
        "IssuerConfiguration UPDATED": params.get("IssuerConfiguration", {}).get("Type")
        == "UPDATED",
        "DcrConfiguration": bool(params.get("DcrConfiguration")),
        "AcrConfiguration": bool(params.get("AcrConfiguration")),
    }
    for what, is_asked in demands.items():
        if is_asked:
            raise errors.not_supported(what)


def _parse_policy(member: Mapping[str, Any]) -> PasswordPolicy:
    """Return the policy; in one that is given, a rule that is not named is off (observed)."""
    if not member:
        return PasswordPolicy()
    return PasswordPolicy(
        minimum_length=member.get("MinimumLength", 8),
        requires_uppercase=member.get("RequireUppercase", False),
        requires_lowercase=member.get("RequireLowercase", False),
        requires_numbers=member.get("RequireNumbers", False),
        requires_symbols=member.get("RequireSymbols", False),
        temporary_validity_days=member.get("TemporaryPasswordValidityDays", 7),
        history_size=member.get("PasswordHistorySize", 0),
    )


def _render_policy(policy: PasswordPolicy) -> dict[str, Any]:
    history = {"PasswordHistorySize": policy.history_size} if policy.history_size else {}
    return {
        **history,
        "MinimumLength": policy.minimum_length,
        "RequireUppercase": policy.requires_uppercase,
        "RequireLowercase": policy.requires_lowercase,
        "RequireNumbers": policy.requires_numbers,
        "RequireSymbols": policy.requires_symbols,
        "TemporaryPasswordValidityDays": policy.temporary_validity_days,
    }
