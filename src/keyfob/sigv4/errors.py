"""Errors of signature checking.

KeyfobError
+-- SignatureError
    +-- MissingSignatureError       the request carries no signature where one is needed
    +-- IncompleteSignatureError    parts of the signature are missing or malformed
    +-- SignatureMismatchError      what was signed is not what came
    +-- SignatureTimeError          the signature is not valid now
    |   +-- SignatureExpiredError
    |   +-- SignatureNotYetCurrentError
    +-- InvalidClientTokenError     no such access key or session token; the caller finds out
    +-- ExpiredTokenError           the temporary credentials are over; the caller finds out
"""

from typing import ClassVar

from keyfob.core.errors import AwsError, KeyfobError


class SignatureError(KeyfobError):
    """A signature that is not accepted."""

    code: ClassVar[str] = "SignatureDoesNotMatch"
    """Error code in the query protocol."""
    json_code: ClassVar[str] = "InvalidSignatureException"
    """Error code in the JSON protocols."""

    def __init__(self, message: str) -> None:
        """Keep the text that the client is told."""
        super().__init__(message)
        self.message = message


class MissingSignatureError(SignatureError):
    """The request carries no signature where one is needed."""

    code = "MissingAuthenticationToken"
    json_code = "MissingAuthenticationTokenException"

    def __init__(self, message: str = "Request is missing Authentication Token") -> None:
        """Use AWS's own text (observed)."""
        super().__init__(message)


class IncompleteSignatureError(SignatureError):
    """Parts of the signature are missing or malformed."""

    code = "IncompleteSignature"
    json_code = "IncompleteSignatureException"


class SignatureMismatchError(SignatureError):
    """What was signed is not what came.

    AWS tells the client the canonical request and the string to sign that it computed; both
    hold only what the client sent.
    """

    def __init__(self, message: str, canonical_request: str = "", string_to_sign: str = "") -> None:
        """Keep what was computed."""
        super().__init__(message)
        self.canonical_request = canonical_request
        self.string_to_sign = string_to_sign


class SignatureTimeError(SignatureError):
    """The signature is not valid now."""


class SignatureExpiredError(SignatureTimeError):
    """The signature was valid once."""


class SignatureNotYetCurrentError(SignatureTimeError):
    """The signature's date lies in the future."""


class InvalidClientTokenError(SignatureError):
    """No such access key, or a session token that is not its own."""

    code = "InvalidClientTokenId"
    json_code = "UnrecognizedClientException"

    def __init__(
        self, message: str = "The security token included in the request is invalid."
    ) -> None:
        """Use AWS's own text (observed, aws-sdk-php#2444)."""
        super().__init__(message)


class ExpiredTokenError(SignatureError):
    """The temporary credentials are over."""

    code = "ExpiredToken"
    json_code = "ExpiredTokenException"

    def __init__(
        self, message: str = "The security token included in the request is expired"
    ) -> None:
        """Use AWS's own text (observed)."""
        super().__init__(message)


def to_aws_error(error: SignatureError, protocol: str) -> AwsError:
    """Return the error in a protocol's own terms.

    Args:
        error: why the signature was refused.
        protocol: `json`, `query` or `rest-json`.

    Returns:
        403, as the services' "Common errors" pages have it; the JSON 1.1 services answer 400
        (observed with cognito-idp, aws-sdk-php#2444).
    """
    if protocol == "query":
        return AwsError(error.code, error.message, status=403)
    return AwsError(error.json_code, error.message, status=400 if protocol == "json" else 403)
