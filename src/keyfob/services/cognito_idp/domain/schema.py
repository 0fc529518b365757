"""The attributes a pool knows: the standard ones, custom ones, and what values they take.

Source: Cognito Developer Guide, "Working with user attributes" (documented); texts are observed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.user_pools import SchemaAttribute

MAX_CUSTOM_ATTRIBUTES = 50
"""Documented quota."""

MAX_VALUE_LENGTH = 2_048
"""Documented quota, in characters."""

_TEXT_ATTRIBUTES = (
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "email",
)  # fmt: skip
_MORE_TEXT_ATTRIBUTES = ("gender", "zoneinfo", "locale", "phone_number", "address")


def _text(name: str, max_length: int = MAX_VALUE_LENGTH) -> SchemaAttribute:
    return SchemaAttribute(name, min_length=0, max_length=max_length)


STANDARD_ATTRIBUTES: tuple[SchemaAttribute, ...] = (
    SchemaAttribute("sub", is_mutable=False, is_required=True, min_length=1, max_length=2048),
    *(_text(name) for name in _TEXT_ATTRIBUTES),
    SchemaAttribute("email_verified", "Boolean"),
    SchemaAttribute("birthdate", min_length=10, max_length=10),
    *(_text(name) for name in _MORE_TEXT_ATTRIBUTES),
    SchemaAttribute("phone_number_verified", "Boolean"),
    SchemaAttribute("updated_at", "Number", min_value=0),
)
"""OpenID Connect's standard claims (documented), with Cognito's default constraints (observed)."""

STANDARD_NAMES = frozenset(attribute.name for attribute in STANDARD_ATTRIBUTES)

VERIFICATION_FLAGS = frozenset({"email_verified", "phone_number_verified"})

_PHONE_NUMBER = re.compile(r"\+[0-9]{1,15}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")


def build_schema(requested: Iterable[Mapping[str, Any]]) -> tuple[SchemaAttribute, ...]:
    """Return a new pool's schema: the standard attributes as asked for, then custom ones.

    Raises:
        AwsError: an attribute is named twice or asks for what its kind cannot have.
    """
    standard = {attribute.name: attribute for attribute in STANDARD_ATTRIBUTES}
    custom: list[Mapping[str, Any]] = []
    for member in requested:
        if member.get("Name") in standard:
            attribute = _override_standard(standard[member["Name"]], member)
            standard[attribute.name] = attribute
        else:
            custom.append(member)
    return extend_schema(tuple(standard.values()), custom)


def extend_schema(
    schema: tuple[SchemaAttribute, ...], requested: Iterable[Mapping[str, Any]]
) -> tuple[SchemaAttribute, ...]:
    """Return a schema with custom attributes appended.

    Raises:
        AwsError: a name is missing or taken, the quota is exceeded, or one is to be required.
    """
    extended = list(schema)
    for member in requested:
        attribute = _parse_custom(member)
        if any(known.name == attribute.name for known in extended):
            raise errors.invalid_parameter(
                f"{attribute.name}: Existing attribute already has name {attribute.name}."
            )
        extended.append(attribute)
    if len(extended) - len(STANDARD_ATTRIBUTES) > MAX_CUSTOM_ATTRIBUTES:
        raise errors.limit_exceeded(f"A pool has at most {MAX_CUSTOM_ATTRIBUTES} attributes.")
    return tuple(extended)


def custom_names(schema: Iterable[SchemaAttribute]) -> tuple[str, ...]:
    """Return the full names of the custom attributes."""
    return tuple(each.name for each in schema if each.name not in STANDARD_NAMES)


def render_attribute(attribute: SchemaAttribute) -> dict[str, Any]:
    """Return a `SchemaAttributeType`."""
    rendered: dict[str, Any] = {
        "Name": attribute.name,
        "AttributeDataType": attribute.data_type,
        "DeveloperOnlyAttribute": attribute.is_developer_only,
        "Mutable": attribute.is_mutable,
        "Required": attribute.is_required,
    }
    if attribute.data_type == "String":
        bounds = {"MinLength": attribute.min_length, "MaxLength": attribute.max_length}
        rendered["StringAttributeConstraints"] = _texts(bounds)
    elif attribute.data_type == "Number":
        bounds = {"MinValue": attribute.min_value, "MaxValue": attribute.max_value}
        rendered["NumberAttributeConstraints"] = _texts(bounds)
    return rendered


def check_values(schema: Iterable[SchemaAttribute], values: Mapping[str, str]) -> None:
    """Check attribute values that someone wants to write.

    Raises:
        AwsError: an attribute is not declared, or a value is not of its type or length.
    """
    declared = {attribute.name: attribute for attribute in schema}
    for name, value in values.items():
        attribute = declared.get(name)
        if attribute is None:
            raise errors.schema_violation(name, "Attribute does not exist in the schema.")
        if name == "sub":
            raise errors.invalid_parameter("Cannot modify the non-mutable attribute sub")
        if value:
            _check_value(attribute, value)


def check_required(schema: Iterable[SchemaAttribute], values: Mapping[str, str]) -> None:
    """Check that a new user has every required attribute.

    Raises:
        AwsError: one is missing or empty.
    """
    for attribute in schema:
        if attribute.is_required and attribute.name != "sub" and not values.get(attribute.name):
            raise errors.schema_violation(attribute.name, "The attribute is required")


def check_mutable(schema: Iterable[SchemaAttribute], names: Iterable[str]) -> None:
    """Check that attributes of an existing user may change.

    Raises:
        AwsError: one may not.
    """
    fixed = {attribute.name for attribute in schema if not attribute.is_mutable}
    for name in names:
        if name in fixed:
            raise errors.immutable_attribute(name)


def _override_standard(attribute: SchemaAttribute, member: Mapping[str, Any]) -> SchemaAttribute:
    """Apply what a pool may choose about a standard attribute."""
    asked_type = member.get("AttributeDataType", attribute.data_type)
    if asked_type != attribute.data_type or member.get("DeveloperOnlyAttribute"):
        raise errors.invalid_parameter(
            f"You can not change AttributeDataType or set developerOnlyAttribute for standard "
            f"schema attribute {attribute.name}"
        )
    low, high = _length_bounds(member)
    least, most = _value_bounds(member)
    return SchemaAttribute(
        attribute.name,
        attribute.data_type,
        is_mutable=attribute.is_mutable and member.get("Mutable", attribute.is_mutable),
        is_required=attribute.name == "sub" or member.get("Required", attribute.is_required),
        min_length=attribute.min_length if low is None else low,
        max_length=attribute.max_length if high is None else high,
        min_value=attribute.min_value if least is None else least,
        max_value=attribute.max_value if most is None else most,
    )


def _parse_custom(member: Mapping[str, Any]) -> SchemaAttribute:
    name = member.get("Name")
    data_type = member.get("AttributeDataType")
    if not name or data_type is None:
        problem = "could not be determined"
        raise errors.invalid_parameter(f"Type for attribute {{custom:{name}}} {problem}")
    if member.get("Required"):
        raise errors.invalid_parameter("Required custom attributes are not supported currently.")
    is_developer_only = bool(member.get("DeveloperOnlyAttribute"))
    min_length, max_length = _length_bounds(member)
    min_value, max_value = _value_bounds(member)
    return SchemaAttribute(
        f"{'dev' if is_developer_only else 'custom'}:{name}",
        data_type,
        is_mutable=member.get("Mutable", True),
        is_developer_only=is_developer_only,
        min_length=min_length,
        max_length=max_length,
        min_value=min_value,
        max_value=max_value,
    )


def _length_bounds(member: Mapping[str, Any]) -> tuple[int | None, int | None]:
    bounds = member.get("StringAttributeConstraints", {})
    return _bound(bounds, "MinLength"), _bound(bounds, "MaxLength")


def _value_bounds(member: Mapping[str, Any]) -> tuple[int | None, int | None]:
    bounds = member.get("NumberAttributeConstraints", {})
    return _bound(bounds, "MinValue"), _bound(bounds, "MaxValue")


def _bound(bounds: Mapping[str, str], name: str) -> int | None:
    text = bounds.get(name)
    if text is None:
        return None
    if re.fullmatch(r"-?[0-9]{1,20}", text) is None:
        raise errors.invalid_parameter(f"{name} must be an integer.")
    return int(text)


def _texts(bounds: Mapping[str, int | None]) -> dict[str, str]:
    return {name: str(value) for name, value in bounds.items() if value is not None}


def _check_value(attribute: SchemaAttribute, value: str) -> None:
    if attribute.name == "phone_number" and _PHONE_NUMBER.fullmatch(value) is None:
        raise errors.invalid_parameter("Invalid phone number format.")
    if attribute.name == "email" and _EMAIL.fullmatch(value) is None:
        raise errors.invalid_parameter("Invalid email address format.")
    if attribute.data_type == "Boolean":
        is_valid = value.lower() in ("true", "false")
    elif attribute.data_type in ("Number", "DateTime"):
        is_valid = _is_number_within(attribute, value)
    else:
        is_valid = _is_length_within(attribute, value)
    if not is_valid:
        raise errors.schema_violation(attribute.name, _problem(attribute))


def _problem(attribute: SchemaAttribute) -> str:
    if attribute.data_type == "String":
        return "String length is not within the allowed range"
    return f"The value is not a {attribute.data_type} within the allowed range"


def _is_number_within(attribute: SchemaAttribute, value: str) -> bool:
    if _NUMBER.fullmatch(value) is None:
        return False
    number = float(value)
    is_low = attribute.min_value is not None and number < attribute.min_value
    is_high = attribute.max_value is not None and number > attribute.max_value
    return not (is_low or is_high)


def _is_length_within(attribute: SchemaAttribute, value: str) -> bool:
    low = attribute.min_length or 0
    high = MAX_VALUE_LENGTH if attribute.max_length is None else attribute.max_length
    return low <= len(value) <= min(high, MAX_VALUE_LENGTH)
