"""What user pools need of others."""

from collections.abc import Mapping
from typing import Any, Protocol

from keyfob.core.errors import KeyfobError


class FunctionFailedError(KeyfobError):
    """A function ran and reported an error; `str()` is its `errorMessage`."""


class FunctionUnavailableError(KeyfobError):
    """A function could not be run, or gave no answer in time; it may be tried again."""


class FunctionInvoker(Protocol):
    """Runs Lambda functions for triggers."""

    @property
    def is_available(self) -> bool:
        """Whether there is anything that could run functions."""
        ...

    async def invoke(self, function_arn: str, event: Mapping[str, Any]) -> object:
        """Run a function with an event and return what it answered, decoded from JSON.

        The caller cancels it after five seconds.

        Raises:
            FunctionFailedError: the function raised.
            FunctionUnavailableError: there is none, it may not be invoked, or it did not answer.
        """
        ...


class NoFunctions:
    """No function service exists; pools with triggers cannot be made."""

    is_available = False

    async def invoke(self, function_arn: str, event: Mapping[str, Any]) -> object:
        """Refuse.

        Raises:
            FunctionUnavailableError: always.
        """
        raise FunctionUnavailableError(f"there is no function service to run `{function_arn}`")
