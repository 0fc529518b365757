"""CreateIdentityPool, DescribeIdentityPool, UpdateIdentityPool, DeleteIdentityPool and the list."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_regional_uuid
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.configuration import read_settings, render_pool
from keyfob.services.cognito_identity.domain.pages import parse_page_token, render_page_token
from keyfob.services.cognito_identity.operations.ownership import require_pool
from keyfob.store.ports.identity_pools import IdentityPoolRecord


async def create_identity_pool(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make an identity pool in the caller's account and region."""
    blank = IdentityPoolRecord(
        pool_id=new_regional_uuid(service.randomness, request.region),
        account=request.account,
        region=request.region,
        name=request.params["IdentityPoolName"],
        allows_unauthenticated=False,
        created_at_s=request.now_s,
    )
    pool = read_settings(blank, request.params)
    await service.pools.add(pool)
    return render_pool(pool)


async def describe_identity_pool(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a pool's settings."""
    pool = await require_pool(service, request.params["IdentityPoolId"], request.account)
    return render_pool(pool)


async def update_identity_pool(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace a pool's settings: what the call leaves out is cleared, its tags excepted."""
    pool_id: str = request.params["IdentityPoolId"]
    await require_pool(service, pool_id, request.account)
    pool = await service.pools.update(pool_id, lambda pool: read_settings(pool, request.params))
    if pool is None:
        raise errors.pool_not_found(pool_id)
    return render_pool(pool)


async def delete_identity_pool(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a pool with its identities, whose sessions end with them."""
    pool_id: str = request.params["IdentityPoolId"]
    await require_pool(service, pool_id, request.account)
    if not await service.pools.delete(pool_id):
        raise errors.pool_not_found(pool_id)
    return {}


async def list_identity_pools(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List the pools of the caller's account and region."""
    limit: int = request.params["MaxResults"]
    after = parse_page_token(request.params.get("NextToken"))
    found = await service.pools.page(request.account, request.region, after=after, limit=limit + 1)
    page = found[:limit]
    output: dict[str, Any] = {
        "IdentityPools": [
            {"IdentityPoolId": pool.pool_id, "IdentityPoolName": pool.name} for pool in page
        ]
    }
    if len(found) > limit:
        output["NextToken"] = render_page_token(page[-1].pool_id)
    return output
