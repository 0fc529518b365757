"""Devices at sign-in: made known, recognised, and asked for the secret they were given.

Source: Cognito Developer Guide, "Working with user devices in your user pool" (documented).
"""

import base64
import hashlib
import hmac
from typing import Any

from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp.domain import srp
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.devices import DeviceRecord
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord

_PURPOSE = "device verifier"
_GROUP_KEY_LENGTH = 9


def remembers_devices(pool: UserPoolRecord) -> bool:
    """Return whether a pool tracks devices at all."""
    return "DeviceConfiguration" in pool.settings


def asks_to_remember(pool: UserPoolRecord) -> bool:
    """Return whether a device is remembered only once its user says so."""
    configuration = pool.settings.get("DeviceConfiguration", {})
    return bool(configuration.get("DeviceOnlyRememberedOnUserPrompt"))


def new_device(service: UserPools, pool: UserPoolRecord, user: UserRecord) -> dict[str, Any]:
    """Return the `NewDeviceMetadata` of a device that is not known; empty without tracking."""
    if not remembers_devices(pool):
        return {}
    return {
        "DeviceKey": f"{pool.region}_{new_uuid(service.randomness)}",
        "DeviceGroupKey": group_key(service, user),
    }


async def find_device(service: UserPools, user: UserRecord, device_key: str) -> DeviceRecord | None:
    """Return a user's device; None where none is named or known."""
    return await service.devices.get(user.pool_id, user.sub, device_key) if device_key else None


def group_key(service: UserPools, user: UserRecord) -> str:
    """Return the `DeviceGroupKey` of a user's devices, always the same."""
    seed = f"device group\0{user.pool_id}\0{user.sub}".encode()
    digest = hmac.new(service.code_key, seed, hashlib.sha256).digest()
    return "-" + base64.urlsafe_b64encode(digest).decode()[: _GROUP_KEY_LENGTH - 1]


def seal_verifier(
    service: UserPools, user: UserRecord, device_key: str, verifier: srp.Verifier
) -> bytes:
    """Return a device's SRP salt and verifier encrypted for storage."""
    salt = verifier.salt.to_bytes(srp.SALT_BYTES, "big")
    blob = salt + verifier.value.to_bytes(384, "big")
    return service.sealer.encrypt(_PURPOSE, blob, _context(user, device_key))


def open_verifier(service: UserPools, user: UserRecord, device: DeviceRecord) -> srp.Verifier:
    """Return what `seal_verifier` was given.

    Raises:
        SealError: the record was tampered with, or its key is gone.
    """
    context = _context(user, device.device_key)
    blob = service.sealer.decrypt(_PURPOSE, device.verifier_encrypted, context)
    salt, value = blob[: srp.SALT_BYTES], blob[srp.SALT_BYTES :]
    return srp.Verifier(int.from_bytes(salt, "big"), int.from_bytes(value, "big"))


def _context(user: UserRecord, device_key: str) -> str:
    return f"{user.pool_id}/{user.sub}/{device_key}"
