"""Reading the `Condition` element."""

import re

from keyfob.policy.document import Condition, Quantifier
from keyfob.policy.errors import PolicyError, quote
from keyfob.policy.json_text import JsonObject
from keyfob.policy.operators.registry import Operator, find_operator
from keyfob.policy.template import Template, parse_template

_OPERATOR = re.compile(
    r"(?:(?P<quantifier>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<if_exists>IfExists)?",
    re.IGNORECASE,
)
_QUANTIFIERS = {one.value.lower(): one for one in Quantifier}
_KEY = re.compile(r"[^\s:*?${}]+:\S.*", re.DOTALL)


def parse_conditions(value: object, path: str, *, has_variables: bool) -> tuple[Condition, ...]:
    """Read the element into one condition per operator and key.

    Raises:
        PolicyError: an unknown operator, a bad key, or a value the operator cannot use.
    """
    conditions: list[Condition] = []
    for name, keys in _members(value, path):
        place = f"{path}.{name}"
        operator, quantifier, is_if_exists = _parse_operator(name, place)
        if not keys:  # `"Condition": {}` says nothing, an operator without keys is a slip
            raise PolicyError("at least one condition key was expected", place)
        for key, listed in _members(keys, place):
            if not _KEY.fullmatch(key):
                raise PolicyError(f"{quote(key)} is not a condition key: `prefix:name`", place)
            values = _parse_values(operator, listed, f"{place}.{key}", has_variables)
            conditions.append(Condition(name, operator, quantifier, is_if_exists, key, values))
    return tuple(conditions)


def _members(value: object, path: str) -> list[tuple[str, object]]:
    if not isinstance(value, JsonObject):
        raise PolicyError("an object was expected", path)
    if value.duplicate is not None:
        raise PolicyError(f"the member {quote(value.duplicate)} is there twice", path)
    return list(value.items())


def _parse_operator(name: str, path: str) -> tuple[Operator, Quantifier, bool]:
    found = _OPERATOR.fullmatch(name)
    operator = find_operator(found["name"]) if found else None
    if found is None or operator is None:
        raise PolicyError(f"{quote(name)} is not a condition operator", path)
    quantifier = _QUANTIFIERS[(found["quantifier"] or "").lower()]
    is_if_exists = found["if_exists"] is not None
    if operator.is_null_check and (is_if_exists or quantifier is not Quantifier.NONE):
        raise PolicyError("`Null` takes neither `IfExists` nor a set prefix", path)
    return operator, quantifier, is_if_exists


def _parse_values(
    operator: Operator, value: object, path: str, has_variables: bool
) -> tuple[Template, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise PolicyError("at least one value was expected", path)
    is_list = isinstance(value, list)
    values: list[Template] = []
    for index, one in enumerate(listed):
        place = f"{path}[{index}]" if is_list else path
        values.append(_parse_value(operator, one, place, has_variables))
    return tuple(values)


def _parse_value(operator: Operator, value: object, path: str, has_variables: bool) -> Template:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = str(value)
    else:
        raise PolicyError("a text, a number or a boolean was expected", path)
    if has_variables and "${" in text and not operator.allows_variables:
        raise PolicyError(f"`{operator.name}` takes no variables", path)
    try:
        template = parse_template(
            text,
            has_variables=has_variables and operator.allows_variables,
            has_wildcards=operator.allows_wildcards,
        )
        operator.build((template,))
    except ValueError as error:
        raise PolicyError(f"{error}, not {quote(text)}", path) from error
    return template
