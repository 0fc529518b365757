"""The tokens that identity pools issue themselves, for the basic (classic) flow.

Source: Cognito Developer Guide, `authentication-flow` (issuer), `iam-roles` (`sub`, `aud`, `amr`);
IAM User Guide, `id_session-tags` (the claim that carries tags). Documented; ten minutes is what the
API Reference says of `GetOpenIdToken`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

ISSUER = "https://cognito-identity.amazonaws.com"
PROVIDER = "cognito-identity.amazonaws.com"
TOKEN_DURATION_S = 600
TAGS_CLAIM = "https://aws.amazon.com/tags"


def build_claims(
    pool_id: str,
    identity_id: str,
    amr: Sequence[str],
    principal_tags: Mapping[str, str],
    now_s: float,
) -> dict[str, Any]:
    """Return the claims of a token; times are whole epoch seconds."""
    claims: dict[str, Any] = {
        "sub": identity_id,
        "aud": pool_id,
        "amr": list(amr),
        "iss": ISSUER,
        "iat": int(now_s),
        "exp": int(now_s) + TOKEN_DURATION_S,
    }
    if principal_tags:
        claims[TAGS_CLAIM] = {
            "principal_tags": {key: [value] for key, value in principal_tags.items()}
        }
    return claims
