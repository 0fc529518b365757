"""What the sign-in endpoints refuse with.

KeyfobError
+-- PageError        shown to the person in the browser; nobody is sent anywhere
+-- RedirectError    told to the application, through the browser (RFC 6749, 4.1.2.1)
+-- OAuthError       told to the application that called (RFC 6749, 5.2)
"""

from keyfob.core.errors import KeyfobError
from keyfob.signin.redirects import Target


class PageError(KeyfobError):
    """A request that must not leave the server: its client or where it leads is not known."""

    def __init__(self, message: str, status: int = 400) -> None:
        """Say what is wrong, in a sentence for people."""
        super().__init__(message)
        self.message = message
        self.status = status


class RedirectError(KeyfobError):
    """A refusal that a registered address is told."""

    def __init__(self, target: Target, code: str, description: str = "") -> None:
        """Tell `target` an error code of RFC 6749 or OpenID Connect."""
        super().__init__(f"{code}: {description}")
        self.target = target
        self.code = code
        self.description = description


class OAuthError(KeyfobError):
    """A refusal of an endpoint that applications call."""

    def __init__(self, code: str, description: str = "", status: int = 400) -> None:
        """Answer `{"error": code}`."""
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status
