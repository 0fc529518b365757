"""Devices: confirmed, listed, remembered, forgotten; by their user or an administrator."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.authz.principal import SignedInUser
from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.access import read_optional_token
from keyfob.services.cognito_idp.devices import (
    asks_to_remember,
    remembers_devices,
    seal_verifier,
)
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.paging import open_page, seal_page
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.devices import DeviceRecord
from keyfob.store.ports.users import UserRecord

_DEFAULT_LIMIT = 60
"""Most devices on a page; documented."""


async def confirm_device(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Keep the secret of the device that the access token was issued to."""
    params = request.params
    pool, _, user = await service.signed_in(request)
    if not remembers_devices(pool):
        raise errors.devices_not_tracked()
    principal = request.principal
    claims = principal.claims if isinstance(principal, SignedInUser) else {}
    if params["DeviceKey"] != claims.get("device_key"):
        raise errors.invalid_device("Invalid device key given.")
    verifier = _read_verifier(params.get("DeviceSecretVerifierConfig", {}))
    is_remembered = not asks_to_remember(pool)
    device = DeviceRecord(
        pool_id=pool.pool_id,
        sub=user.sub,
        device_key=params["DeviceKey"],
        name=params.get("DeviceName", ""),
        verifier_encrypted=seal_verifier(service, user, params["DeviceKey"], verifier),
        is_remembered=is_remembered,
        ip=request.call.source_ip,
        created_at_s=request.now_s,
        modified_at_s=request.now_s,
        authenticated_at_s=request.now_s,
    )
    if not await service.devices.add(device):
        raise errors.device_exists()
    return {"UserConfirmationNecessary": not is_remembered}


async def get_device(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Show one of the user's own devices."""
    _, user = await read_optional_token(service, request)
    return {"Device": _render(await _device_of_call(service, request, user))}


async def admin_get_device(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Show one of a user's devices."""
    user = await _user_of_call(service, request)
    return {"Device": _render(await _device_of_call(service, request, user))}


async def list_devices(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List the user's own devices."""
    _, _, user = await service.signed_in(request)
    return await _list(service, request, user)


async def admin_list_devices(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """List a user's devices."""
    return await _list(service, request, await _user_of_call(service, request))


async def forget_device(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Forget one of the user's own devices."""
    _, user = await read_optional_token(service, request)
    return await _forget(service, request, user)


async def admin_forget_device(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Forget a device of a user."""
    return await _forget(service, request, await _user_of_call(service, request))


async def update_device_status(service: UserPools, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Say whether a device of the user's own is remembered."""
    _, _, user = await service.signed_in(request)
    return await _set_status(service, request, user)


async def admin_update_device_status(
    service: UserPools, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Say whether a user's device is remembered."""
    return await _set_status(service, request, await _user_of_call(service, request))


async def _user_of_call(service: UserPools, request: AuthorizedRequest) -> UserRecord:
    pool = await service.pool_of_call(request)
    return await service.require_user(pool, request.params["Username"])


async def _device_of_call(
    service: UserPools, request: AuthorizedRequest, user: UserRecord
) -> DeviceRecord:
    device = await service.devices.get(user.pool_id, user.sub, request.params["DeviceKey"])
    if device is None:
        raise errors.device_not_found()
    return device


async def _list(
    service: UserPools, request: AuthorizedRequest, user: UserRecord
) -> Mapping[str, Any]:
    listing = f"devices {user.pool_id} {user.sub}"
    page = await service.devices.list_devices(
        user.pool_id,
        user.sub,
        after=open_page(service.sealer, listing, request.params.get("PaginationToken")),
        limit=request.params.get("Limit") or _DEFAULT_LIMIT,
    )
    token = seal_page(service.sealer, listing, page.next_after)
    answer: dict[str, Any] = {"Devices": [_render(device) for device in page.items]}
    return answer if token is None else {**answer, "PaginationToken": token}


async def _forget(
    service: UserPools, request: AuthorizedRequest, user: UserRecord
) -> Mapping[str, Any]:
    device = await _device_of_call(service, request, user)
    await service.devices.delete(user.pool_id, user.sub, device.device_key)
    return {}


async def _set_status(
    service: UserPools, request: AuthorizedRequest, user: UserRecord
) -> Mapping[str, Any]:
    is_remembered = request.params.get("DeviceRememberedStatus") == "remembered"

    def change(device: DeviceRecord) -> DeviceRecord:
        return msgspec.structs.replace(
            device, is_remembered=is_remembered, modified_at_s=request.now_s
        )

    device_key = request.params["DeviceKey"]
    if await service.devices.update(user.pool_id, user.sub, device_key, change) is None:
        raise errors.device_not_found()
    return {}


def _read_verifier(config: Mapping[str, str]) -> srp.Verifier:
    """Return salt and verifier as the client computed them."""
    try:
        salt = base64.b64decode(config.get("Salt", ""), validate=True)
        value = base64.b64decode(config.get("PasswordVerifier", ""), validate=True)
    except binascii.Error:
        raise errors.invalid_device("Invalid device secret verifier given.") from None
    number = int.from_bytes(value, "big")
    salt_number = int.from_bytes(salt, "big")
    if not 0 < number < srp.N or not 0 < salt_number < 1 << (8 * srp.SALT_BYTES):
        raise errors.invalid_device("Invalid device secret verifier given.")
    return srp.Verifier(salt_number, number)


def _render(device: DeviceRecord) -> dict[str, Any]:
    status = "remembered" if device.is_remembered else "not_remembered"
    return {
        "DeviceKey": device.device_key,
        "DeviceAttributes": [
            {"Name": "device_status", "Value": status},
            {"Name": "device_name", "Value": device.name},
            {"Name": "last_ip_used", "Value": device.ip},
        ],
        "DeviceCreateDate": device.created_at_s,
        "DeviceLastModifiedDate": device.modified_at_s,
        "DeviceLastAuthenticatedDate": device.authenticated_at_s,
    }
