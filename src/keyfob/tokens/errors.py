"""Errors of tokens and sealed values.

    KeyfobError
    +-- SealError                  a sealed value is not ours, was altered, or not for this
    +-- KeysUnavailableError       an issuer's keys cannot be fetched
    +-- TokenError                 a JWT is refused
        +-- MalformedTokenError    it is not a compact RS256 JWS holding a JSON object
        |   +-- ClaimError         a claim is missing or of the wrong type
        +-- UnknownKeyError        no key of the set has its `kid`
        +-- BadSignatureError      the signature does not fit
        +-- ExpiredTokenError      `exp` has passed
        +-- NotYetValidError       `nbf` lies ahead
        +-- UnexpectedClaimError   issuer, audience or use is not the expected one

None of the messages quotes the token.
"""

from keyfob.core.errors import KeyfobError


class SealError(KeyfobError):
    """A sealed value cannot be opened; why is not told, so that a forger learns nothing."""


class KeysUnavailableError(KeyfobError):
    """An issuer's published keys cannot be fetched, or are no key set."""

    def __init__(self, issuer: str, reason: str) -> None:
        """Name the issuer and what went wrong."""
        super().__init__(f"the keys of {issuer[:200]} cannot be had: {reason}")
        self.issuer = issuer


class TokenError(KeyfobError):
    """A JWT is refused."""


class MalformedTokenError(TokenError):
    """Not a compact JWS with algorithm RS256, a `kid`, and a JSON object as payload."""


class ClaimError(MalformedTokenError):
    """A claim is missing or of the wrong type."""


class UnknownKeyError(TokenError):
    """The key set has no key with the token's `kid`."""


class BadSignatureError(TokenError):
    """The signature does not verify."""


class ExpiredTokenError(TokenError):
    """The token's time is over."""


class NotYetValidError(TokenError):
    """The token's time has not begun."""


class UnexpectedClaimError(TokenError):
    """The token is sound but meant for something else."""

    def __init__(self, claim: str) -> None:
        """Name the claim that is not as expected."""
        super().__init__(f"the claim `{claim}` is not the expected one")
        self.claim = claim
