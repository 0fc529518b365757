"""The tokens that identity pools issue themselves, for the basic (classic) flow.

Source: Cognito Developer Guide, `authentication-flow` (issuer), `iam-roles` (`sub`, `aud`, `amr`);
IAM User Guide, `id_session-tags` (the claim that carries tags). Documented; ten minutes is what the
API Reference says of `GetOpenIdToken`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keyfob.services.cognito_identity.domain.providers import OWN_PROVIDER

ISSUER = f"https://{OWN_PROVIDER}"
TOKEN_DURATION_S = 600
DEVELOPER_TOKEN_DURATION_S = 900
"""Of `GetOpenIdTokenForDeveloperIdentity`, unless it asks for another (documented)."""
TAGS_CLAIM = "https://aws.amazon.com/tags"


def build_claims(
    pool_id: str,
    identity_id: str,
    amr: Sequence[str],
    principal_tags: Mapping[str, str],
    now_s: float,
    duration_s: int = TOKEN_DURATION_S,
) -> dict[str, Any]:
    """Return the claims of a token; times are whole epoch seconds."""
    claims: dict[str, Any] = {
        "sub": identity_id,
        "aud": pool_id,
        "amr": list(amr),
        "iss": ISSUER,
        "iat": int(now_s),
        "exp": int(now_s) + duration_s,
    }
    if principal_tags:
        claims[TAGS_CLAIM] = {
            "principal_tags": {key: [value] for key, value in principal_tags.items()}
        }
    return claims
