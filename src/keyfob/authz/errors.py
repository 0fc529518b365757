"""Errors of authentication and authorisation.

    KeyfobError
    +-- UnknownCredentialError     no such access key, or a session token that is not its own
    +-- ExpiredCredentialError     the session is over
"""

from keyfob.core.errors import KeyfobError


class UnknownCredentialError(KeyfobError):
    """No such access key, an inactive one, or a session token that does not belong to it."""


class ExpiredCredentialError(KeyfobError):
    """The temporary credentials' time is over."""
