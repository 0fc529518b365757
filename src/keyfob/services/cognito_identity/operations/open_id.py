"""GetOpenIdToken: the basic (classic) flow, in which the application assumes the role itself."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.logins import verify_logins
from keyfob.services.cognito_identity.domain.open_id import build_claims
from keyfob.services.cognito_identity.domain.principal_tags import build_principal_tags
from keyfob.services.cognito_identity.operations.credentials import (
    build_amr,
    link_logins,
    require_guest,
)
from keyfob.services.cognito_identity.operations.ownership import require_identity
from keyfob.tokens.issue import sign_jwt


async def get_open_id_token(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Exchange login tokens for a token of the pool's own, good for ten minutes."""
    named, pool = await require_identity(service, request.params["IdentityId"])
    if pool.role_mappings:
        raise errors.classic_flow_with_mappings()
    if not pool.allows_classic_flow:
        raise errors.classic_flow_off()
    tokens = request.params.get("Logins") or {}
    if tokens:
        verified = await verify_logins(service, pool, tokens, request.now_s)
        identity = await link_logins(service, pool, named, verified, request.now_s)
        amr, tags = build_amr(verified), build_principal_tags(pool, verified[0])
    else:
        require_guest(named, pool)
        identity, amr, tags = named, build_amr(None), {}
    claims = build_claims(pool.pool_id, identity.identity_id, amr, tags, request.now_s)
    key = await service.open_id_keys.signing_key()
    return {"IdentityId": identity.identity_id, "Token": sign_jwt(claims, key)}
