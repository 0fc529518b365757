"""Parameters of a query or a form: each at most once, empty ones as if they were not there.

Source: RFC 6749, 3.1 and 3.2 (documented).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from keyfob.core.http import HttpRequest
from keyfob.signin.errors import PageError

MAX_PARAMETERS = 100
"""More than any form here has fields."""

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was sent."""

    values: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return a value; None where it is missing or empty."""
        return self.values.get(name) or None

    def text(self, name: str) -> str:
        """Return a value; empty where it is missing."""
        return self.values.get(name, "")

    def starting_with(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Return names behind a prefix, and their values."""
        for name, value in self.values.items():
            if name.startswith(prefix):
                yield name.removeprefix(prefix), value


def parse_parameters(text: str) -> Parameters:
    """Parse a query or a form.

    Raises:
        PageError: it is not UTF-8, names a parameter twice, or has too many.
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise PageError("The request could not be read.") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise PageError("The request names a parameter twice.")
    return Parameters(values)


def read_form(request: HttpRequest) -> Parameters:
    """Return the form that a request brings.

    Raises:
        PageError: it brings something else, or the form cannot be read.
    """
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise PageError("The request brings no form.")
    return parse_parameters(request.body.decode("latin-1"))
