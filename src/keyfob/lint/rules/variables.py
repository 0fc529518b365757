"""Variables that come to nothing."""

import re
from collections.abc import Iterator

from keyfob.lint import reference
from keyfob.lint.keys import (
    COGNITO,
    COGNITO_KEYS,
    PRINCIPAL_TAG,
    is_global_key,
    is_iot_variable,
    is_provider_key,
    prefix_of,
)
from keyfob.lint.overlap import OPAQUE
from keyfob.lint.rule import Hit, Rule, Severity
from keyfob.lint.subject import Subject
from keyfob.policy import PolicyKind
from keyfob.policy.document import VARIABLES_VERSION
from keyfob.policy.errors import quote

_LOOKS_VARIABLE = re.compile(r"\$\{[A-Za-z0-9.-]+:[^}]+\}")


def check_unresolvable(subject: Subject) -> Iterator[Hit]:
    """Report variables that this kind of policy does not know."""
    is_iot = subject.kind is PolicyKind.IOT
    for key, path in _variables(subject):
        if is_iot:
            is_known = is_iot_variable(key) or key in COGNITO_KEYS or key.startswith(PRINCIPAL_TAG)
        else:
            is_known = _is_known_to_iam(key)
        if not is_known:
            kind = "an IoT policy" if is_iot else "an IAM policy"
            yield Hit(
                path,
                f"`${{{key}}}` has no value in {kind}, so this matches nothing",
                "use a variable that this kind of policy knows",
            )


def check_multi_valued(subject: Subject) -> Iterator[Hit]:
    """Report variables of keys that have several values."""
    for template, path in subject.templates():
        for variable in template.variables:
            if variable.is_multi_valued:
                yield Hit(
                    path,
                    f"{quote(variable.key)} has several values and cannot stand in a text, so this "
                    "matches nothing",
                    "ask for the key in a `Condition` with `ForAnyValue`",
                )


def check_tag_in_iot(subject: Subject) -> Iterator[Hit]:
    """Report principal tags in IoT policies."""
    if subject.kind is not PolicyKind.IOT:
        return
    for key, path in _variables(subject):
        if key.startswith(PRINCIPAL_TAG):
            yield Hit(
                path,
                "AWS does not list `aws:PrincipalTag` among the variables of IoT policies; where "
                "it is not filled in, this matches nothing",
                "narrow by the tag in the role's policy, and let the IoT policy be wide",
            )


def check_version(subject: Subject) -> Iterator[Hit]:
    """Report variables in a policy whose version does not have them."""
    if subject.document.version == VARIABLES_VERSION:
        return
    for template, path in subject.templates():
        if _LOOKS_VARIABLE.search(template.text):
            yield Hit(
                path,
                f"without the version `{VARIABLES_VERSION}` a variable is plain text, and this "
                "matches its letters only",
                f'write `"Version": "{VARIABLES_VERSION}"`',
            )


def _variables(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield the single-valued variables, in lower case, each with its JSON path."""
    for template, path in subject.templates():
        for variable in template.variables:
            if not variable.is_multi_valued and OPAQUE not in variable.key:
                yield variable.lookup, path


def _is_known_to_iam(key: str) -> bool:
    if prefix_of(key) == COGNITO:
        return key in COGNITO_KEYS
    return (
        is_global_key(key) or is_provider_key(key) or reference.service_has_key(prefix_of(key), key)
    )


RULES = (
    Rule(
        "KF401",
        "unresolvable-variable",
        Severity.ERROR,
        "A variable that this kind of policy does not know",
        check_unresolvable,
    ),
    Rule(
        "KF402",
        "multi-valued-variable",
        Severity.ERROR,
        "A variable of a key with several values",
        check_multi_valued,
    ),
    Rule(
        "KF403",
        "principal-tag-in-iot-policy",
        Severity.WARNING,
        "`${aws:PrincipalTag/...}` in an IoT policy",
        check_tag_in_iot,
    ),
    Rule(
        "KF404",
        "variable-without-version",
        Severity.ERROR,
        "A variable in a policy without the version `2012-10-17`",
        check_version,
    ),
)
"""Source: IAM User Guide, "IAM policy elements: Variables and tags"; IoT Developer Guide,
`iot-policy-variables` (documented)."""
