import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.core.errors import AwsError
from keyfob.services.sts.domain.session_tags import (
    SessionTags,
    inherit_transitive,
    merge_over_role_tags,
    require_legal_tags,
    require_transitive_keys,
)

LEGAL = st.characters(
    categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Zs"),
    include_characters="_.:/=+-@",
)


def refusal(tags: list[tuple[str, str]]) -> str:
    with pytest.raises(AwsError) as caught:
        require_legal_tags(tags)
    return caught.value.code


@given(key=st.text(LEGAL, min_size=1, max_size=128), value=st.text(LEGAL, max_size=256))
def test_legal_characters_and_lengths_are_taken(key: str, value: str) -> None:
    if key.lower().startswith("aws:"):
        key = "x" + key[:127]
    assert require_legal_tags([(key, value)]) == {key: value}


@given(st.text(min_size=1, max_size=20))
def test_a_value_is_taken_exactly_when_every_character_is_legal(value: str) -> None:
    is_legal = all(
        character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"
        for character in value
    )
    if is_legal:
        assert require_legal_tags([("k", value)]) == {"k": value}
    else:
        assert refusal([("k", value)]) == "ValidationError"


@pytest.mark.parametrize("value", ["a|b", "#", "*", "?", "a,b", "1+", "${x}", "a\nb", "a\tb"])
def test_wildcards_and_control_characters(value: str) -> None:
    if value == "1+":
        assert require_legal_tags([("k", value)]) == {"k": value}
    else:
        assert refusal([("k", value)]) == "ValidationError"


@pytest.mark.parametrize(
    ("key", "value"),
    [("", "v"), ("k" * 129, "v"), ("k", "v" * 257), ("aws:k", "v"), ("AWS:k", "v"), ("a*", "v")],
)
def test_illegal_tags_are_refused(key: str, value: str) -> None:
    assert refusal([(key, value)]) == "ValidationError"


def test_fifty_tags_are_taken_and_fifty_one_are_not() -> None:
    tags = [(f"k{number}", "v") for number in range(51)]
    assert len(require_legal_tags(tags[:50])) == 50
    assert refusal(tags) == "ValidationError"


def test_keys_that_differ_in_case_only_are_duplicates() -> None:
    assert refusal([("Tenant", "1"), ("tenant", "2")]) == "InvalidParameterValue"


def test_a_transitive_key_needs_its_tag_and_takes_its_spelling() -> None:
    assert require_transitive_keys(["TENANT"], {"Tenant": "1"}) == ("Tenant",)
    with pytest.raises(AwsError, match="must be included"):
        require_transitive_keys(["other"], {"Tenant": "1"})


def test_session_tags_override_role_tags_whatever_their_case() -> None:
    assert merge_over_role_tags({"Tenant": "role", "Team": "a"}, {"tenant": "session"}) == {
        "Team": "a",
        "tenant": "session",
    }


def test_transitive_tags_are_inherited_and_cannot_be_overridden() -> None:
    inherited = inherit_transitive(
        SessionTags({"own": "1"}, ("own",)), {"Tenant": "7", "loose": "x"}, ("Tenant",)
    )
    assert inherited == SessionTags({"own": "1", "Tenant": "7"}, ("own", "Tenant"))
    with pytest.raises(AwsError, match="conflicts"):
        inherit_transitive(SessionTags({"tenant": "8"}), {"Tenant": "7"}, ("Tenant",))
