"""Every refusal in every protocol's own terms."""

import pytest

from keyfob.sigv4 import (
    ExpiredTokenError,
    IncompleteSignatureError,
    InvalidClientTokenError,
    MissingSignatureError,
    SignatureError,
    SignatureExpiredError,
    SignatureMismatchError,
    SignatureNotYetCurrentError,
    to_aws_error,
)

CODES = [
    (
        MissingSignatureError(),
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    ),
    (IncompleteSignatureError("m"), "IncompleteSignature", "IncompleteSignatureException"),
    (SignatureMismatchError("m"), "SignatureDoesNotMatch", "InvalidSignatureException"),
    (SignatureExpiredError("m"), "SignatureDoesNotMatch", "InvalidSignatureException"),
    (SignatureNotYetCurrentError("m"), "SignatureDoesNotMatch", "InvalidSignatureException"),
    (InvalidClientTokenError(), "InvalidClientTokenId", "UnrecognizedClientException"),
    (ExpiredTokenError(), "ExpiredToken", "ExpiredTokenException"),
]


@pytest.mark.parametrize(("error", "query_code", "json_code"), CODES)
def test_codes(error: SignatureError, query_code: str, json_code: str) -> None:
    for protocol, code, status in (
        ("query", query_code, 403),
        ("json", json_code, 400),
        ("rest-json", json_code, 403),
    ):
        rendered = to_aws_error(error, protocol)
        assert (rendered.code, rendered.status) == (code, status)
        assert rendered.message == error.message
