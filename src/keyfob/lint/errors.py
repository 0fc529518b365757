"""The error of the linter.

KeyfobError
+-- UnusableInputError    a file that cannot be read as a policy or a template
"""

from keyfob.core.errors import KeyfobError


class UnusableInputError(KeyfobError):
    """A text is neither a policy nor a template; the message is one line with its place."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        """Describe it.

        Args:
            message: what is wrong, without the place.
            line: where, from 1.
            column: where, in characters from 1.
        """
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
