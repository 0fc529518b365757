import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.services.cognito_identity.domain.test_roles import login, pool
from tests.unit.services.cognito_identity.fakes import OTHER_USER_POOL, USER_POOL

from keyfob.core.errors import AwsError
from keyfob.services.cognito_identity.domain.principal_tags import (
    MAX_TAG_BYTES,
    build_principal_tags,
)
from keyfob.store.ports.identity_pools import PrincipalTagMap


def tags(tag_map: PrincipalTagMap, *, provider: str = USER_POOL, **claims: object) -> object:
    mapped = msgspec.structs.replace(pool(), principal_tag_maps={provider: tag_map})
    return build_principal_tags(mapped, login(**claims))


def test_an_unconfigured_provider_gives_no_tags() -> None:
    mapped = PrincipalTagMap(tags={"t": "c"})
    assert build_principal_tags(pool(), login(c="1")) == {}
    assert tags(mapped, provider=OTHER_USER_POOL, c="1") == {}
    assert tags(PrincipalTagMap(), c="1") == {}


def test_defaults_win_over_a_mapping() -> None:
    mapped = PrincipalTagMap(True, {"t": "c"})
    assert tags(mapped, sub="s", aud="a", c="1") == {"username": "s", "client": "a"}


@pytest.mark.parametrize(
    ("value", "tag"),
    [("1", "1"), ("", ""), (True, "true"), (False, "false"), (7, "7"), (1.5, "1.5"), (["a"], "a")],
)
def test_scalars_become_texts(value: object, tag: str) -> None:
    assert tags(PrincipalTagMap(tags={"t": "c"}), c=value) == {"t": tag}


@pytest.mark.parametrize("value", [None, [], ["a", "b"], {"a": "b"}])
def test_what_has_no_single_value_gives_no_tag(value: object) -> None:
    assert tags(PrincipalTagMap(tags={"t": "c"}), c=value) == {}
    assert tags(PrincipalTagMap(tags={"t": "c"})) == {}


@given(st.text(min_size=0, max_size=600))
def test_the_aggregate_is_counted_in_bytes(value: str) -> None:
    mapped = PrincipalTagMap(tags={"t": "c"})
    size = 1 + len(value.encode("utf-8", "surrogatepass"))
    if size > MAX_TAG_BYTES:
        with pytest.raises(AwsError, match="460"):
            tags(mapped, c=value)
    else:
        assert tags(mapped, c=value) == {"t": value}
