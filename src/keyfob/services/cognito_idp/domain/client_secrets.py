"""Secrets of app clients."""

import string

from keyfob.core.ids import Randomness, random_text

MAX_SECRETS = 2
"""Documented."""

_LENGTH = 52
"""Length of generated secrets; observed."""


def new_client_secret(randomness: Randomness) -> str:
    """Return a generated secret."""
    return random_text(randomness, string.ascii_lowercase + string.digits, _LENGTH)


def new_secret_id(randomness: Randomness, client_id: str) -> str:
    """Return the id of a secret; the form is inferred."""
    return f"{client_id}--{random_text(randomness, string.ascii_lowercase + string.digits, 16)}"
