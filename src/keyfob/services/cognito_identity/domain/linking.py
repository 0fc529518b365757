"""Which identity a set of logins leads to: found, made, linked, upgraded or merged.

Pure: each function takes the identities read inside the writing transaction and returns what to
keep. A login belongs to at most one identity of a pool, an identity has at most one login of a
public provider (of the developer's own any number), and only who proves a login of an identity can
change it; the exceptions are a guest's identity, which has none to prove, and the developer, who
signs with AWS credentials.

Source: Cognito Developer Guide, `authentication-flow` (documented: linking, merging, the upgrade of
guests, conflicts); which of two signed-in identities survives a merge is inferred: the older.
"""

from collections.abc import Sequence

import msgspec

from keyfob.services.cognito_identity import errors
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login

MAX_LINKED_LOGINS = 20
"""Logins that one identity may have (documented: `MergeDeveloperIdentities`)."""


def new_identity(
    identity_id: str, pool_id: str, logins: Sequence[Login], now_s: float
) -> IdentityRecord:
    """Return an identity that was not there before; a guest's has no logins."""
    return IdentityRecord(identity_id, pool_id, now_s, now_s, tuple(logins))


def resolve_without_identity(
    fresh: IdentityRecord,
    holders: Sequence[IdentityRecord],
    now_s: float,
    developer_provider: str | None = None,
) -> IdentityResolution:
    """Return the identity for logins: theirs, or `fresh` when nobody has any of them.

    Args:
        fresh: what to keep if there is no identity yet; its logins are the verified ones.
        holders: the identities that have any of the logins.
        now_s: epoch seconds.
        developer_provider: the pool's own provider, see `merge`.

    Raises:
        AwsError: `ResourceConflictException`, see `merge`.
    """
    if not holders:
        return IdentityResolution(fresh, (fresh,))
    survivor = min(holders, key=lambda holder: (holder.created_at_s, holder.identity_id))
    return merge(survivor, holders, fresh.logins, now_s, developer_provider)


def resolve_with_identity(
    named: IdentityRecord,
    holders: Sequence[IdentityRecord],
    logins: Sequence[Login],
    now_s: float,
    developer_provider: str | None = None,
    *,
    is_developer: bool = False,
) -> IdentityResolution:
    """Return the identity for logins that were sent with an identity id.

    Args:
        named: the identity.
        holders: the identities that have any of the logins.
        logins: what was proven.
        now_s: epoch seconds.
        developer_provider: the pool's own provider, see `merge`.
        is_developer: whether the developer asks, who may link a login to any identity.

    Raises:
        AwsError: `NotAuthorizedException` if the identity is disabled or somebody else's,
            `ResourceConflictException`, see `merge`.
    """
    if named.is_disabled:
        raise errors.identity_forbidden(named.identity_id)
    if named.logins and not is_developer and not set(named.logins) & set(logins):
        raise errors.logins_do_not_match()
    # a guest's identity gives way to the one the person has already
    is_guest_with_known_login = not named.logins and bool(holders)
    candidates = holders if is_guest_with_known_login else (named,)
    survivor = min(candidates, key=lambda holder: (holder.created_at_s, holder.identity_id))
    return merge(survivor, (named, *holders), logins, now_s, developer_provider)


def unlink(
    named: IdentityRecord, proven: Sequence[Login], providers: Sequence[str], now_s: float
) -> IdentityResolution:
    """Take the logins of some providers from an identity.

    One that loses its last login becomes inaccessible (documented), not a guest's.

    Raises:
        AwsError: `NotAuthorizedException` if the identity is disabled or no login of it is proven.
    """
    if named.is_disabled:
        raise errors.identity_forbidden(named.identity_id)
    if not set(named.logins) & set(proven):
        raise errors.logins_do_not_match()
    return remove_logins(
        named, [login for login in named.logins if login.provider in providers], now_s
    )


def remove_logins(
    named: IdentityRecord, removed: Sequence[Login], now_s: float
) -> IdentityResolution:
    """Take logins from an identity; one that loses its last becomes inaccessible (documented)."""
    kept = tuple(login for login in named.logins if login not in removed)
    changed = msgspec.structs.replace(
        named, logins=kept, is_disabled=not kept, last_modified_at_s=now_s
    )
    return IdentityResolution(changed, (changed,))


def merge(
    survivor: IdentityRecord,
    identities: Sequence[IdentityRecord],
    logins: Sequence[Login],
    now_s: float,
    developer_provider: str | None = None,
) -> IdentityResolution:
    """Join identities and logins into `survivor`; the others lose their logins and are disabled.

    Args:
        survivor: the identity that stays.
        identities: what is merged into it; it may be among them.
        logins: what it gets besides.
        now_s: epoch seconds.
        developer_provider: the provider that an identity may have several logins of.

    Raises:
        AwsError: `ResourceConflictException` for two logins of one provider, or too many.
    """
    others = {
        identity.identity_id: identity
        for identity in identities
        if identity.identity_id != survivor.identity_id
    }
    moved = [login for other in others.values() for login in other.logins]
    joined = tuple(dict.fromkeys((*survivor.logins, *moved, *logins)))
    if joined == survivor.logins and not others:
        return IdentityResolution(survivor)
    public = [login.provider for login in joined if login.provider != developer_provider]
    if len(set(public)) < len(public):
        raise errors.login_already_linked()
    if len(joined) > MAX_LINKED_LOGINS:
        raise errors.too_many_logins(MAX_LINKED_LOGINS)
    kept = msgspec.structs.replace(survivor, logins=joined, last_modified_at_s=now_s)
    disabled = tuple(
        msgspec.structs.replace(other, logins=(), is_disabled=True, last_modified_at_s=now_s)
        for other in others.values()
    )
    return IdentityResolution(kept, (kept, *disabled))
