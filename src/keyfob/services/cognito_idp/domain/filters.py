"""The `Filter` of `ListUsers`: one attribute, `=` or `^=` (starts with), one quoted value.

Source: API reference of `ListUsers` (documented): `family_name = "Reddy"`.
"""

import re
from dataclasses import dataclass

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.users import UserRecord

_FILTER = re.compile(r'\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*')

_SEARCHABLE = frozenset(
    {
        "username", "email", "phone_number", "name", "given_name", "family_name",
        "preferred_username", "cognito:user_status", "status", "sub",
    }
)  # fmt: skip
"""Documented; custom attributes cannot be searched."""


@dataclass(frozen=True, slots=True)
class UserFilter:
    """One parsed filter."""

    attribute: str
    is_prefix: bool
    value: str

    def matches(self, user: UserRecord) -> bool:
        """Return whether a user is wanted."""
        actual = self._actual(user)
        if actual is None:
            return False
        return actual.startswith(self.value) if self.is_prefix else actual == self.value

    def _actual(self, user: UserRecord) -> str | None:
        special = {
            "username": user.username,
            "sub": user.sub,
            "cognito:user_status": user.status,
            "status": "Enabled" if user.is_enabled else "Disabled",
        }
        return special.get(self.attribute, user.attributes.get(self.attribute))


def parse_filter(text: str) -> UserFilter:
    """Parse a filter.

    Raises:
        AwsError: it is malformed or names an attribute that cannot be searched.
    """
    match = _FILTER.fullmatch(text)
    if match is None:
        raise errors.invalid_parameter("Error while parsing filter")
    attribute, operator, value = match.groups()
    if attribute not in _SEARCHABLE:
        raise errors.invalid_parameter(f"Unable to search over attribute {attribute}.")
    return UserFilter(attribute, operator == "^=", re.sub(r"\\(.)", r"\1", value))
