"""Finding what an operation is about, if it belongs to the caller's account."""

from keyfob.core.ids import AccountId
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.store.ports.identities import IdentityRecord
from keyfob.store.ports.identity_pools import IdentityPoolRecord


async def require_pool(
    service: CognitoIdentityService, pool_id: str, account: AccountId | None = None
) -> IdentityPoolRecord:
    """Return a pool, of any account when none is given (the public operations).

    Raises:
        AwsError: `ResourceNotFoundException`, also for another account's pool.
    """
    pool = await service.pools.get(pool_id)
    if pool is None or (account is not None and pool.account != account):
        raise errors.pool_not_found(pool_id)
    return pool


async def require_identity(
    service: CognitoIdentityService, identity_id: str, account: AccountId | None = None
) -> tuple[IdentityRecord, IdentityPoolRecord]:
    """Return an identity and its pool.

    Raises:
        AwsError: `ResourceNotFoundException`, also for another account's identity.
    """
    identity = await service.identities.get(identity_id)
    pool = None if identity is None else await service.pools.get(identity.pool_id)
    if identity is None or pool is None or (account is not None and pool.account != account):
        raise errors.identity_not_found(identity_id)
    return identity, pool
