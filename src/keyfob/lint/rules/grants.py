"""Permissions that are wider than they look."""

from collections.abc import Iterator

from keyfob.lint.rule import Hit, Rule, Severity
from keyfob.lint.rules.topics import is_any_client
from keyfob.lint.subject import ANYTHING, Subject, is_allow, names_action, strip_type
from keyfob.policy import PolicyKind
from keyfob.policy.document import Quantifier, Statement
from keyfob.policy.errors import quote

_ATTACH = "iot:attachpolicy"


def check_connect(subject: Subject) -> Iterator[Hit]:
    """Report `iot:Connect` as any client."""
    for statement in subject.statements:
        if not _spells_out(statement, "iot:connect"):
            continue
        for pattern, path in subject.resources(statement):
            parts = strip_type(pattern, "client")
            if parts is not None and is_any_client(parts):
                yield Hit(
                    path,
                    "`iot:Connect` under any client id lets one client take over the connection of "
                    "another",
                    "name the client id with something the client does not choose, such as "
                    "`client/${cognito-identity.amazonaws.com:sub}`",
                )


def check_attach(subject: Subject) -> Iterator[Hit]:
    """Report `iot:AttachPolicy` on everything, unless only services hold it."""
    around = subject.surroundings
    is_backend = around is not None and subject.roles and subject.roles <= around.service_roles
    if subject.kind is PolicyKind.IOT or is_backend:
        return
    for statement in subject.statements:
        if not _spells_out(statement, _ATTACH):
            continue
        for pattern, path in subject.resources(statement):
            if pattern.parts == ANYTHING:
                yield Hit(
                    path,
                    "who may call `iot:AttachPolicy` on `*` gives itself any policy of the account",
                    "attach policies from a backend of your own, and take the action from users",
                )


def check_for_all_values(subject: Subject) -> Iterator[Hit]:
    """Report `ForAllValues` in an `Allow` that holds when the key is absent."""
    for statement in subject.statements:
        if not is_allow(statement):
            continue
        required = {
            condition.key.lower()
            for condition in statement.conditions
            if condition.operator.is_null_check
            and all(value.text.lower() == "false" for value in condition.values)
        }
        for condition in statement.conditions:
            is_open = condition.quantifier is Quantifier.FOR_ALL_VALUES
            if is_open and condition.key.lower() not in required:
                yield Hit(
                    f"{statement.path}.Condition.{condition.name}.{condition.key}",
                    f"`ForAllValues` is true of a request without {quote(condition.key)}",
                    f'add `"Null": {{"{condition.key}": "false"}}`, or use `ForAnyValue`',
                )


def _spells_out(statement: Statement, action: str) -> bool:
    """Tell whether a statement allows an action by a pattern of its own service."""
    if not is_allow(statement) or statement.is_not_action or statement.is_not_resource:
        return False
    return any(
        isinstance(pattern.parts[0], str)
        and pattern.parts[0].startswith("iot:")
        and names_action(pattern, action)
        for pattern in statement.actions
    )


RULES = (
    Rule(
        "KF301",
        "connect-as-anyone",
        Severity.WARNING,
        "`iot:Connect` under any client id",
        check_connect,
    ),
    Rule(
        "KF302",
        "attach-any-policy",
        Severity.ERROR,
        "`iot:AttachPolicy` on `*` for users",
        check_attach,
    ),
    Rule(
        "KF303",
        "for-all-values-allow",
        Severity.WARNING,
        "`ForAllValues` in an `Allow`",
        check_for_all_values,
    ),
)
"""Source: IoT Developer Guide, `connect-policy`, `cog-iot-policies`; IAM User Guide,
"Multivalued context keys" (documented)."""
