"""What ID and access tokens say.

Source: Cognito Developer Guide, "Understanding the identity (ID) token" and "Understanding the
access token" (documented).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyfob.services.cognito_idp.domain.permissions import readable_attributes
from keyfob.services.cognito_idp.domain.pools import issuer
from keyfob.services.cognito_idp.domain.schema import VERIFICATION_FLAGS
from keyfob.store.ports.user_pools import ClientRecord
from keyfob.store.ports.users import UserRecord

API_SCOPE = "aws.cognito.signin.user.admin"
"""The one scope of tokens that the API hands out; the user operations ask for it."""

_EPOCH_DIGITS = 4
_EPOCHS: int = 16**_EPOCH_DIGITS


@dataclass(frozen=True, slots=True)
class SignIn:
    """One authentication and the tokens being made of it."""

    auth_time_s: int
    """When the password was given; a refresh keeps it."""
    origin_jti: str
    """Names the sign-in; a refresh keeps it."""
    event_id: str
    """Names this hand-out of tokens."""
    id_jti: str
    access_jti: str
    now_s: int
    device_key: str = ""


def stamp_epoch(event_id: str, epoch: int) -> str:
    """Return an event id whose last four hex digits are the user's sign-out epoch.

    A token must tell whether it was made before or after a global sign-out, to the very moment,
    and its times are whole seconds. The id is opaque to clients and covered by the signature.
    """
    return f"{event_id[:-_EPOCH_DIGITS]}{epoch % _EPOCHS:0{_EPOCH_DIGITS}x}"


def is_of_epoch(event_id: str, epoch: int) -> bool:
    """Return whether a token with this event id was made in the user's current epoch."""
    return event_id == stamp_epoch(event_id, epoch)


def id_claims(client: ClientRecord, user: UserRecord, sign_in: SignIn) -> dict[str, Any]:
    """Return the claims of an ID token: identity, and the attributes the client may read."""
    claims = _attribute_claims(client, user.attributes)
    claims |= {
        "sub": user.sub,
        "iss": issuer(user.pool_id),
        "cognito:username": user.username,
        "aud": client.client_id,
        "event_id": sign_in.event_id,
        "token_use": "id",
        "auth_time": sign_in.auth_time_s,
        "exp": sign_in.now_s + client.id_token_s,
        "iat": sign_in.now_s,
    }
    return claims | _revocable(client, sign_in.origin_jti, sign_in.id_jti)


def access_claims(client: ClientRecord, user: UserRecord, sign_in: SignIn) -> dict[str, Any]:
    """Return the claims of an access token as the API issues it: no `aud`, no attributes."""
    claims = {
        "sub": user.sub,
        "iss": issuer(user.pool_id),
        "client_id": client.client_id,
        "event_id": sign_in.event_id,
        "token_use": "access",
        "scope": API_SCOPE,
        "auth_time": sign_in.auth_time_s,
        "exp": sign_in.now_s + client.access_token_s,
        "iat": sign_in.now_s,
        "username": user.username,
    }
    if sign_in.device_key:
        claims["device_key"] = sign_in.device_key
    return claims | _revocable(client, sign_in.origin_jti, sign_in.access_jti)


def _revocable(client: ClientRecord, origin_jti: str, jti: str) -> dict[str, str]:
    """Return the ids that exist where the client can revoke tokens (documented)."""
    return {"origin_jti": origin_jti, "jti": jti} if client.can_revoke_tokens else {}


def _attribute_claims(client: ClientRecord, attributes: Mapping[str, str]) -> dict[str, Any]:
    readable = readable_attributes(client)
    return {
        name: _claim_value(name, value)
        for name, value in attributes.items()
        if name in readable and value
    }


def _claim_value(name: str, value: str) -> object:
    """Return an attribute as a claim: flags are booleans, custom attributes always texts."""
    if name in VERIFICATION_FLAGS:
        return value == "true"
    if name == "address":
        return {"formatted": value}  # OpenID Connect Core, 5.1.1; inferred for Cognito
    return value
