"""Tags of pools: TagResource, UntagResource, ListTagsForResource."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import user_pool_arn
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord

MAX_TAGS = 50
"""Documented."""


async def tag_resource(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Set tags of a pool."""
    await _change(service, request, lambda tags: {**tags, **request.params["Tags"]})
    return {}


async def untag_resource(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Take tags from a pool; keys it does not have are no error."""
    gone = set(request.params["TagKeys"])
    await _change(
        service, request, lambda tags: {key: tags[key] for key in tags if key not in gone}
    )
    return {}


async def list_tags_for_resource(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show the tags of a pool."""
    pool = await _pool_of_call(service, request)
    return {"Tags": pool.settings.get("UserPoolTags", {})}


async def _change(
    service: UserPools,
    request: AuthorizedRequest,
    change_tags: Callable[[Mapping[str, str]], dict[str, str]],
) -> None:
    def change(pool: UserPoolRecord) -> UserPoolRecord:
        tags = change_tags(pool.settings.get("UserPoolTags", {}))
        if len(tags) > MAX_TAGS:
            raise errors.invalid_parameter(f"A resource has at most {MAX_TAGS} tags.")
        return msgspec.structs.replace(pool, settings={**pool.settings, "UserPoolTags": tags})

    pool = await _pool_of_call(service, request)
    if await service.pools.update(pool.pool_id, change) is None:
        raise errors.resource_not_found(request.params["ResourceArn"])


async def _pool_of_call(service: UserPools, request: AuthorizedRequest) -> UserPoolRecord:
    """Return the pool that an ARN of the caller's account and region stands for."""
    arn = request.params["ResourceArn"]
    pool = await service.pools.get(arn.rpartition("/")[2])
    is_named = pool is not None and arn == user_pool_arn(pool.region, pool.account, pool.pool_id)
    if pool is None or not is_named or pool.account != request.account:
        raise errors.resource_not_found(arn)
    return pool
