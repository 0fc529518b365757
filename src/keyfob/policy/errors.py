"""The errors of the policy language.

KeyfobError
+-- PolicyError           a document that AWS would not take, refused when it is written
"""

from keyfob.core.errors import KeyfobError

_SHOWN_CHARACTERS = 120


class PolicyError(KeyfobError):
    """A policy document cannot be used; it says where and why.

    Messages are one lower-case sentence without a final stop, the offending text in
    backticks and cut short.
    """

    def __init__(self, message: str, path: str) -> None:
        """Describe one refusal.

        Args:
            message: what is wrong and what was expected.
            path: JSON path of the offending part, for instance `$.Statement[0].Effect`.
        """
        super().__init__(f"{message} at {path}")
        self.message = message
        self.path = path


def quote(text: object) -> str:
    """Return `text` in backticks, on one line and cut short, for use in a message."""
    shown = " ".join(str(text).split())
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[: _SHOWN_CHARACTERS - 3] + "..."
    return f"`{shown}`"
