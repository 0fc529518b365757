"""App clients: their settings, flows, secrets.

Source: API reference of `CreateUserPoolClient` (documented) for defaults and ranges.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.permissions import check_permission_lists
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord

DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
"""Documented: a password is not accepted unless the client asks for it."""

_LEGACY_FLOWS = frozenset({"ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH"})
_UNIT_S = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_KEPT_SETTINGS = (
    "TokenValidityUnits", "RefreshTokenValidity", "AccessTokenValidity", "IdTokenValidity",
    "SupportedIdentityProviders", "CallbackURLs", "LogoutURLs", "DefaultRedirectURI",
    "AllowedOAuthFlows", "AllowedOAuthScopes", "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration", "EnablePropagateAdditionalUserContextData",
    "PreventUserExistenceErrors", "RefreshTokenRotation",
)  # fmt: skip
"""Members of the model kept and described as they were given."""


def apply_settings(
    record: ClientRecord, pool: UserPoolRecord, params: Mapping[str, Any]
) -> ClientRecord:
    """Return a client with all its settings as asked for; what is not named gets its default.

    Raises:
        AwsError: a value is out of range, contradicts another, or is not supported.
    """
    lists = {name: params[name] for name in ("ReadAttributes", "WriteAttributes") if name in params}
    check_permission_lists(pool, lists)
    rotates = params.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED"
    if rotates and "ALLOW_REFRESH_TOKEN_AUTH" in _choose_flows(params):
        raise errors.rotation_with_refresh_flow()
    return msgspec.structs.replace(
        record,
        name=params.get("ClientName", record.name),
        explicit_auth_flows=_choose_flows(params),
        read_attributes=_as_tuple(params.get("ReadAttributes")),
        write_attributes=_as_tuple(params.get("WriteAttributes")),
        prevents_existence_errors=params.get("PreventUserExistenceErrors") == "ENABLED",
        can_revoke_tokens=params.get("EnableTokenRevocation", True),
        auth_session_minutes=params.get("AuthSessionValidity", 3),
        access_token_s=_validity(params, "AccessToken", 1, "hours", (300, 86_400)),
        id_token_s=_validity(params, "IdToken", 1, "hours", (300, 86_400)),
        refresh_token_s=_validity(params, "RefreshToken", 30, "days", (3_600, 315_360_000)),
        settings={name: params[name] for name in _KEPT_SETTINGS if name in params},
    )


def allows_flow(client: ClientRecord, *names: str) -> bool:
    """Return whether any of the named `ExplicitAuthFlows` is on."""
    return any(name in client.explicit_auth_flows for name in names)


def allows_refresh(client: ClientRecord) -> bool:
    """Return whether refresh tokens may be used; with only legacy flows they always may."""
    flows = client.explicit_auth_flows
    return "ALLOW_REFRESH_TOKEN_AUTH" in flows or all(flow in _LEGACY_FLOWS for flow in flows)


def rotates_refresh_tokens(client: ClientRecord) -> bool:
    """Return whether a refresh token is good once."""
    return bool(client.settings.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED")


def retry_grace_s(client: ClientRecord) -> int:
    """Return how long a refresh token that was used stays good for a retry."""
    return int(client.settings.get("RefreshTokenRotation", {}).get("RetryGracePeriodSeconds", 0))


def secret_hash(secret: str, username: str, client_id: str) -> str:
    """Return `Base64(HMAC-SHA256(secret, username + client id))`; documented."""
    mac = hmac.new(secret.encode(), f"{username}{client_id}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def check_secret_hash(
    client_id: str, secrets: tuple[str, ...], given: str | None, usernames: tuple[str, ...]
) -> None:
    """Check the `SECRET_HASH` of a client that has a secret.

    Args:
        client_id: the client.
        secrets: any of these may be its key; none: nothing is checked.
        given: what the caller sent.
        usernames: any of these may have been hashed; clients differ on refresh (observed).

    Raises:
        AwsError: it is missing or wrong.
    """
    if not secrets:
        return
    if given is None:
        raise errors.secret_hash_missing(client_id)
    expected = [secret_hash(key, name, client_id) for key in secrets for name in usernames]
    if not any(hmac.compare_digest(given.encode(), each.encode()) for each in expected):
        raise errors.secret_hash_wrong(client_id)


def render_client(client: ClientRecord, secret: str | None) -> dict[str, Any]:
    """Return a `UserPoolClientType`."""
    rendered: dict[str, Any] = {
        "UserPoolId": client.pool_id,
        "ClientName": client.name,
        "ClientId": client.client_id,
        "CreationDate": client.created_at_s,
        "LastModifiedDate": client.modified_at_s,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "ExplicitAuthFlows": list(client.explicit_auth_flows),
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": client.can_revoke_tokens,
        "EnablePropagateAdditionalUserContextData": False,
        "PreventUserExistenceErrors": "LEGACY",
        "AuthSessionValidity": client.auth_session_minutes,
        **client.settings,
    }
    if secret is not None:
        rendered["ClientSecret"] = secret
    if client.read_attributes is not None:
        rendered["ReadAttributes"] = list(client.read_attributes)
    if client.write_attributes is not None:
        rendered["WriteAttributes"] = list(client.write_attributes)
    return rendered


def _as_tuple(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _choose_flows(params: Mapping[str, Any]) -> tuple[str, ...]:
    default: tuple[str, ...] = DEFAULT_FLOWS
    if params.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED":
        default = DEFAULT_FLOWS[1:]
    flows = tuple(params.get("ExplicitAuthFlows") or default)
    legacy = _LEGACY_FLOWS.intersection(flows)
    if legacy and len(legacy) != len(set(flows)):
        raise errors.invalid_parameter(
            "Cannot specify legacy ExplicitAuthFlows combined with new ExplicitAuthFlows."
        )
    return flows


def _validity(
    params: Mapping[str, Any], token: str, default: int, unit: str, bounds: tuple[int, int]
) -> int:
    """Return a token's lifetime in seconds; 0 counts as not given."""
    count = params.get(f"{token}Validity") or None
    chosen_unit = params.get("TokenValidityUnits", {}).get(token, unit)
    if count is None:
        count, chosen_unit = default, unit
    seconds: int = count * _UNIT_S[chosen_unit]
    if not bounds[0] <= seconds <= bounds[1]:
        raise errors.invalid_parameter(f"Invalid range for {token}Validity.")
    return seconds
