"""The errors every package shares.

    KeyfobError
    +-- AwsError          goes on the wire as a modelled error of the service
    +-- ConfigError       the operator's settings or data directory are unusable

Three families are never mixed: an `AwsError` answers an API call, a protocol error
(`mqtt.codec.errors`) answers bad bytes, and anything else is a bug: it is logged with
the request id, and the client is told only that an internal failure occurred.
"""


class KeyfobError(Exception):
    """Root of every error keyfob raises on purpose."""


class ConfigError(KeyfobError):
    """The operator's settings cannot be used; the message is one clear line."""


class AwsError(KeyfobError):
    """An error that an AWS API answers with.

    The code is the shape name or wire code of the service's model (for instance
    `NotAuthorizedException`, `NoSuchEntity`); `wire.render` finds the HTTP status there.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        is_sender_fault: bool = True,
        fields: dict[str, object] | None = None,
    ) -> None:
        """Describe one refusal.

        Args:
            code: error shape or code as the service's model spells it.
            message: AWS's own wording where it is known, otherwise one clear sentence.
            status: HTTP status; taken from the model, else 400, when not given.
            is_sender_fault: `Sender` rather than `Receiver` in query-protocol errors.
            fields: further members of the modelled error shape.
        """
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.is_sender_fault = is_sender_fault
        self.fields = fields or {}


def internal_failure() -> AwsError:
    """Return what a client is told about a bug: nothing but that it happened."""
    return AwsError(
        "InternalFailure",
        "The request processing has failed because of an unknown error.",
        status=500,
        is_sender_fault=False,
    )


def access_denied(message: str) -> AwsError:
    """Return an authorisation failure in the form most services share.

    `wire.render` renames it where a service has its own code (IoT's
    `ForbiddenException`, for instance).
    """
    return AwsError("AccessDeniedException", message, status=403)
