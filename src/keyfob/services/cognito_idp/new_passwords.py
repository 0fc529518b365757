"""Passwords being set: held to the policy and to the user's earlier ones, then turned into records.

Source: Cognito Developer Guide, "Password requirements" (documented).
"""

from typing import Any

import msgspec

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.passwords import check_password
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.services.cognito_idp.vault import PasswordVault
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import StoredPassword, UserRecord


def replace_password(
    service: UserPools,
    pool: UserPoolRecord,
    user: UserRecord,
    password: str,
    now_s: float,
    *,
    is_temporary: bool = False,
) -> StoredPassword:
    """Return a new password of a user as it is kept.

    Raises:
        AwsError: it breaks the policy, or is one of the earlier passwords that may not come back.
    """
    check_password(pool.password_policy, password)
    _check_history(service.vault, pool, user, password)
    return service.vault.store(
        password,
        pool_id=pool.pool_id,
        sub=user.sub,
        username=user.username,
        now_s=now_s,
        is_temporary=is_temporary,
    )


def with_password(
    pool: UserPoolRecord, user: UserRecord, stored: StoredPassword, **changes: Any
) -> UserRecord:
    """Return a user with another password and other changed fields; the old one is remembered."""
    former = user.former_passwords
    if user.password is not None and not user.password.is_temporary:
        former = (user.password.verifier_encrypted, *former)
    kept = former[: pool.password_policy.history_size]
    return msgspec.structs.replace(user, password=stored, former_passwords=kept, **changes)


def _check_history(
    vault: PasswordVault, pool: UserPoolRecord, user: UserRecord, password: str
) -> None:
    size = pool.password_policy.history_size
    if not size or user.password is None:
        return
    blobs = (user.password.verifier_encrypted, *user.former_passwords)[:size]
    for blob in blobs:
        former = StoredPassword(blob, 0.0)
        verifier = vault.open(former, pool_id=pool.pool_id, sub=user.sub)
        if vault.matches(password, verifier, pool_id=pool.pool_id, username=user.username):
            raise errors.password_used_before()
