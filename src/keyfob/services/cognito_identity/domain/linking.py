"""Which identity a set of logins leads to: found, made, linked, upgraded or merged.

Pure: each function takes the identities read inside the writing transaction and returns what to
keep. A login belongs to at most one identity of a pool, an identity has at most one login of a
provider, and only who proves a login of an identity can change it; the one exception is a guest's
identity, which has none to prove.

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
    fresh: IdentityRecord, holders: Sequence[IdentityRecord], now_s: float
) -> IdentityResolution:
    """Return the identity for logins: theirs, or `fresh` when nobody has any of them.

    Args:
        fresh: what to keep if there is no identity yet; its logins are the verified ones.
        holders: the identities that have any of the logins.
        now_s: epoch seconds.

    Raises:
        AwsError: `ResourceConflictException`, see `merge`.
    """
    if not holders:
        return IdentityResolution(fresh, (fresh,))
    survivor = min(holders, key=lambda holder: (holder.created_at_s, holder.identity_id))
    return merge(survivor, holders, fresh.logins, now_s)


def resolve_with_identity(
    named: IdentityRecord,
    holders: Sequence[IdentityRecord],
    logins: Sequence[Login],
    now_s: float,
) -> IdentityResolution:
    """Return the identity for logins that were sent with an identity id.

    Raises:
        AwsError: `NotAuthorizedException` if the identity is disabled or somebody else's,
            `ResourceConflictException`, see `merge`.
    """
    if named.is_disabled:
        raise errors.identity_forbidden(named.identity_id)
    if named.logins and not set(named.logins) & set(logins):
        raise errors.logins_do_not_match()
    # a guest's identity gives way to the one the person has already
    is_guest_with_known_login = not named.logins and bool(holders)
    candidates = holders if is_guest_with_known_login else (named,)
    survivor = min(candidates, key=lambda holder: (holder.created_at_s, holder.identity_id))
    return merge(survivor, (named, *holders), logins, now_s)


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
    kept = tuple(login for login in named.logins if login.provider not in providers)
    changed = msgspec.structs.replace(
        named, logins=kept, is_disabled=not kept, last_modified_at_s=now_s
    )
    return IdentityResolution(changed, (changed,))


def merge(
    survivor: IdentityRecord,
    identities: Sequence[IdentityRecord],
    logins: Sequence[Login],
    now_s: float,
) -> IdentityResolution:
    """Join identities and logins into `survivor`; the others lose their logins and are disabled.

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
    if len({login.provider for login in joined}) < len(joined):
        raise errors.login_already_linked()
    if len(joined) > MAX_LINKED_LOGINS:
        raise errors.too_many_logins(MAX_LINKED_LOGINS)
    kept = msgspec.structs.replace(survivor, logins=joined, last_modified_at_s=now_s)
    disabled = tuple(
        msgspec.structs.replace(other, logins=(), is_disabled=True, last_modified_at_s=now_s)
        for other in others.values()
    )
    return IdentityResolution(kept, (kept, *disabled))
