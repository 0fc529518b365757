"""App clients: create, describe, update, list, delete."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import new_client_id
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.client_secrets import new_client_secret, new_secret_id
from keyfob.services.cognito_idp.domain.clients import apply_settings, render_client
from keyfob.services.cognito_idp.domain.schema import custom_names
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, ClientSecret

_DEFAULT_PAGE = 60
"""Most clients on a page; documented."""


async def create_user_pool_client(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make a client, with a secret where one is asked for or given."""
    params = request.params
    pool = await service.pool_of_call(request)
    if params.get("GenerateSecret") and "ClientSecret" in params:
        raise errors.invalid_parameter("GenerateSecret and ClientSecret cannot both be given.")
    client_id = new_client_id(service.randomness)
    secret = params.get("ClientSecret")
    if params.get("GenerateSecret"):
        secret = new_client_secret(service.randomness)
    record = ClientRecord(
        client_id=client_id,
        pool_id=pool.pool_id,
        name=params["ClientName"],
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
        known_attributes=custom_names(pool.schema),
    )
    if secret is not None:
        sealed = service.seal_secret(client_id, secret)
        secret_id = new_secret_id(service.randomness, client_id)
        stored = ClientSecret(secret_id, sealed, request.now_s)
        record = msgspec.structs.replace(record, secrets=(stored,))
    client = apply_settings(record, pool, params)
    await service.pools.add_client(client)
    return {"UserPoolClient": render_client(client, secret)}


async def describe_user_pool_client(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a client, its secret included."""
    client = await _client_of_call(service, request)
    return {"UserPoolClient": render_client(client, _newest_secret(service, client))}


async def update_user_pool_client(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Set a client's settings; those not named go back to their defaults (documented)."""
    pool = await service.pool_of_call(request)
    client = await _client_of_call(service, request)

    def change(record: ClientRecord) -> ClientRecord:
        changed = apply_settings(record, pool, request.params)
        return msgspec.structs.replace(changed, modified_at_s=request.now_s)

    changed = await service.pools.update_client(client.client_id, change)
    if changed is None:
        raise errors.client_not_found(client.client_id)
    return {"UserPoolClient": render_client(changed, _newest_secret(service, changed))}


async def list_user_pool_clients(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List a pool's clients."""
    pool = await service.pool_of_call(request)
    listing = f"clients {pool.pool_id}"
    page = await service.pools.list_clients(
        pool.pool_id,
        after=open_page(service.sealer, listing, request.params.get("NextToken")),
        limit=request.params.get("MaxResults", _DEFAULT_PAGE),
    )
    clients = [
        {"ClientId": each.client_id, "UserPoolId": each.pool_id, "ClientName": each.name}
        for each in page.items
    ]
    token = seal_page(service.sealer, listing, page.next_after)
    answer: dict[str, Any] = {"UserPoolClients": clients}
    return answer if token is None else {**answer, "NextToken": token}


async def delete_user_pool_client(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a client."""
    client = await _client_of_call(service, request)
    await service.pools.delete_client(client.client_id)
    return {}


async def _client_of_call(service: UserPools, request: AuthorizedRequest) -> ClientRecord:
    pool = await service.pool_of_call(request)
    _, client = await service.require_client(request.params["ClientId"], pool.pool_id)
    return client


def _newest_secret(service: UserPools, client: ClientRecord) -> str | None:
    secrets = service.client_secrets(client)
    return secrets[-1] if secrets else None
