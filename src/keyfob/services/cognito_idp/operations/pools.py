"""User pools: create, describe, update, list, delete, and add attributes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_user_pool_id
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.pools import apply_settings, render_description, render_pool
from keyfob.services.cognito_idp.domain.schema import build_schema, extend_schema
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord


async def create_user_pool(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a pool with two signing keys of its own."""
    params = request.params
    username_attributes = tuple(params.get("UsernameAttributes", ()))
    alias_attributes = tuple(params.get("AliasAttributes", ()))
    if username_attributes and alias_attributes:
        raise errors.invalid_parameter(
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool."
        )
    schema = build_schema(params.get("Schema", ()))
    pool_id = new_user_pool_id(service.randomness, request.region)
    case_sensitive = params.get("UsernameConfiguration", {}).get("CaseSensitive", True)
    id_key, access_key = await service.keys.make_pair(pool_id)
    pool = apply_settings(
        UserPoolRecord(
            pool_id=pool_id,
            account=request.account,
            region=request.region,
            name=params["PoolName"],
            created_at_s=request.now_s,
            modified_at_s=request.now_s,
            schema=schema,
            username_attributes=username_attributes,
            alias_attributes=alias_attributes,
            is_case_sensitive=case_sensitive,
            id_key=id_key,
            access_key=access_key,
        ),
        params,
        has_functions=service.functions.is_available,
    )
    await service.pools.add(pool)
    return {"UserPool": render_pool(pool, 0)}


async def describe_user_pool(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Show a pool."""
    pool = await service.pool_of_call(request)
    return {"UserPool": render_pool(pool, await service.users.count(pool.pool_id))}


async def update_user_pool(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Set a pool's changeable settings; those not named go back to their defaults."""

    def change(pool: UserPoolRecord) -> UserPoolRecord:
        changed = apply_settings(pool, request.params, has_functions=service.functions.is_available)
        return msgspec.structs.replace(changed, modified_at_s=request.now_s)

    pool = await service.pool_of_call(request)
    if await service.pools.update(pool.pool_id, change) is None:
        raise errors.pool_not_found(pool.pool_id)
    return {}


async def list_user_pools(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List the pools of the caller's account and region."""
    listing = f"user pools {request.account} {request.region}"
    page = await service.pools.list_pools(
        request.account,
        request.region,
        after=open_page(service.sealer, listing, request.params.get("NextToken")),
        limit=request.params["MaxResults"],
    )
    token = seal_page(service.sealer, listing, page.next_after)
    answer: dict[str, Any] = {"UserPools": [render_description(pool) for pool in page.items]}
    return answer if token is None else {**answer, "NextToken": token}


async def delete_user_pool(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a pool with its clients and users, unless it is protected."""
    pool = await service.pool_of_call(request)
    if pool.settings.get("DeletionProtection") == "ACTIVE":
        raise errors.delete_protected()
    await service.pools.delete(pool.pool_id)
    return {}


async def add_custom_attributes(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Append custom attributes; clients made before do not see them until told to."""

    def change(pool: UserPoolRecord) -> UserPoolRecord:
        schema = extend_schema(pool.schema, request.params["CustomAttributes"])
        return msgspec.structs.replace(pool, schema=schema, modified_at_s=request.now_s)

    pool = await service.pool_of_call(request)
    if await service.pools.update(pool.pool_id, change) is None:
        raise errors.pool_not_found(pool.pool_id)
    return {}
