"""Identity providers: create, describe, find by identifier, update, list, delete.

What is kept here is what the sign-in pages go by; nothing is asked of the provider.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.identity_providers import IdentityProviderRecord
from keyfob.store.ports.pool_items import TooManyItemsError

MAX_PROVIDERS = 300
"""Documented quota."""

_DEFAULT_PAGE = 60
"""Most on a page; documented."""

_PURPOSE = "identity provider"


async def create_identity_provider(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Make a provider known to a pool."""
    params = request.params
    if params.get("AcrMapping"):
        raise errors.not_supported("AcrMapping")
    pool = await service.pool_of_call(request)
    identifiers = tuple(params.get("IdpIdentifiers", ()))
    await _require_free(service, pool.pool_id, identifiers, params["ProviderName"])
    record = IdentityProviderRecord(
        pool_id=pool.pool_id,
        name=params["ProviderName"],
        kind=params["ProviderType"],
        details_encrypted=_seal(
            service, pool.pool_id, params["ProviderName"], params["ProviderDetails"]
        ),
        attribute_mapping=params.get("AttributeMapping", {}),
        identifiers=identifiers,
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
    )
    try:
        is_new = await service.identity_providers.add(record, at_most=MAX_PROVIDERS)
    except TooManyItemsError as error:
        raise errors.limit_exceeded("The user pool has too many identity providers.") from error
    if not is_new:
        raise errors.provider_exists(record.name)
    return {"IdentityProvider": _render(service, record)}


async def describe_identity_provider(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show a provider, its client secret included (documented)."""
    return {"IdentityProvider": _render(service, await _provider_of_call(service, request))}


async def get_identity_provider_by_identifier(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Show the provider that goes by an identifier."""
    pool = await service.pool_of_call(request)
    wanted = request.params["IdpIdentifier"]
    for record in await _all_providers(service, pool.pool_id):
        if wanted in record.identifiers:
            return {"IdentityProvider": _render(service, record)}
    raise errors.provider_not_found(wanted)


async def update_identity_provider(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Set what is named of a provider; the rest stays."""
    params = request.params
    if params.get("AcrMapping"):
        raise errors.not_supported("AcrMapping")
    before = await _provider_of_call(service, request)
    changes: dict[str, Any] = {"modified_at_s": request.now_s}
    if "ProviderDetails" in params:
        changes["details_encrypted"] = _seal(
            service, before.pool_id, before.name, params["ProviderDetails"]
        )
    if "AttributeMapping" in params:
        changes["attribute_mapping"] = params["AttributeMapping"]
    if "IdpIdentifiers" in params:
        changes["identifiers"] = tuple(params["IdpIdentifiers"])
        await _require_free(service, before.pool_id, changes["identifiers"], before.name)
    changed = await service.identity_providers.update(
        before.pool_id, before.name, lambda record: msgspec.structs.replace(record, **changes)
    )
    if changed is None:
        raise errors.provider_not_found(before.name)
    return {"IdentityProvider": _render(service, changed)}


async def list_identity_providers(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """List the providers of a pool."""
    pool = await service.pool_of_call(request)
    listing = f"identity providers {pool.pool_id}"
    page = await service.identity_providers.list_items(
        pool.pool_id,
        after=open_page(service.sealer, listing, request.params.get("NextToken")),
        limit=request.params.get("MaxResults") or _DEFAULT_PAGE,
    )
    providers = [
        {
            "ProviderName": each.name,
            "ProviderType": each.kind,
            "LastModifiedDate": each.modified_at_s,
            "CreationDate": each.created_at_s,
        }
        for each in page.items
    ]
    token = seal_page(service.sealer, listing, page.next_after)
    answer: dict[str, Any] = {"Providers": providers}
    return answer if token is None else {**answer, "NextToken": token}


async def delete_identity_provider(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a provider."""
    record = await _provider_of_call(service, request)
    await service.identity_providers.delete(record.pool_id, record.name)
    return {}


async def _provider_of_call(
    service: UserPools, request: AuthorizedRequest
) -> IdentityProviderRecord:
    pool = await service.pool_of_call(request)
    name = request.params["ProviderName"]
    record = await service.identity_providers.get(pool.pool_id, name)
    if record is None:
        raise errors.provider_not_found(name)
    return record


async def _all_providers(service: UserPools, pool_id: str) -> Sequence[IdentityProviderRecord]:
    page = await service.identity_providers.list_items(pool_id, after=None, limit=MAX_PROVIDERS)
    return page.items


async def _require_free(
    service: UserPools, pool_id: str, identifiers: Sequence[str], name: str
) -> None:
    """Return if no other provider of the pool goes by any of the identifiers.

    Raises:
        AwsError: one does.
    """
    for record in await _all_providers(service, pool_id) if identifiers else ():
        taken = set(identifiers).intersection(record.identifiers)
        if record.name != name and taken:
            raise errors.identifier_taken(min(taken))


def _seal(service: UserPools, pool_id: str, name: str, details: Mapping[str, str]) -> bytes:
    return service.sealer.encrypt(_PURPOSE, msgspec.json.encode(details), f"{pool_id}/{name}")


def _render(service: UserPools, record: IdentityProviderRecord) -> dict[str, Any]:
    context = f"{record.pool_id}/{record.name}"
    details = service.sealer.decrypt(_PURPOSE, record.details_encrypted, context)
    return {
        "UserPoolId": record.pool_id,
        "ProviderName": record.name,
        "ProviderType": record.kind,
        "ProviderDetails": msgspec.json.decode(details, type=dict[str, str]),
        "AttributeMapping": record.attribute_mapping,
        "IdpIdentifiers": list(record.identifiers),
        "LastModifiedDate": record.modified_at_s,
        "CreationDate": record.created_at_s,
    }
