"""Errors of authentication and authorisation.

KeyfobError
+-- UnknownCredentialError     no such access key, or a session token that is not its own
+-- ExpiredCredentialError     the session is over
+-- NotAllowedError            a decision other than ALLOW was required to be one
+-- OperationRowError          an operation's authorisation row asks nothing: a bug
"""

from keyfob.core.errors import KeyfobError


class UnknownCredentialError(KeyfobError):
    """No such access key, an inactive one, or a session token that does not belong to it."""


class ExpiredCredentialError(KeyfobError):
    """The temporary credentials' time is over."""


class NotAllowedError(KeyfobError):
    """`Decision.require_allow` met a refusal; the message is AWS's sentence for it."""


class OperationRowError(KeyfobError):
    """An operation that policies should judge names no action or no resource: a bug."""
