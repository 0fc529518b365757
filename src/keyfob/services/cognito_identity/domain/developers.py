"""Identities of the developer's own users, who sign in at the application's back end.

A developer's user is a login whose provider is the pool's developer provider and whose subject is
the developer's id of the user; an identity may have several.

Source: API Reference, `GetOpenIdTokenForDeveloperIdentity`, `MergeDeveloperIdentities`,
`UnlinkDeveloperIdentity` (documented rules; the codes of some refusals are inferred).
"""

from collections.abc import Mapping, Sequence

from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.domain.linking import (
    merge,
    remove_logins,
    resolve_with_identity,
    resolve_without_identity,
)
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login
from keyfob.store.ports.identity_pools import IdentityPoolRecord


def require_developer_provider(pool: IdentityPoolRecord, name: str | None = None) -> str:
    """Return the name of the pool's developer provider.

    Raises:
        AwsError: `InvalidParameterException` where it has none, or another than `name`.
    """
    provider = pool.developer_provider_name
    if provider is None:
        raise errors.no_developer_provider()
    if name is not None and name != provider:
        raise errors.wrong_developer_provider(name)
    return provider


def split_logins(
    pool: IdentityPoolRecord, logins: Mapping[str, str]
) -> tuple[Login, dict[str, str]]:
    """Return the developer's user of a call's `Logins`, and the tokens of public providers.

    Raises:
        AwsError: `InvalidParameterException` where the developer provider is missing.
    """
    provider = require_developer_provider(pool)
    if not logins.get(provider):
        raise errors.developer_login_missing(provider)
    tokens = {name: token for name, token in logins.items() if name != provider}
    return Login(provider, logins[provider]), tokens


def describe_login(pool_id: str, login: Login) -> tuple[str, str]:
    """Return what `amr` says of a developer's user; the second entry's form is observed."""
    return login.provider, f"{login.provider}:{pool_id}:{login.subject}"


def resolve_developer_logins(
    fresh: IdentityRecord,
    named: IdentityRecord | None,
    holders: Sequence[IdentityRecord],
    logins: Sequence[Login],
    now_s: float,
) -> IdentityResolution:
    """Return the identity for logins that the developer vouches for or that were verified.

    Args:
        fresh: what to keep where no identity was named and nobody has any of the logins.
        named: the identity the developer names, if any.
        holders: the identities that have any of the logins.
        logins: all of them, the developer's user first.
        now_s: epoch seconds.

    Raises:
        AwsError: `DeveloperUserAlreadyRegisteredException` when another than the named identity
            has the developer's user; see `linking` for the others.
    """
    user = logins[0]
    if named is None:
        return resolve_without_identity(fresh, holders, now_s, user.provider)
    owners = [holder.identity_id for holder in holders if user in holder.logins]
    if owners and owners != [named.identity_id]:
        raise errors.developer_user_already_registered()
    return resolve_with_identity(named, holders, logins, now_s, user.provider, is_developer=True)


def merge_users(
    source: Login, destination: Login, holders: Sequence[IdentityRecord], now_s: float
) -> IdentityResolution:
    """Give all logins of one user's identity to the other's, and disable the former.

    Raises:
        AwsError: `ResourceNotFoundException` for a user without identity,
            `ResourceConflictException` for two people of one public provider, or too many logins.
    """
    leaving = _holder(source, holders)
    staying = _holder(destination, holders)
    return merge(staying, (leaving, staying), (), now_s, destination.provider)


def unlink_user(
    named: IdentityRecord, user: Login, holders: Sequence[IdentityRecord], now_s: float
) -> IdentityResolution:
    """Take a developer's user from an identity.

    Raises:
        AwsError: `ResourceNotFoundException` where no identity has the user,
            `ResourceConflictException` where another has.
    """
    if _holder(user, holders).identity_id != named.identity_id:
        raise errors.developer_user_of_other_identity()
    return remove_logins(named, [user], now_s)


def _holder(user: Login, holders: Sequence[IdentityRecord]) -> IdentityRecord:
    for holder in holders:
        if user in holder.logins:
            return holder
    raise errors.developer_user_not_found()
