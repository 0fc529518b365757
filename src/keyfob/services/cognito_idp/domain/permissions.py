"""Which attributes an app client may read and write.

Lists that were never set mean the standard attributes and the custom ones that existed when the
client was made. AWS's texts conflict: the API model says standard attributes only, the Developer
Guide ("Working with user attributes") says standard and custom. Refusing a write that AWS allows
would hide that users can write, say, their own tenant, so keyfob allows it.
"""

from collections.abc import Iterable, Mapping

from keyfob.services.cognito_idp import errors
from keyfob.services.cognito_idp.domain.schema import STANDARD_NAMES, VERIFICATION_FLAGS
from keyfob.store.ports.user_pools import ClientRecord, UserPoolRecord

_ALWAYS_READABLE = frozenset({"sub"})
_PROFILE = frozenset(
    {
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
        "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    }
)  # fmt: skip
_SHORTHANDS = {"oidc:profile": _PROFILE}
"""Names in permission lists that stand for several attributes; documented."""


def readable_attributes(client: ClientRecord) -> frozenset[str]:
    """Return the attributes that tokens and `GetUser` show through a client."""
    if client.read_attributes is None:
        return STANDARD_NAMES | frozenset(client.known_attributes)
    return _expand(client.read_attributes) | _ALWAYS_READABLE


def check_writable(pool: UserPoolRecord, client: ClientRecord, names: Iterable[str]) -> None:
    """Check that a client may write attributes.

    Raises:
        AwsError: one is not in its permission list, is developer-only, or says what is verified.
    """
    if client.write_attributes is None:
        writable = STANDARD_NAMES | frozenset(client.known_attributes)
    else:
        writable = _expand(client.write_attributes)
    # documented: every client can write required attributes
    writable |= {each.name for each in pool.schema if each.is_required}
    guarded = {each.name for each in pool.schema if each.is_developer_only} | VERIFICATION_FLAGS
    if any(name not in writable or name in guarded for name in names):
        raise errors.unauthorized_attribute()


def check_permission_lists(pool: UserPoolRecord, lists: Mapping[str, Iterable[str]]) -> None:
    """Check the lists of a client that is to be written.

    Raises:
        AwsError: a list names an attribute the pool has not, or may not grant.
    """
    declared = {attribute.name for attribute in pool.schema} | set(_SHORTHANDS)
    for member, names in lists.items():
        verb = "write" if member == "WriteAttributes" else "read"
        for name in names:
            is_flag = verb == "write" and name in VERIFICATION_FLAGS | _ALWAYS_READABLE
            if name not in declared or is_flag:
                raise errors.invalid_parameter(
                    f"Invalid {verb} attributes specified while creating a client"
                )


def _expand(names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(_SHORTHANDS.get(name, frozenset({name})) for name in names))
