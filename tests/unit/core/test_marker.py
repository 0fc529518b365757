import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.core.marker import MarkerError, build_marker, parse_marker


@given(
    st.text(alphabet=st.characters(exclude_characters=":", exclude_categories=["Cs"])),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
)
def test_a_marker_gives_its_key_back_to_its_own_listing(listing: str, key: str) -> None:
    assert parse_marker(listing, build_marker(listing, key)) == key


def test_the_first_page_has_none() -> None:
    assert parse_marker("roles", None) is None


@pytest.mark.parametrize(
    "marker", ["", "?", "cm9sZXM=", "/////w==", "rôles", build_marker("users", "a")]
)
def test_other_texts_are_refused(marker: str) -> None:
    with pytest.raises(MarkerError):
        parse_marker("roles", marker)
