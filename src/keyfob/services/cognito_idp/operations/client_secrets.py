"""Secrets of app clients being changed: two at a time, so that applications can follow.

Source: API reference of `AddUserPoolClientSecret` (documented): at most two.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.client_secrets import (
    MAX_SECRETS,
    new_client_secret,
    new_secret_id,
)
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord, ClientSecret


async def add_user_pool_client_secret(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Add a secret, made here or given; the value is shown this once where it was made here."""
    client = await _client_of_call(service, request)
    given = request.params.get("ClientSecret")
    secret = given or new_client_secret(service.randomness)
    added = ClientSecret(
        new_secret_id(service.randomness, client.client_id),
        service.seal_secret(client.client_id, secret),
        request.now_s,
    )

    def change(record: ClientRecord) -> ClientRecord:
        if not record.secrets:
            raise errors.client_without_secret()
        if len(record.secrets) >= MAX_SECRETS:
            raise errors.limit_exceeded(f"A client has at most {MAX_SECRETS} secrets.")
        return msgspec.structs.replace(
            record, secrets=(*record.secrets, added), modified_at_s=request.now_s
        )

    await _update(service, client, change)
    described = _render(added)
    if given is None:
        described["ClientSecretValue"] = secret
    return {"ClientSecretDescriptor": described}


async def list_user_pool_client_secrets(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List a client's secrets, without their values."""
    client = await _client_of_call(service, request)
    return {"ClientSecrets": [_render(each) for each in client.secrets]}


async def delete_user_pool_client_secret(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a secret; what proves itself by it is refused from then on."""
    client = await _client_of_call(service, request)
    secret_id = request.params["ClientSecretId"]

    def change(record: ClientRecord) -> ClientRecord:
        kept = tuple(each for each in record.secrets if each.secret_id != secret_id)
        if len(kept) == len(record.secrets):
            raise errors.secret_not_found()
        if not kept:
            raise errors.last_secret()
        return msgspec.structs.replace(record, secrets=kept, modified_at_s=request.now_s)

    await _update(service, client, change)
    return {}


async def _client_of_call(service: UserPools, request: AuthorizedRequest) -> ClientRecord:
    pool = await service.pool_of_call(request)
    _, client = await service.require_client(request.params["ClientId"], pool.pool_id)
    return client


async def _update(
    service: UserPools, client: ClientRecord, change: Callable[[ClientRecord], ClientRecord]
) -> None:
    if await service.pools.update_client(client.client_id, change) is None:
        raise errors.client_not_found(client.client_id)


def _render(secret: ClientSecret) -> dict[str, Any]:
    return {"ClientSecretId": secret.secret_id, "ClientSecretCreateDate": secret.created_at_s}
