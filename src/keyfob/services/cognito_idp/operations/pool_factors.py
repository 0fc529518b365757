"""Second factors of pools: SetUserPoolMfaConfig, GetUserPoolMfaConfig."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.factors import (
    check_factors,
    read_pool_factors,
    render_pool_factors,
)
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord


async def set_user_pool_mfa_config(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Say whether users need a second factor, and which kinds there are."""
    params = request.params
    if params.get("WebAuthnConfiguration"):
        raise errors.not_supported("WebAuthnConfiguration")

    def change(pool: UserPoolRecord) -> UserPoolRecord:
        settings = dict(pool.settings)
        if "MfaConfiguration" in params:
            settings["MfaConfiguration"] = params["MfaConfiguration"]
        changed = msgspec.structs.replace(
            pool,
            factors=read_pool_factors(params, pool.factors),
            settings=settings,
            modified_at_s=request.now_s,
        )
        check_factors(changed)
        return changed

    pool = await service.pool_of_call(request)
    changed = await service.pools.update(pool.pool_id, change)
    if changed is None:
        raise errors.pool_not_found(pool.pool_id)
    return render_pool_factors(changed)


async def get_user_pool_mfa_config(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show whether users need a second factor, and which kinds there are."""
    return render_pool_factors(await service.pool_of_call(request))
