"""Domains of pools: create, describe, update, delete."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.domains import DomainRecord
from keyfob.store.ports.user_pools import UserPoolRecord

_KEPT = ("ManagedLoginVersion", "CustomDomainConfig")


async def create_user_pool_domain(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Give a pool a domain: one prefix, and one name of its own."""
    params = request.params
    if params.get("Routing"):
        raise errors.not_supported("Routing")
    pool = await service.pool_of_call(request)
    is_custom = "CustomDomainConfig" in params
    for other in await service.domains.list_domains(pool.pool_id):
        if ("CustomDomainConfig" in other.settings) == is_custom:
            raise errors.pool_has_domain()
    record = DomainRecord(
        domain=params["Domain"],
        pool_id=pool.pool_id,
        settings=_read_settings(params),
        version=new_uuid(service.randomness),
    )
    if not await service.domains.add(record):
        raise errors.domain_taken()
    return _render_brief(record)


async def describe_user_pool_domain(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a domain; of one that does not exist, or is another account's, nothing (documented)."""
    record = await service.domains.get(request.params["Domain"])
    pool = None if record is None else await service.pools.get(record.pool_id)
    if record is None or pool is None or pool.account != request.account:
        return {"DomainDescription": {}}
    return {"DomainDescription": _render(record, pool)}


async def update_user_pool_domain(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Set certificate and look of a domain."""
    params = request.params
    if params.get("Routing"):
        raise errors.not_supported("Routing")
    before = await _domain_of_call(service, request)

    def change(record: DomainRecord) -> DomainRecord:
        settings = {**record.settings, **_read_settings(params)}
        version = new_uuid(service.randomness)
        return msgspec.structs.replace(record, settings=settings, version=version)

    changed = await service.domains.update(before.domain, change)
    if changed is None:
        raise errors.domain_not_found()
    return _render_brief(changed)


async def delete_user_pool_domain(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Take a domain from a pool."""
    record = await _domain_of_call(service, request)
    await service.domains.delete(record.domain)
    return {}


async def _domain_of_call(service: UserPools, request: AuthorizedRequest) -> DomainRecord:
    pool = await service.pool_of_call(request)
    record = await service.domains.get(request.params["Domain"])
    if record is None or record.pool_id != pool.pool_id:
        raise errors.domain_not_found()
    return record


def _read_settings(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in _KEPT if name in params}


def _render_brief(record: DomainRecord) -> dict[str, Any]:
    version = record.settings.get("ManagedLoginVersion")
    return {} if version is None else {"ManagedLoginVersion": version}


def _render(record: DomainRecord, pool: UserPoolRecord) -> dict[str, Any]:
    return {
        "UserPoolId": record.pool_id,
        "AWSAccountId": pool.account,
        "Domain": record.domain,
        "Version": record.version,
        "Status": "ACTIVE",
        **record.settings,
    }
