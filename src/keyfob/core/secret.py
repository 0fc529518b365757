"""Values that must not be printed."""

from typing import Generic, TypeVar

SecretT = TypeVar("SecretT", str, bytes)


class Secret(Generic[SecretT]):
    """Holds a secret text or byte string and hides it from `repr`, `str` and logs."""

    __slots__ = ("_value",)

    def __init__(self, value: SecretT) -> None:
        """Wrap `value`."""
        self._value: SecretT = value

    def reveal(self) -> SecretT:
        """Return the secret itself; call it where it is used, never to store it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"
