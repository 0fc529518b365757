import pytest

from keyfob.mqtt.profile import Profile
from keyfob.mqtt.topics import TopicError, check_topic_filter, check_topic_name, is_match

AWS, OASIS = Profile.AWS, Profile.OASIS


@pytest.mark.parametrize(
    ("topic_filter", "topic", "in_aws", "in_standard"),
    [
        ("a/b", "a/b", True, True),
        ("a/b", "a/B", False, False),
        ("a/+", "a/b", True, True),
        ("a/+", "a", False, False),
        ("a/+", "a/", True, True),
        ("a/+", "a/b/c", False, False),
        ("+/+", "/b", True, True),
        ("#", "a/b", True, True),
        ("a/#", "a", False, True),
        ("a/#", "a/", True, True),
        ("a/#", "a/b/c", True, True),
        ("a/#", "ab", False, False),
        ("#", "$aws/x", False, False),
        ("+/x", "$aws/x", False, False),
        ("$aws/#", "$aws/x", True, True),
    ],
)
def test_match(topic_filter: str, topic: str, in_aws: bool, in_standard: bool) -> None:
    assert is_match(topic_filter, topic, AWS) is in_aws
    assert is_match(topic_filter, topic, OASIS) is in_standard


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "a" * 65_536])
def test_names_nobody_may_use(topic: str) -> None:
    for profile in Profile:
        with pytest.raises(TopicError):
            check_topic_name(topic, profile)


@pytest.mark.parametrize(
    "topic", ["a" * 257, "\u00e9" * 129, "a/b/c/d/e/f/g/h/i", "$SYS/x", "$aws/x", "$aws/events/y"]
)
def test_names_aws_refuses(topic: str) -> None:
    with pytest.raises(TopicError):
        check_topic_name(topic, AWS)
    check_topic_name(topic, OASIS)


@pytest.mark.parametrize(
    "topic",
    [
        "a" * 256,
        "a/b/c/d/e/f/g/h",
        "$aws/things/t/shadow/update",
        "$aws/things/t/shadow/name/n/get",
        "$aws/things/t/jobs/start-next",
        "$aws/rules/r/a/b/c/d/e/f/g/h",
        "$aws/certificates/create/json",
    ],
)
def test_names_aws_allows(topic: str) -> None:
    check_topic_name(topic, AWS)


@pytest.mark.parametrize("topic_filter", ["", "a#", "#/a", "a/#/b", "a+", "+a/b", "a\0"])
def test_filters_nobody_may_use(topic_filter: str) -> None:
    for profile in Profile:
        with pytest.raises(TopicError):
            check_topic_filter(topic_filter, profile)


@pytest.mark.parametrize("topic_filter", ["$SYS/#", "$aws/rules/r", "a/b/c/d/e/f/g/h/#"])
def test_filters_aws_refuses(topic_filter: str) -> None:
    with pytest.raises(TopicError):
        check_topic_filter(topic_filter, AWS)
    check_topic_filter(topic_filter, OASIS)


@pytest.mark.parametrize("topic_filter", ["#", "+/+", "a/+/#", "$aws/events/presence/connected/+"])
def test_filters_aws_allows(topic_filter: str) -> None:
    check_topic_filter(topic_filter, AWS)
