"""What a request claims about its signature, read from either form; nothing is believed yet."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from keyfob.core import limits
from keyfob.core.http import HttpRequest
from keyfob.sigv4.canonical import decode_query
from keyfob.sigv4.errors import IncompleteSignatureError

ALGORITHM = "AWS4-HMAC-SHA256"
"""The only algorithm accepted."""
DEFAULT_EXPIRES_S = 300
"""Life of a presigned request without `X-Amz-Expires`: what the IoT device gateway grants."""

_PARTS = ("Credential", "Signature", "SignedHeaders")
_TERMINATOR = "aws4_request"
_DATE = "%Y%m%dT%H%M%SZ"
_SCOPE_PART = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ACCESS_KEY_ID = re.compile(r"[\w-]{1,128}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HEADER_NAMES = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+(;[a-z0-9!#$%&'*+.^_`|~-]+)*")
_EXPIRES = re.compile(r"[0-9]{1,7}")


class Form(Enum):
    """Where the signature travels."""

    HEADER = "header"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signing key is good for: one day, region and service."""

    date: str
    """`YYYYMMDD` in UTC."""
    region: str
    service: str
    """Signing name, for instance `iotdevicegateway`."""

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{_TERMINATOR}"


@dataclass(frozen=True, slots=True)
class Claim:
    """The parts of a signature, well-formed but unverified."""

    access_key_id: str
    scope: Scope
    signed_headers: tuple[str, ...]
    """Header names, sorted, each once."""
    signature: str
    """64 lower-case hexadecimal digits."""
    session_token: str | None
    date: str
    """`YYYYMMDDTHHMMSSZ`."""
    signed_at_s: float
    """The same moment in epoch seconds."""
    form: Form
    expires_s: int | None = None
    """Life of a presigned request in seconds; None in header form."""


def find_claim(request: HttpRequest) -> Claim | None:
    """Read a request's signature.

    Returns:
        The claim; None for an unsigned request, `Authorization` of another scheme included.

    Raises:
        IncompleteSignatureError: a part is missing, malformed or given twice, or both forms are
            used at once.
    """
    authorizations = _values(request, "authorization")
    in_header = any(value.startswith("AWS4-") for value in authorizations)
    in_query = "X-Amz-" in request.query and any(
        name in ("X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential")
        for name, _ in decode_query(request.query)
    )
    if in_header and (in_query or len(authorizations) > 1):
        raise IncompleteSignatureError("The request is signed in more than one way.")
    if in_header:
        return _header_claim(request, authorizations[0])
    return _query_claim(request) if in_query else None


def _values(request: HttpRequest, name: str) -> list[str]:
    return [value for key, value in request.headers if key == name]


def _single(request: HttpRequest, name: str) -> str | None:
    values = _values(request, name)
    if len(values) > 1:
        raise IncompleteSignatureError(f"The header '{name}' is given more than once.")
    return values[0] if values else None


def _header_claim(request: HttpRequest, authorization: str) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    _require_algorithm(algorithm)
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name not in _PARTS or name in parts:
            raise IncompleteSignatureError(
                f"'{part.strip()[:100]}' not a valid key=value pair (missing equal-sign) "
                "in Authorization header, or one that is not known, or given twice."
            )
        parts[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in _PARTS
        if not parts.get(name)
    ]
    date = _single(request, "x-amz-date") or _http_date(_single(request, "date"))
    if date is None:
        missing.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if missing or date is None:
        raise IncompleteSignatureError(" ".join(missing))
    return _build(
        parts["Credential"],
        parts["SignedHeaders"],
        parts["Signature"],
        date,
        session_token=_single(request, "x-amz-security-token"),
    )


def _http_date(text: str | None) -> str | None:
    """Return a `Date` header as `YYYYMMDDTHHMMSSZ`; None when there is none to be read."""
    if text is None or _AMZ_DATE.fullmatch(text):
        return text
    try:
        return parsedate_to_datetime(text).astimezone(UTC).strftime(_DATE)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _query_claim(request: HttpRequest) -> Claim:
    parts: dict[str, str] = {}
    for name, value in decode_query(request.query):
        if name.startswith("X-Amz-"):
            if name in parts:
                raise IncompleteSignatureError(f"The parameter '{name[:60]}' is given twice.")
            parts[name] = value
    missing = [
        f"AWS query-string parameters must include '{name}'."
        for name in (
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
            "X-Amz-Date",
        )
        if not parts.get(name)
    ]
    if missing:
        raise IncompleteSignatureError(" ".join(missing))
    _require_algorithm(parts["X-Amz-Algorithm"])
    if _values(request, "x-amz-security-token"):
        raise IncompleteSignatureError("The session token is not where the signature is.")
    return _build(
        parts["X-Amz-Credential"],
        parts["X-Amz-SignedHeaders"],
        parts["X-Amz-Signature"],
        parts["X-Amz-Date"],
        session_token=parts.get("X-Amz-Security-Token"),
        expires=parts.get("X-Amz-Expires", str(DEFAULT_EXPIRES_S)),
    )


def _require_algorithm(algorithm: str) -> None:
    if algorithm != ALGORITHM:
        raise IncompleteSignatureError(f"Unsupported AWS 'algorithm': '{algorithm[:40]}'.")


def _build(
    credential: str,
    signed_headers: str,
    signature: str,
    date: str,
    *,
    session_token: str | None,
    expires: str | None = None,
) -> Claim:
    """Check the form of each part and put them together."""
    access_key_id, scope = _parse_credential(credential)
    names = tuple(signed_headers.split(";"))
    if not _HEADER_NAMES.fullmatch(signed_headers) or names != tuple(sorted(set(names))):
        raise IncompleteSignatureError("'SignedHeaders' is not a sorted list of header names.")
    if not _SIGNATURE.fullmatch(signature):
        raise IncompleteSignatureError("'Signature' is not 64 hexadecimal digits.")
    return Claim(
        access_key_id,
        scope,
        names,
        signature,
        session_token or None,
        date,
        _parse_date(date),
        Form.HEADER if expires is None else Form.QUERY,
        None if expires is None else _parse_expires(expires),
    )


def _parse_credential(credential: str) -> tuple[str, Scope]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != _TERMINATOR:
        raise IncompleteSignatureError(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/{_TERMINATOR}, got '{credential[:200]}'"
        )
    access_key_id, date, region, service, _ = parts
    is_formed = (
        _ACCESS_KEY_ID.fullmatch(access_key_id)
        and re.fullmatch("[0-9]{8}", date)
        and _SCOPE_PART.fullmatch(region)
        and _SCOPE_PART.fullmatch(service)
    )
    if not is_formed:
        raise IncompleteSignatureError(f"'{credential[:200]}' is not a valid credential.")
    return access_key_id, Scope(date, region, service)


def _parse_date(date: str) -> float:
    try:
        if not _AMZ_DATE.fullmatch(date):
            raise ValueError
        return datetime.fromisoformat(date).timestamp()
    except ValueError:
        raise IncompleteSignatureError(
            f"Date must be in ISO-8601 'basic format'. Got '{date[:40]}'."
        ) from None


def _parse_expires(text: str) -> int:
    if not _EXPIRES.fullmatch(text) or not 1 <= int(text) <= limits.MAX_PRESIGN_EXPIRY_S:
        raise IncompleteSignatureError(
            f"X-Amz-Expires must be between 1 and {limits.MAX_PRESIGN_EXPIRY_S} seconds."
        )
    return int(text)


def render_date(epoch_s: float) -> str:
    """Return `YYYYMMDDTHHMMSSZ`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime(_DATE)
