from hypothesis import given
from hypothesis import strategies as st

from keyfob.mqtt.profile import Profile
from keyfob.mqtt.topics import is_match
from keyfob.mqtt.trie import SubscriptionTrie

_level = st.sampled_from(["a", "b", "", "$x"])
_topic = st.lists(_level, min_size=1, max_size=4).map("/".join).filter(bool)
_filter = st.builds(
    lambda levels, end: "/".join([*levels, *end]),
    st.lists(st.sampled_from(["a", "b", "", "+", "$x"]), max_size=4),
    st.sampled_from([["#"], ["a"], ["+"]]),
)


@given(
    st.lists(st.tuples(_filter, st.integers(0, 3)), max_size=12),
    st.sets(st.integers(0, 11)),
    _topic,
    st.sampled_from(Profile),
)
def test_the_trie_finds_what_matching_one_by_one_finds(
    entries: list[tuple[str, int]], removed: set[int], topic: str, profile: Profile
) -> None:
    trie: SubscriptionTrie[int, int] = SubscriptionTrie(lambda _value: profile is Profile.OASIS)
    naive: dict[tuple[str, int], int] = {}
    for index, (topic_filter, subscriber) in enumerate(entries):
        trie.add(topic_filter, subscriber, index)
        naive[topic_filter, subscriber] = index
    for index in removed:
        if index < len(entries):
            was_there = naive.pop(entries[index], None) is not None
            assert trie.remove(*entries[index]) is was_there
    expected = [
        (subscriber, value)
        for (topic_filter, subscriber), value in naive.items()
        if is_match(topic_filter, topic, profile)
    ]
    assert sorted(trie.match(topic)) == sorted(expected)


def test_nothing_is_left_of_what_was_removed() -> None:
    trie: SubscriptionTrie[str, int] = SubscriptionTrie(lambda _value: False)
    trie.add("a/b/#", "x", 0)
    trie.add("a", "x", 0)
    assert trie.remove("a/b/#", "x")
    assert not trie.remove("a/b/#", "x")
    assert trie.match("a/b/c") == []
    assert trie.match("a") == [("x", 0)]
