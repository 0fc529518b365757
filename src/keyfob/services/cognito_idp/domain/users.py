"""Users as the API shows them, and the changes made to their records."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from keyfob.services.cognito_idp.domain.names import index_names
from keyfob.store.ports.user_pools import UserPoolRecord
from keyfob.store.ports.users import UserRecord

UNCONFIRMED = "UNCONFIRMED"
CONFIRMED = "CONFIRMED"
FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105 - a status
RESET_REQUIRED = "RESET_REQUIRED"

_VERIFIABLE = ("email", "phone_number")


def read_attributes(members: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return a list of `AttributeType` as a mapping; booleans in lower case."""
    values = {member["Name"]: member.get("Value", "") for member in members}
    return {
        name: value.lower() if name.endswith("_verified") else value
        for name, value in values.items()
    }


def render_attributes(
    user: UserRecord, readable: frozenset[str] | None = None
) -> list[dict[str, str]]:
    """Return a user's attributes as a list of `AttributeType`, `sub` first.

    Args:
        user: whose.
        readable: names to show; None: all.
    """
    everything = {"sub": user.sub, **user.attributes}
    return [
        {"Name": name, "Value": value}
        for name, value in everything.items()
        if readable is None or name in readable
    ]


def render_user(user: UserRecord, shown: frozenset[str] | None = None) -> dict[str, Any]:
    """Return a `UserType`."""
    return {
        "Username": user.username,
        "Attributes": render_attributes(user, shown),
        "UserCreateDate": user.created_at_s,
        "UserLastModifiedDate": user.modified_at_s,
        "Enabled": user.is_enabled,
        "UserStatus": user.status,
    }


def with_attributes(
    pool: UserPoolRecord, user: UserRecord, changes: Mapping[str, str], now_s: float
) -> UserRecord:
    """Return a user with attributes changed, and re-indexed; an empty value removes one.

    A changed e-mail address or telephone number is unverified unless the change says otherwise,
    and codes that were sent to the one before are void.
    """
    attributes = dict(user.attributes)
    moved = [name for name in _VERIFIABLE if name in changes]
    moved = [name for name in moved if changes[name] != attributes.get(name)]
    attributes |= {f"{name}_verified": "false" for name in moved}
    codes = {slot: code for slot, code in user.codes.items() if code.attribute not in moved}
    attributes |= changes
    for name in _VERIFIABLE:
        if not attributes.get(name):
            attributes.pop(f"{name}_verified", None)
    kept = {name: value for name, value in attributes.items() if value}
    names = index_names(pool, username=user.username, sub=user.sub, attributes=kept)
    return msgspec.structs.replace(
        user, attributes=kept, names=names, codes=codes, modified_at_s=now_s
    )


def missing_required(pool: UserPoolRecord, user: UserRecord) -> list[str]:
    """Return the required attributes a user has no value for."""
    return [
        each.name
        for each in pool.schema
        if each.is_required and each.name != "sub" and not user.attributes.get(each.name)
    ]
