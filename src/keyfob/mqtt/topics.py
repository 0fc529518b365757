"""Topic names and topic filters: what is well-formed, what AWS allows, what matches.

MQTT wildcards only; the `*` and `?` of policies are another language and live in `policy`.
"""

import re

from keyfob.core.errors import KeyfobError
from keyfob.mqtt.profile import Profile

MAX_TOPIC_BYTES = 256
"""AWS: longest topic or filter in UTF-8. Documented: AWS IoT Core quotas."""

MAX_TOPIC_SLASHES = 7
"""AWS: most slashes in a topic that does not begin with `$aws/` (documented)."""

MAX_STANDARD_BYTES = 65_535
"""The standard's longest string."""

_THING = r"\$aws/things/[^/+#]+"
_RESERVED = re.compile(
    rf"""(?:
      {_THING}/shadow(?:/name/[^/]+)?/(?:get|update|delete)
        (?:/(?:accepted|rejected|delta|documents))?
    | {_THING}/jobs/(?:get|start-next|notify|notify-next|[^/]+/(?:get|update))
        (?:/(?:accepted|rejected))?
    | {_THING}/defender/metrics/[^/]+(?:/(?:accepted|rejected))?
    | {_THING}/tunnels/notify
    | {_THING}/streams/[^/]+/(?:get|describe|data|description|rejected)/[^/]+
    | \$aws/certificates/(?:create|create-from-csr)/[^/]+(?:/(?:accepted|rejected))?
    | \$aws/provisioning-templates/[^/]+/provision/[^/]+(?:/(?:accepted|rejected))?
    )""",
    re.VERBOSE,
)
_INGEST = re.compile(r"\$aws/rules/[^/]+")
_SUBSCRIBABLE = (
    "$aws/events/",
    "$aws/things/",
    "$aws/certificates/",
    "$aws/provisioning-templates/",
)


SHARE_PREFIX = "$share/"
"""What the filter of a shared subscription begins with."""

MAX_SHARE_NAME = 128
"""AWS: longest name of a shared subscription (documented)."""


class TopicError(KeyfobError):
    """A topic name or filter that may not be used; the message says why."""


def check_topic_name(topic: str, profile: Profile) -> None:
    """Check a topic to publish to.

    Raises:
        TopicError: it is empty, holds a wildcard or U+0000, is too long, or is reserved.
    """
    _check_text(topic, profile)
    if "+" in topic or "#" in topic:
        raise TopicError("a topic name holds a wildcard")  # [MQTT-3.3.2-2]
    if topic[0] == "$" and profile is Profile.AWS:
        _check_reserved_name(topic)
    elif topic.count("/") > MAX_TOPIC_SLASHES and profile is Profile.AWS:
        raise TopicError(f"a topic has more than {MAX_TOPIC_SLASHES} slashes")


def check_topic_filter(topic_filter: str, profile: Profile) -> None:
    """Check a filter to subscribe to.

    Raises:
        TopicError: a wildcard stands where none may, it is too long, or it is reserved.
    """
    if topic_filter.startswith(SHARE_PREFIX):
        _check_text(topic_filter, Profile.OASIS)
        name, shared = split_shared(topic_filter)
        if not name or not shared or set("+#") & set(name) or len(name) > MAX_SHARE_NAME:
            raise TopicError("a shared subscription is $share/NAME/FILTER")  # [MQTT-4.8.2-1], [-2]
        check_topic_filter(shared, profile)
        return
    _check_text(topic_filter, profile)
    levels = topic_filter.split("/")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        raise TopicError("`#` stands only alone at the end")  # [MQTT-4.7.1-1]
    if any("+" in level and level != "+" for level in levels):
        raise TopicError("`+` stands only for a whole level")  # [MQTT-4.7.1-2]
    if profile is not Profile.AWS:
        return
    if topic_filter[0] == "$":
        if not topic_filter.startswith(_SUBSCRIBABLE):
            raise TopicError("a reserved topic cannot be subscribed to")
    elif len(levels) - 1 > MAX_TOPIC_SLASHES:
        raise TopicError(f"a topic filter has more than {MAX_TOPIC_SLASHES} slashes")


def split_shared(topic_filter: str) -> tuple[str, str]:
    """Return the name and the filter of `$share/<name>/<filter>`."""
    name, _, shared = topic_filter.removeprefix(SHARE_PREFIX).partition("/")
    return name, shared


def is_reserved(topic: str) -> bool:
    """Whether a topic belongs to the server: its first character is `$`."""
    return topic[:1] == "$"


def has_wildcard(topic_filter: str) -> bool:
    """Whether a well-formed filter can match more than one topic."""
    return "+" in topic_filter or topic_filter[-1:] == "#"


def is_match(topic_filter: str, topic: str, profile: Profile) -> bool:
    """Whether a well-formed filter matches a topic name.

    `a/#` matches `a` in the standard (4.7.1.2) and not in AWS (documented: IoT Developer
    Guide, MQTT). A wildcard at the front never matches a topic that begins with `$`
    [MQTT-4.7.2-1].
    """
    if topic[:1] == "$" and topic_filter[:1] in ("+", "#"):
        return False
    wanted, given = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return len(given) > index or (profile is Profile.OASIS and len(given) == index)
        if index >= len(given) or level not in ("+", given[index]):
            return False
    return len(wanted) == len(given)


def _check_text(text: str, profile: Profile) -> None:
    if not text:
        raise TopicError("a topic is empty")  # [MQTT-4.7.3-1]
    if "\0" in text:
        raise TopicError("a topic holds the null character")  # [MQTT-4.7.3-2]
    limit = MAX_TOPIC_BYTES if profile is Profile.AWS else MAX_STANDARD_BYTES
    if len(text.encode()) > limit and not (profile is Profile.AWS and _INGEST.match(text)):
        raise TopicError(f"a topic is longer than {limit} bytes")


def _check_reserved_name(topic: str) -> None:
    """Allow what AWS lists. Documented: IoT Developer Guide, reserved topics."""
    ingest = _INGEST.match(topic)
    if ingest is not None:
        rest = topic[ingest.end() :].lstrip("/")
        if len(rest.encode()) > MAX_TOPIC_BYTES or rest.count("/") > MAX_TOPIC_SLASHES:
            raise TopicError("a topic behind a rule's prefix is too long")
    elif not _RESERVED.fullmatch(topic):
        raise TopicError("a reserved topic cannot be published to")
