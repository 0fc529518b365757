"""Policy text to a document; everything AWS would not take is refused here.

So grammar errors never reach evaluation. Each refusal names its JSON path.
Source: IAM User Guide, "Grammar of the IAM JSON policy language" and the element pages
(documented); where AWS's own check is not published the refusal is the stricter reading
(inferred) and listed in docs/reference/policy-language.md.
"""

import re
from collections.abc import Mapping
from typing import Final

from keyfob.policy.document import (
    VARIABLES_VERSION,
    VERSIONS,
    Condition,
    PolicyDocument,
    PolicyKind,
    PrincipalName,
    Statement,
    StatementEffect,
)
from keyfob.policy.errors import PolicyError, quote
from keyfob.policy.json_text import JsonNumber, JsonObject, read_json
from keyfob.policy.parse_condition import parse_conditions
from keyfob.policy.parse_patterns import parse_actions, parse_resources
from keyfob.policy.parse_principal import parse_principals
from keyfob.policy.size import SIZE_LIMITS, policy_size
from keyfob.policy.template import Template

_DOCUMENT_MEMBERS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS: Final = frozenset(
    {
        *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
        *("Resource", "NotResource", "Condition"),
    }
)
_NAMES_PRINCIPALS: Final = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST})
_SID = re.compile(r"[A-Za-z0-9]*")
# Policies of resources and of IoT are checked by their services, which take any Sid (inferred).
_FREE_SID: Final = frozenset({PolicyKind.RESOURCE, PolicyKind.IOT})


def parse_policy(text: str, kind: PolicyKind) -> PolicyDocument:
    """Parse one policy document.

    Args:
        text: JSON text as it was written.
        kind: where it is to be attached; decides which elements it must and may have.

    Raises:
        PolicyError: the document is not acceptable; says where and why.
    """
    limit = SIZE_LIMITS[kind]
    document = _require_object(read_json(text), "$")
    if policy_size(text) > limit:
        raise PolicyError(f"the policy is larger than {limit} characters without white space", "$")
    _refuse_unknown(document, _DOCUMENT_MEMBERS, "$")
    version = _optional_text(document, "Version", "$")
    if version is not None and version not in VERSIONS:
        expected = "`2012-10-17` or `2008-10-17`"
        raise PolicyError(f"{quote(version)} is not a version: {expected}", "$.Version")
    identifier = _optional_text(document, "Id", "$")
    has_variables = version == VARIABLES_VERSION
    written = document.get("Statement")
    listed = written if isinstance(written, list) else [written]
    if written is None or not listed:
        raise PolicyError("a policy has at least one statement", "$.Statement")
    statements: list[Statement] = []
    for index, value in enumerate(listed):
        path = f"$.Statement[{index}]" if isinstance(written, list) else "$.Statement"
        reader = _StatementReader(_require_object(value, path), path, kind, has_variables)
        statements.append(reader.read(index))
    _refuse_duplicate_sids(statements)
    return PolicyDocument(kind, version, identifier, tuple(statements))


def _require_object(value: object, path: str) -> JsonObject:
    """Return an object without duplicate members.

    Raises:
        PolicyError: something else, or a member came twice.
    """
    if not isinstance(value, JsonObject):
        raise PolicyError("an object was expected", path)
    if value.duplicate is not None:
        raise PolicyError(f"the member {quote(value.duplicate)} is there twice", path)
    return value


def _refuse_unknown(value: Mapping[str, object], known: frozenset[str], path: str) -> None:
    for name in value:
        if name not in known:
            raise PolicyError(f"{quote(name)} is not an element of the policy language", path)


def _optional_text(value: JsonObject, name: str, path: str) -> str | None:
    if name not in value:
        return None
    text = value[name]
    if not isinstance(text, str) or isinstance(text, JsonNumber):
        raise PolicyError("a text was expected", f"{path}.{name}")
    return text


def _refuse_duplicate_sids(statements: list[Statement]) -> None:
    seen: set[str] = set()
    for statement in statements:
        if not statement.sid:
            continue
        if statement.sid in seen:
            message = f"the sid {quote(statement.sid)} is there twice"
            raise PolicyError(message, f"{statement.path}.Sid")
        seen.add(statement.sid)


class _StatementReader:
    """Reads the elements of one statement."""

    def __init__(self, value: JsonObject, path: str, kind: PolicyKind, has_variables: bool) -> None:
        self._value = value
        self._path = path
        self._kind = kind
        self._has_variables = has_variables

    def read(self, index: int) -> Statement:
        """Return the statement."""
        _refuse_unknown(self._value, _STATEMENT_MEMBERS, self._path)
        sid = self._read_sid()
        effect = self._read_effect()
        principals, is_not_principal = self._read_principals(effect)
        action, is_not_action = self._require_one_of("Action", "NotAction")
        actions = parse_actions(self._value[action], f"{self._path}.{action}")
        resources: tuple[Template, ...] = ()
        is_not_resource = False
        if self._kind is PolicyKind.TRUST:
            self._refuse("a trust policy names no resource", "Resource", "NotResource")
        else:
            resource, is_not_resource = self._require_one_of("Resource", "NotResource")
            resources = parse_resources(
                self._value[resource],
                f"{self._path}.{resource}",
                has_variables=self._has_variables,
            )
        conditions: tuple[Condition, ...] = ()
        if "Condition" in self._value:
            conditions = parse_conditions(
                self._value["Condition"],
                f"{self._path}.Condition",
                has_variables=self._has_variables,
            )
        return Statement(
            index=index,
            path=self._path,
            sid=sid or None,
            effect=effect,
            principals=principals,
            is_not_principal=is_not_principal,
            actions=actions,
            is_not_action=is_not_action,
            resources=resources,
            is_not_resource=is_not_resource,
            conditions=conditions,
        )

    def _read_sid(self) -> str | None:
        sid = _optional_text(self._value, "Sid", self._path)
        if sid is not None and self._kind not in _FREE_SID and not _SID.fullmatch(sid):
            raise PolicyError(
                f"the sid {quote(sid)} has other characters than letters and digits",
                f"{self._path}.Sid",
            )
        return sid

    def _read_effect(self) -> StatementEffect:
        written = _optional_text(self._value, "Effect", self._path)
        for effect in StatementEffect:
            if written == effect.value:
                return effect
        raise PolicyError("the effect is `Allow` or `Deny`", f"{self._path}.Effect")

    def _read_principals(self, effect: StatementEffect) -> tuple[tuple[PrincipalName, ...], bool]:
        if self._kind not in _NAMES_PRINCIPALS:
            self._refuse("this kind of policy names no principal", "Principal", "NotPrincipal")
            return (), False
        element, is_not_principal = self._require_one_of("Principal", "NotPrincipal")
        path = f"{self._path}.{element}"
        if is_not_principal and self._kind is PolicyKind.TRUST:
            raise PolicyError("a trust policy cannot have `NotPrincipal`", path)
        if is_not_principal and effect is StatementEffect.ALLOW:
            raise PolicyError("`NotPrincipal` goes with the effect `Deny` only", path)
        return parse_principals(self._value[element], path), is_not_principal

    def _require_one_of(self, name: str, negated: str) -> tuple[str, bool]:
        if name in self._value and negated in self._value:
            raise PolicyError(f"`{name}` and `{negated}` exclude each other", self._path)
        if name in self._value:
            return name, False
        if negated in self._value:
            return negated, True
        raise PolicyError(f"a statement has `{name}` or `{negated}`", self._path)

    def _refuse(self, message: str, *names: str) -> None:
        for name in names:
            if name in self._value:
                raise PolicyError(message, f"{self._path}.{name}")
