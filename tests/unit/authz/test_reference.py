import pytest
from tests.unit.authz import actors

from keyfob.authz.principal import SignedInUser
from keyfob.authz.reference import build_reference, read_reference
from keyfob.core.ids import Region

REGION = Region("eu-central-1")


PRINCIPALS = [
    actors.root(),
    actors.iam_user({"team": "a"}),
    actors.role_session(),
    actors.cognito(),
    actors.federated(actors.root()),
    actors.federated(actors.iam_user()),
    actors.listener_client(),
    actors.anonymous(),
]


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_principal_is_read_back(principal: object) -> None:
    reference = build_reference(principal, REGION, "192.0.2.7", is_tls=True)  # type: ignore[arg-type]
    assert read_reference(reference) == (principal, REGION, "192.0.2.7", True)


def test_what_has_no_connection_is_refused() -> None:
    user = SignedInUser("1", "p", "u", "s", "c", frozenset(), None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no principal of kind"):
        read_reference(build_reference(user, REGION, "192.0.2.7", is_tls=False))


@pytest.mark.parametrize("reference", [b"", b"session", b'{"kind": "Root"}'])
def test_what_is_no_reference_is_refused(reference: bytes) -> None:
    with pytest.raises(ValueError):
        read_reference(reference)
