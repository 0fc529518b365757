"""Changing attributes of a user who exists."""

from collections.abc import Mapping

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.schema import check_mutable, check_required, check_values
from keyfob.services.cognito_idp.domain.users import with_attributes
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import NameTakenError, UserRecord


async def write_attributes(
    service: UserPools,
    pool: UserPoolRecord,
    user: UserRecord,
    changes: Mapping[str, str],
    now_s: float,
) -> UserRecord:
    """Return the user with attributes changed.

    Raises:
        AwsError: a value does not conform, an attribute is immutable or must not go, or an address
            belongs to someone else.
    """
    check_values(pool.schema, changes)
    check_mutable(pool.schema, changes)

    def change(record: UserRecord) -> UserRecord:
        changed = with_attributes(pool, record, changes, now_s)
        removed = [each for each in pool.schema if changes.get(each.name) == ""]
        check_required(removed, changed.attributes)
        return changed

    try:
        changed = await service.users.update(pool.pool_id, user.sub, change)
    except NameTakenError as error:
        raise errors.alias_exists(error.name.partition(":")[0]) from error
    if changed is None:
        raise errors.user_not_found()
    return changed
