"""TagResource, UntagResource, ListTagsForResource."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import ArnError, identity_pool_arn, parse_arn
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.tags import require_legal_tags
from keyfob.store.ports.identity_pools import IdentityPoolRecord


async def tag_resource(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Add tags to a pool, or replace their values."""
    added = request.params["Tags"]
    await _change(service, request, lambda tags: require_legal_tags({**tags, **added}))
    return {}


async def untag_resource(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take tags from a pool; keys that it does not have are passed over."""
    removed = frozenset(request.params["TagKeys"])
    await _change(
        service,
        request,
        lambda tags: {key: value for key, value in tags.items() if key not in removed},
    )
    return {}


async def list_tags_for_resource(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a pool's tags."""
    return {"Tags": (await _find(service, request)).tags}


async def _change(
    service: CognitoIdentityService,
    request: AuthorizedRequest,
    change: Callable[[Mapping[str, str]], dict[str, str]],
) -> None:
    pool_id = (await _find(service, request)).pool_id
    changed = await service.pools.update(
        pool_id, lambda pool: msgspec.structs.replace(pool, tags=change(pool.tags))
    )
    if changed is None:
        raise errors.resource_not_found(request.params["ResourceArn"])


async def _find(service: CognitoIdentityService, request: AuthorizedRequest) -> IdentityPoolRecord:
    """Return the pool that an ARN names, if it is the caller's."""
    resource_arn: str = request.params["ResourceArn"]
    try:
        pool_id = parse_arn(resource_arn).resource.removeprefix("identitypool/")
    except ArnError:
        raise errors.invalid_parameter("ResourceArn is not an ARN.") from None
    pool = await service.pools.get(pool_id)
    if pool is None or pool.account != request.account:
        raise errors.resource_not_found(resource_arn)
    if identity_pool_arn(pool.region, pool.account, pool.pool_id) != resource_arn:
        raise errors.resource_not_found(resource_arn)
    return pool
