"""`BinaryEquals`: bytes in base64, compared byte for byte.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented).
"""

import base64
import binascii
from collections.abc import Sequence

from keyfob.policy.operators.matcher import Matcher
from keyfob.policy.template import Template


def build_equals(values: Sequence[Template]) -> Matcher:
    """Build `BinaryEquals`."""
    wanted = frozenset(_decode(value.text) for value in values)
    if None in wanted:
        raise ValueError("base64 was expected")

    def matches(actual: str, _context: object) -> bool:
        decoded = _decode(actual)
        return decoded is not None and decoded in wanted

    return matches


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
