"""Codes that were sent: random, kept as keyed digests, good for a while and a few tries.

Lifetimes are documented ("Quotas in Amazon Cognito"): 24 hours for sign-up and attributes, one hour
for a forgotten password. The bound on wrong tries is inferred; it makes guessing one of a million
codes hopeless.
"""

import hashlib
import hmac
from dataclasses import dataclass

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.users import PendingCode

MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class CodeKind:
    """What a code is for."""

    purpose: str
    lifetime_s: int
    message_source: str
    """What the custom message trigger is told."""
    is_per_attribute: bool = False
    """Whether a code for each attribute may wait at once."""

    def slot(self, attribute: str) -> str:
        """Return where a user's record keeps a code."""
        return f"{self.purpose} {attribute}" if self.is_per_attribute else self.purpose


SIGN_UP = CodeKind("sign up", 86_400, "SignUp")
ATTRIBUTE = CodeKind("attribute", 86_400, "UpdateUserAttribute", is_per_attribute=True)
PASSWORD = CodeKind("forgotten password", 3_600, "ForgotPassword")
SIGN_IN = CodeKind("sign in", 180, "Authentication")
"""Lives in the sealed session of the challenge, as long as that."""


def keep_code(
    kind: CodeKind, code: str, *, key: bytes, sub: str, attribute: str, now_s: float
) -> PendingCode:
    """Return what is stored of a code that is being sent."""
    digest = digest_code(kind, code, key=key, sub=sub)
    return PendingCode(digest, now_s + kind.lifetime_s, attribute=attribute)


def check_code(
    kind: CodeKind, pending: PendingCode | None, code: str, *, key: bytes, sub: str, now_s: float
) -> PendingCode:
    """Return the pending code that a typed one matches.

    Raises:
        AwsError: none is waiting, it expired, was tried too often, or is another.
    """
    if pending is None or now_s >= pending.expires_at_s:
        raise errors.expired_code()
    if pending.attempts >= MAX_ATTEMPTS:
        raise errors.attempt_limit_exceeded()
    if not hmac.compare_digest(pending.digest, digest_code(kind, code, key=key, sub=sub)):
        raise errors.code_mismatch()
    return pending


def digest_code(kind: CodeKind, code: str, *, key: bytes, sub: str) -> bytes:
    """Return the keyed digest of a code; six digits alone would be found by trying."""
    message = f"{kind.purpose}\0{sub}\0{code}".encode()
    return hmac.new(key, message, hashlib.sha256).digest()
