"""Password policies. Source: Cognito Developer Guide, "Password requirements" (documented)."""

import string

from keyfob.core.ids import Randomness, random_text
from keyfob.services.cognito_idp import errors
from keyfob.store.ports.user_pools import PasswordPolicy

MAX_PASSWORD_LENGTH = 256
"""Documented."""

SYMBOLS = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-")
"""Characters that count as symbols; so does a space that neither leads nor trails."""


def check_password(policy: PasswordPolicy, password: str) -> None:
    """Check a new password.

    Raises:
        AwsError: `InvalidPasswordException` naming the first rule it breaks.
    """
    inner = password.strip(" ")
    rules = (
        (len(password) >= policy.minimum_length, "Password not long enough"),
        (len(password) <= MAX_PASSWORD_LENGTH, "Password too long"),
        (
            not policy.requires_uppercase or any(c in string.ascii_uppercase for c in password),
            "Password must have uppercase characters",
        ),
        (
            not policy.requires_lowercase or any(c in string.ascii_lowercase for c in password),
            "Password must have lowercase characters",
        ),
        (
            not policy.requires_numbers or any(c in string.digits for c in password),
            "Password must have numeric characters",
        ),
        (
            not policy.requires_symbols
            or " " in inner
            or any(character in SYMBOLS for character in password),
            "Password must have symbol characters",
        ),
        (password == inner, "Password must not start or end with a space"),
    )
    for is_kept, problem in rules:
        if not is_kept:
            raise errors.password_policy(problem)


def generate_password(policy: PasswordPolicy, randomness: Randomness) -> str:
    """Return a temporary password that satisfies any policy of its length."""
    length = max(policy.minimum_length, 12)
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!@#%&=+-")
    head = "".join(random_text(randomness, kind, 1) for kind in kinds)
    return head + random_text(randomness, string.ascii_letters + string.digits, length - len(head))
