"""Verification of a claimed signature. INVARIANT: only `verify` makes a `VerifiedRequest`."""

import contextlib
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import NoReturn

from keyfob.core import limits
from keyfob.core.errors import KeyfobError
from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4.canonical import canonical_request
from keyfob.sigv4.claim import Claim, Form, render_date
from keyfob.sigv4.errors import (
    IncompleteSignatureError,
    InvalidClientTokenError,
    SignatureExpiredError,
    SignatureMismatchError,
    SignatureNotYetCurrentError,
)
from keyfob.sigv4.keys import compute_signature, string_to_sign

DEVICE_GATEWAY = "iotdevicegateway"
"""Signing name of MQTT over WebSocket."""

_VERIFIER = object()
_NOBODY = Secret("no access key has this secret")


class UnverifiedConstructionError(KeyfobError):
    """Something other than `verify` tried to build a `VerifiedRequest`: a bug."""


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request whose signature holds; the type says that it was checked."""

    request: HttpRequest
    claim: Claim
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _VERIFIER:
            raise UnverifiedConstructionError("only sigv4.verify builds a verified request")


def verify(
    request: HttpRequest, claim: Claim, secret: Secret[str], now_s: float
) -> VerifiedRequest:
    """Check that the holder of `secret` signed this very request, and lately.

    Args:
        request: the request as it came.
        claim: what `find_claim` found in it.
        secret: secret access key of `claim.access_key_id`.
        now_s: the time in epoch seconds.

    Raises:
        IncompleteSignatureError: something that must be signed is not.
        SignatureExpiredError: too long ago.
        SignatureNotYetCurrentError: in the future.
        SignatureMismatchError: another secret, or something was changed.
    """
    _require_signed_headers(request, claim)
    _require_current(claim, now_s)
    _require_body_hash(request)
    _require_signature(request, claim, secret)
    return VerifiedRequest(request, claim, _VERIFIER)


def reject_unknown_key(request: HttpRequest, claim: Claim, now_s: float) -> NoReturn:
    """Refuse a request whose access key nobody knows, after the work of checking a known one.

    Raises:
        InvalidClientTokenError: always, unless `verify` would refuse for another reason first
            that has nothing to do with the key.
    """
    with contextlib.suppress(SignatureMismatchError):
        verify(request, claim, _NOBODY, now_s)
    raise InvalidClientTokenError


def _require_signed_headers(request: HttpRequest, claim: Claim) -> None:
    names = [name for name, _ in request.headers]
    if names.count("host") != 1:
        raise IncompleteSignatureError("The request must have one 'Host' header.")
    needed = {name for name in names if name.startswith("x-amz") and name != "x-amzn-trace-id"}
    needed.add("host")
    if claim.form is Form.HEADER and "x-amz-date" not in needed:
        needed.add("date")
    unsigned = sorted(needed.difference(claim.signed_headers))
    if unsigned:
        raise IncompleteSignatureError(
            f"'{unsigned[0][:100]}' must be a 'SignedHeader' in the AWS Authorization."
        )


def _require_current(claim: Claim, now_s: float) -> None:
    """Keep a header signature within the clock skew, and a presigned request within its life."""
    signed_at_s = claim.signed_at_s
    if claim.date[:8] != claim.scope.date:
        raise SignatureMismatchError(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{claim.scope.date}' != '{claim.date[:8]}', from '{claim.date}'."
        )
    skew_s = limits.MAX_CLOCK_SKEW_S
    if signed_at_s > now_s + skew_s:
        raise SignatureNotYetCurrentError(
            f"Signature not yet current: {claim.date} is still later than "
            f"{render_date(now_s + skew_s)} ({render_date(now_s)} + {skew_s // 60} min.)"
        )
    life_s = skew_s if claim.expires_s is None else claim.expires_s
    if signed_at_s + life_s < now_s:
        shown = f"{life_s // 60} min." if life_s % 60 == 0 else f"{life_s} s."
        raise SignatureExpiredError(
            f"Signature expired: {claim.date} is now earlier than "
            f"{render_date(now_s - life_s)} ({render_date(now_s)} - {shown})"
        )


def _require_body_hash(request: HttpRequest) -> None:
    """Hold a stated body hash against the body; `UNSIGNED-PAYLOAD` is no hash of anything."""
    stated = [value for name, value in request.headers if name == "x-amz-content-sha256"]
    if stated and stated != [hashlib.sha256(request.body).hexdigest()]:
        raise SignatureMismatchError(
            "The value of x-amz-content-sha256 is not the SHA-256 of the request's body."
        )


def _require_signature(request: HttpRequest, claim: Claim, secret: Secret[str]) -> None:
    leave_out = {"X-Amz-Signature"} if claim.form is Form.QUERY else set()
    if claim.form is Form.QUERY and claim.scope.service == DEVICE_GATEWAY:
        # The gateway takes the token as an addition to the signed URL: aws-sdk-js#1456.
        leave_out.add("X-Amz-Security-Token")
    refusal: SignatureMismatchError | None = None
    for host in _hosts(request, claim):
        canonical = canonical_request(request, claim.signed_headers, frozenset(leave_out), host)
        text = string_to_sign(claim.date, claim.scope, canonical)
        if hmac.compare_digest(compute_signature(secret, claim.scope, text), claim.signature):
            return
        refusal = refusal or _mismatch(canonical, text)
    assert refusal is not None  # noqa: S101 - `_hosts` never returns nothing
    raise refusal


def _hosts(request: HttpRequest, claim: Claim) -> tuple[str, ...]:
    """Return the host as it came and, for the device gateway, as it may have been signed.

    SDKs differ on whether the default port is part of the signed host: aws-c-auth#34.
    """
    host = (request.header("host") or "").strip()
    if claim.scope.service != DEVICE_GATEWAY:
        return (host,)
    bare = host.removesuffix(":443")
    if bare != host:
        return (host, bare)
    return (host,) if ":" in host else (host, f"{host}:443")


def _mismatch(canonical: str, text: str) -> SignatureMismatchError:
    shown = canonical.encode(errors="surrogateescape").decode(errors="replace")
    return SignatureMismatchError(
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        f"details.\n\nThe Canonical String for this request should have been\n'{shown}'\n\n"
        f"The String-to-Sign should have been\n'{text}'\n",
        shown,
        text,
    )
