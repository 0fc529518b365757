"""AWS Signature Version 4: reading, verifying and making signatures. Pure.

find_claim(request) -> Claim | None                     what the request says
verify(request, claim, secret, now_s) -> VerifiedRequest    whether it holds
reject_unknown_key(request, claim, now_s)               the same work for an unknown key
sign_headers, presign                                   for our own clients
"""

from keyfob.sigv4.claim import Claim, Form, Scope, find_claim
from keyfob.sigv4.errors import (
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
from keyfob.sigv4.keys import derive_signing_key
from keyfob.sigv4.sign import SigningCredentials, presign, sign_headers
from keyfob.sigv4.verify import VerifiedRequest, reject_unknown_key, verify

__all__ = [
    "find_claim",
    "Claim",
    "Form",
    "Scope",
    "verify",
    "reject_unknown_key",
    "VerifiedRequest",
    "sign_headers",
    "presign",
    "SigningCredentials",
    "derive_signing_key",
    "SignatureError",
    "MissingSignatureError",
    "IncompleteSignatureError",
    "SignatureMismatchError",
    "SignatureExpiredError",
    "SignatureNotYetCurrentError",
    "InvalidClientTokenError",
    "ExpiredTokenError",
    "to_aws_error",
]
