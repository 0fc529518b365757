"""Topics and topic filters: what MQTT clients can do with what a policy says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keyfob.lint.overlap import build_atoms, build_filter_atoms
from keyfob.lint.rule import Hit, Rule, Severity
from keyfob.lint.subject import (
    ANYTHING,
    Subject,
    covers,
    is_allow,
    resource_part,
    strip_type,
)
from keyfob.policy import PolicyKind
from keyfob.policy.document import Statement, StatementEffect
from keyfob.policy.errors import quote
from keyfob.policy.template import Part, Template, Variable

SUBSCRIBE, RECEIVE = "iot:subscribe", "iot:receive"
_ON_TOPICS = ("iot:publish", RECEIVE, "iot:retainpublish", "iot:getretainedmessage")
_CLIENT_ID = "iot:clientid"


def check_subscribe_on_topic(subject: Subject) -> Iterator[Hit]:
    """Report `topic/` resources where only `topicfilter/` can match."""
    for statement, pattern, path in _typed(subject, "topic", "topicfilter"):
        is_used = any(covers(statement, action) for action in _ON_TOPICS)
        if not is_used or not _has_type(statement, "topicfilter"):
            yield Hit(
                path,
                "`iot:Subscribe` is checked against `topicfilter/`, never against "
                f"{quote(pattern.text)}",
                "write `topicfilter/` instead of `topic/` for `iot:Subscribe`",
            )


def check_publish_on_filter(subject: Subject) -> Iterator[Hit]:
    """Report `topicfilter/` resources where only `topic/` can match."""
    for statement, pattern, path in _typed(subject, "topicfilter", "topic"):
        if not covers(statement, SUBSCRIBE) or not _has_type(statement, "topic"):
            yield Hit(
                path,
                "publishing and receiving are checked against `topic/`, never against "
                f"{quote(pattern.text)}",
                "write `topic/` instead of `topicfilter/` for `iot:Publish` and `iot:Receive`",
            )


def check_not_receivable(subject: Subject) -> Iterator[Hit]:
    """Report filters that may be subscribed to and whose messages may not be received."""
    receivable = list(_grants(subject, StatementEffect.ALLOW, RECEIVE, "topic"))
    if not receivable:  # another policy may allow it
        return
    topics = [build_atoms(grant.parts) for grant in receivable]
    for grant in _grants(subject, StatementEffect.ALLOW, SUBSCRIBE, "topicfilter"):
        if not subject.matcher.meets(build_filter_atoms(grant.parts), topics):
            yield Hit(
                grant.path,
                f"a subscription to {quote(grant.text)} brings nothing: no message of it may be "
                "received",
                "make the topics of `iot:Receive` those of the filter",
            )


def check_not_subscribable(subject: Subject) -> Iterator[Hit]:
    """Report topics that may be received and that no allowed filter reaches."""
    filters = [
        build_filter_atoms(grant.parts)
        for grant in _grants(subject, StatementEffect.ALLOW, SUBSCRIBE, "topicfilter")
    ]
    if not filters:
        return
    for grant in _grants(subject, StatementEffect.ALLOW, RECEIVE, "topic"):
        if grant.text.partition(":topic/")[2].startswith("$aws/"):  # IoT may send unasked
            continue
        if not subject.matcher.meets(build_atoms(grant.parts), filters):
            yield Hit(
                grant.path,
                f"{quote(grant.text)} may be received, but no filter that may be subscribed to "
                "reaches it",
                "allow `iot:Subscribe` on a `topicfilter/` that reaches the topic",
            )


def check_wildcard_in_topic(subject: Subject) -> Iterator[Hit]:
    """Report `+` and `#` in topics: no topic has them."""
    for pattern, path in _wildcarded(subject, "topic"):
        yield Hit(
            path,
            f"{quote(pattern.text)} matches no topic: `+` and `#` are plain characters in a policy "
            "and cannot stand in a topic",
            "write `*` for any characters or `?` for one",
        )


def check_wildcard_in_filter(subject: Subject) -> Iterator[Hit]:
    """Report `+` and `#` in filters: they allow that one spelling only."""
    for pattern, path in _wildcarded(subject, "topicfilter"):
        yield Hit(
            path,
            f"{quote(pattern.text)} is this one filter, letter by letter, and none of the topics "
            "under it",
            "write `*` if any filter of this form is meant; keep it if clients subscribe with "
            "exactly this filter",
        )


def check_deny_on_filter(subject: Subject) -> Iterator[Hit]:
    """Report denied filters whose messages a wider filter still brings."""
    denied = _grants(subject, StatementEffect.DENY, RECEIVE, "topic")
    topics = [build_atoms(grant.parts) for grant in denied]
    for grant in _grants(subject, StatementEffect.DENY, SUBSCRIBE, "topicfilter"):
        if grant.parts == ANYTHING:
            continue
        if not subject.matcher.meets(build_filter_atoms(grant.parts), topics):
            yield Hit(
                grant.path,
                f"denying {quote(grant.text)} does not keep its messages back: a filter such as "
                "`#` brings them all the same",
                "deny `iot:Receive` on the topics as well",
            )


def check_client_id_in_filter(subject: Subject) -> Iterator[Hit]:
    """Report filters that a client widens by calling itself `+` or `#`."""
    if subject.kind is not PolicyKind.IOT:
        return
    for statement in subject.statements:
        if not is_allow(statement) or statement.is_not_resource:
            continue
        for pattern, path in subject.resources(statement):
            parts = strip_type(pattern, "topicfilter")
            if parts is not None and any(_is_client_id(part) for part in parts):
                yield Hit(
                    path,
                    "the client chooses its client id; one called `+` subscribes to everybody's "
                    "topics here",
                    "allow `iot:Connect` for ids without wildcards only, or use a variable that "
                    "the client does not choose, such as `${iot:Connection.Thing.ThingName}`",
                )


def is_any_client(parts: Sequence[Part]) -> bool:
    """Tell whether what follows `client/` lets a client choose any id."""
    return tuple(parts) == ANYTHING or (len(parts) == 1 and _is_client_id(parts[0]))


@dataclass(frozen=True, slots=True)
class _Grant:
    """One resource that an action is allowed on, or denied."""

    parts: tuple[Part, ...]
    """What follows the resource type."""
    text: str
    path: str


def _grants(
    subject: Subject, effect: StatementEffect, action: str, resource_type: str
) -> Iterator[_Grant]:
    for statement in subject.statements:
        if statement.effect is not effect or not covers(statement, action):
            continue
        for pattern, path in subject.resources(statement):
            is_wide = statement.is_not_resource
            parts = ANYTHING if is_wide else strip_type(pattern, resource_type)
            if parts is not None:
                yield _Grant(parts, pattern.text, path)


def _typed(
    subject: Subject, resource_type: str, other: str
) -> Iterator[tuple[Statement, Template, str]]:
    """Yield IoT resources of one type in statements that spell out actions about the other."""
    needed = (SUBSCRIBE,) if other == "topicfilter" else _ON_TOPICS
    for statement in subject.statements:
        if statement.is_not_action or statement.is_not_resource:
            continue
        if not any(pattern.literal in needed for pattern in statement.actions):
            continue
        for pattern, path in subject.resources(statement):
            first = next(iter(resource_part(pattern)), None)
            if isinstance(first, str) and first.startswith(f"{resource_type}/"):
                yield statement, pattern, path


def _has_type(statement: Statement, resource_type: str) -> bool:
    return any(strip_type(pattern, resource_type) is not None for pattern in statement.resources)


def _wildcarded(subject: Subject, resource_type: str) -> Iterator[tuple[Template, str]]:
    for statement in subject.statements:
        for pattern, path in subject.resources(statement):
            parts = strip_type(pattern, resource_type) or ()
            literals = "".join(part for part in parts if isinstance(part, str))
            if "#" in literals or "+" in literals:
                yield pattern, path


def _is_client_id(part: Part) -> bool:
    return isinstance(part, Variable) and part.lookup == _CLIENT_ID


RULES = (
    Rule(
        "KF201",
        "subscribe-on-topic",
        Severity.ERROR,
        "`iot:Subscribe` on `topic/`",
        check_subscribe_on_topic,
    ),
    Rule(
        "KF202",
        "publish-on-topicfilter",
        Severity.ERROR,
        "`iot:Publish` or `iot:Receive` on `topicfilter/`",
        check_publish_on_filter,
    ),
    Rule(
        "KF203",
        "not-receivable",
        Severity.ERROR,
        "A filter that may be subscribed to and brings nothing",
        check_not_receivable,
    ),
    Rule(
        "KF204",
        "not-subscribable",
        Severity.WARNING,
        "A topic that may be received and not subscribed to",
        check_not_subscribable,
    ),
    Rule(
        "KF205",
        "mqtt-wildcard-in-topic",
        Severity.ERROR,
        "`+` or `#` in a topic",
        check_wildcard_in_topic,
    ),
    Rule(
        "KF206",
        "mqtt-wildcard-in-topicfilter",
        Severity.WARNING,
        "`+` or `#` in a topic filter",
        check_wildcard_in_filter,
    ),
    Rule(
        "KF207",
        "deny-on-topicfilter",
        Severity.WARNING,
        "A filter is denied and its messages are not",
        check_deny_on_filter,
    ),
    Rule(
        "KF208",
        "client-id-in-topicfilter",
        Severity.WARNING,
        "`${iot:ClientId}` in a topic filter",
        check_client_id_in_filter,
    ),
)
"""Source: IoT Developer Guide, `pub-sub-policy`, `iot-action-resources`,
`basic-policy-variables` (documented)."""
