"""Second factors: which a pool allows, a user has, and a sign-in asks for.

Source: Cognito Developer Guide, "Adding MFA to a user pool" (documented).
"""

from collections.abc import Mapping
from typing import Any

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.user_pools import PoolFactors, UserPoolRecord
from keyfob.store.ports.users import SecondFactors, UserRecord

SMS = "SMS_MFA"
SOFTWARE_TOKEN = "SOFTWARE_TOKEN_MFA"  # noqa: S105 - a challenge name
EMAIL = "EMAIL_OTP"

ATTRIBUTES = {SMS: "phone_number", EMAIL: "email", "SMS_OTP": "phone_number"}
"""Where the code of a factor goes."""

_MEMBERS = {
    "SMSMfaSettings": SMS,
    "SoftwareTokenMfaSettings": SOFTWARE_TOKEN,
    "EmailMfaSettings": EMAIL,
}


def mfa_mode(pool: UserPoolRecord) -> str:
    """Return `OFF`, `OPTIONAL` or `ON`."""
    return str(pool.settings.get("MfaConfiguration", "OFF"))


def pool_factors(pool: UserPoolRecord) -> tuple[str, ...]:
    """Return the second factors that a pool allows."""
    factors = pool.factors
    allowed = {
        SMS: factors.sms is not None or "SmsConfiguration" in pool.settings,
        SOFTWARE_TOKEN: factors.has_software_token,
        EMAIL: factors.email is not None,
    }
    return tuple(name for name, is_on in allowed.items() if is_on)


def check_factors(pool: UserPoolRecord) -> None:
    """Return if a pool that requires a second factor allows any.

    Raises:
        AwsError: it does not.
    """
    if mfa_mode(pool) == "ON" and not pool_factors(pool):
        raise errors.no_factor_in_pool()


def first_factors(pool: UserPoolRecord) -> tuple[str, ...]:
    """Return the proofs that `USER_AUTH` accepts in a pool."""
    policy = pool.settings.get("SignInPolicy", {})
    return tuple(policy.get("AllowedFirstAuthFactors", ("PASSWORD",)))


def factors_to_ask(pool: UserPoolRecord, user: UserRecord) -> tuple[str, ...]:
    """Return the second factors of which one is to be proven now, none where none is.

    One that is preferred is the only one. In a pool that requires a second factor, an address that
    a code can be sent to is one, whether the user chose it or not (documented).
    """
    mode = mfa_mode(pool)
    if mode == "OFF":
        return ()
    usable = [name for name in pool_factors(pool) if _has(user, name)]
    chosen = tuple(name for name in usable if name in user.second_factors.enabled)
    if user.second_factors.preferred in chosen:
        return (user.second_factors.preferred,)
    if chosen or mode == "OPTIONAL":
        return chosen
    return tuple(name for name in usable if name in ATTRIBUTES)


def needs_setup(pool: UserPoolRecord, user: UserRecord) -> bool:
    """Return whether a second factor is required and the user has none."""
    return mfa_mode(pool) == "ON" and not factors_to_ask(pool, user)


def choose_factors(
    pool: UserPoolRecord, user: UserRecord, params: Mapping[str, Any]
) -> SecondFactors:
    """Return a user's choice after `SetUserMFAPreference`; what is not named stays.

    Raises:
        AwsError: a factor the pool does not allow or the user cannot prove.
    """
    enabled = set(user.second_factors.enabled)
    preferred = user.second_factors.preferred
    asked = {_MEMBERS[name]: params[name] for name in _MEMBERS if name in params}
    if sum(bool(each.get("PreferredMfa")) for each in asked.values()) > 1:
        raise errors.several_preferred()
    for name, settings in asked.items():
        if not settings.get("Enabled"):
            if settings.get("PreferredMfa"):
                raise errors.preferred_not_enabled(name)
            enabled.discard(name)
            preferred = None if preferred == name else preferred
            continue
        _check_usable(pool, user, name)
        enabled.add(name)
        if settings.get("PreferredMfa"):
            preferred = name
        elif preferred == name and "PreferredMfa" in settings:
            preferred = None
    return SecondFactors(tuple(sorted(enabled)), preferred)


def render_choice(user: UserRecord) -> dict[str, Any]:
    """Return `UserMFASettingList` and `PreferredMfaSetting`."""
    factors = user.second_factors
    rendered: dict[str, Any] = {}
    if factors.enabled:
        rendered["UserMFASettingList"] = list(factors.enabled)
    if factors.preferred:
        rendered["PreferredMfaSetting"] = factors.preferred
    return rendered


def read_pool_factors(params: Mapping[str, Any], before: PoolFactors) -> PoolFactors:
    """Return a pool's factors after `SetUserPoolMfaConfig`; what is not named stays.

    Raises:
        AwsError: second factors are turned off and set up at once.
    """
    members = ("SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration")
    if params.get("MfaConfiguration") == "OFF" and any(name in params for name in members):
        raise errors.off_and_configured()
    token = params.get("SoftwareTokenMfaConfiguration", {}).get(
        "Enabled", before.has_software_token
    )
    return PoolFactors(
        has_software_token=bool(token),
        sms=params.get("SmsMfaConfiguration", before.sms),
        email=params.get("EmailMfaConfiguration", before.email),
    )


def render_pool_factors(pool: UserPoolRecord) -> dict[str, Any]:
    """Return what `GetUserPoolMfaConfig` shows."""
    factors = pool.factors
    rendered: dict[str, Any] = {"MfaConfiguration": mfa_mode(pool)}
    if factors.has_software_token:
        rendered["SoftwareTokenMfaConfiguration"] = {"Enabled": True}
    if factors.sms is not None:
        rendered["SmsMfaConfiguration"] = factors.sms
    elif "SmsConfiguration" in pool.settings:
        rendered["SmsMfaConfiguration"] = {"SmsConfiguration": pool.settings["SmsConfiguration"]}
    if factors.email is not None:
        rendered["EmailMfaConfiguration"] = factors.email
    return rendered


def _has(user: UserRecord, name: str) -> bool:
    if name == SOFTWARE_TOKEN:
        return user.software_token is not None and user.software_token.is_verified
    return bool(user.attributes.get(ATTRIBUTES[name]))


def _check_usable(pool: UserPoolRecord, user: UserRecord, name: str) -> None:
    if name not in pool_factors(pool):
        raise errors.factor_not_allowed(name)
    if name == SOFTWARE_TOKEN and not _has(user, name):
        raise errors.software_token_not_verified()
    if name in ATTRIBUTES and user.attributes.get(f"{ATTRIBUTES[name]}_verified") != "true":
        raise errors.factor_not_verified(ATTRIBUTES[name])
