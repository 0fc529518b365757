"""The `Filter` of `ListUsers`: one attribute, `=` or `^=` (starts with), one quoted value.

Source: API reference of `ListUsers` (documented): `family_name = "Reddy"`.
"""

import re

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.users import SEARCHABLE, UserSearch

_FILTER = re.compile(r'\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*')


def parse_filter(text: str) -> UserSearch:
    """Parse a filter.

    Raises:
        AwsError: it is malformed or names an attribute that cannot be searched.
    """
    match = _FILTER.fullmatch(text)
    if match is None:
        raise errors.invalid_parameter("Error while parsing filter")
    attribute, operator, value = match.groups()
    if attribute not in SEARCHABLE:
        raise errors.invalid_parameter(f"Unable to search over attribute {attribute}.")
    return UserSearch(attribute, re.sub(r"\\(.)", r"\1", value), operator == "^=")
