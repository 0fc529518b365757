"""Typed access to the claims of a token."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.tokens.errors import ClaimError


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token, as its JSON object."""

    values: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return a string claim.

        Raises:
            ClaimError: it is missing or no string.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            raise ClaimError(f"the claim `{name}` is not a text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string claim, None where it is missing.

        Raises:
            ClaimError: it is there and no string.
        """
        return None if name not in self.values else self.text(name)

    def time_s(self, name: str) -> float:
        """Return a NumericDate (RFC 7519) in epoch seconds.

        Raises:
            ClaimError: it is missing or no number.
        """
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ClaimError(f"the claim `{name}` is not a time")
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings; empty where it is missing, one where it is a lone string.

        Raises:
            ClaimError: it holds anything but strings.
        """
        value = self.values.get(name, [])
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            raise ClaimError(f"the claim `{name}` is not a list of texts")
        return tuple(entries)
