import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.core.errors import AwsError
from keyfob.services.cognito_identity.domain.linking import (
    MAX_LINKED_LOGINS,
    merge,
    new_identity,
    resolve_with_identity,
    resolve_without_identity,
)
from keyfob.store.ports.identities import IdentityRecord, Login

A1, A2, B1 = Login("a", "1"), Login("a", "2"), Login("b", "1")


def identity(name: str, *logins: Login, at: float = 0.0, disabled: bool = False) -> IdentityRecord:
    return IdentityRecord(name, "pool", at, at, logins, disabled)


def test_the_older_identity_survives_and_takes_all_logins() -> None:
    found = resolve_without_identity(
        identity("fresh", A1, B1), [identity("y", B1, at=2), identity("x", A1, at=1)], 9.0
    )
    assert found.identity.identity_id == "x"
    assert found.identity.logins == (A1, B1)
    disabled = [each for each in found.changed if each.is_disabled]
    assert [(each.identity_id, each.logins) for each in disabled] == [("y", ())]


def test_nothing_changes_where_nothing_is_new() -> None:
    known = identity("x", A1, B1)
    assert resolve_without_identity(identity("fresh", A1), [known], 9.0).changed == ()
    assert resolve_with_identity(known, [known], [B1], 9.0).changed == ()


def test_two_logins_of_one_provider_are_never_joined() -> None:
    with pytest.raises(AwsError, match="ResourceConflictException"):
        resolve_with_identity(identity("x", A1, B1), [], [A2, B1], 9.0)
    with pytest.raises(AwsError, match="ResourceConflictException"):
        merge(identity("x", A1), [identity("y", A2)], [], 9.0)


def test_twenty_logins_at_most() -> None:
    logins = [Login(f"p{number}", "1") for number in range(MAX_LINKED_LOGINS + 1)]
    full = identity("x", *logins[:-1])
    with pytest.raises(AwsError, match="at most 20"):
        resolve_with_identity(full, [full], [logins[0], logins[-1]], 9.0)


LOGINS = st.lists(st.sampled_from([A1, A2, B1]), unique_by=lambda login: login.provider)


@given(held=LOGINS, sent=LOGINS.filter(bool))
def test_a_signed_in_identity_changes_only_for_who_proves_one_of_its_logins(
    held: list[Login], sent: list[Login]
) -> None:
    named = identity("x", *held)
    try:
        found = resolve_with_identity(named, [], sent, 9.0)
    except AwsError as error:
        proves_one = bool(set(held) & set(sent))
        assert held
        assert (error.code == "ResourceConflictException") == proves_one
        return
    assert not held or set(held) & set(sent)
    assert set(found.identity.logins) == set(held) | set(sent)


def test_a_new_identity_holds_what_was_proven() -> None:
    assert new_identity("x", "pool", [A1], 5.0) == identity("x", A1, at=5.0)
