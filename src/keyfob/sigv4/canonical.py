"""The canonical request: the one text that client and server must agree on.

Source: IAM User Guide, "Create a signed AWS API request" (documented). Paths are those of all
services but S3: encoded once more than they travel. Query parameters are decoded and encoded
afresh, `+` as the space that every parser takes it for, so that no two readings of one query
share a signature.
"""

import hashlib
from urllib.parse import quote, unquote_to_bytes

from keyfob.core.http import HttpRequest
from keyfob.sigv4.errors import IncompleteSignatureError

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
"""Payload hash of a request without a body."""


def decode_query(query: str) -> list[tuple[str, str]]:
    """Return query parameters in order; bytes that are no UTF-8 survive as surrogates."""
    return [
        (_decode(name), _decode(value))
        for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
    ]


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="surrogateescape")


def encode(text: str) -> str:
    """Percent-encode all but RFC 3986's unreserved characters."""
    return quote(text, safe="-_.~", errors="surrogateescape")


def canonical_path(path: str) -> str:
    """Return the path, percent-encoded once more.

    AWS removes dot segments and doubled slashes first. A path that has any would be routed as
    one resource and signed as another, so it is refused instead; no SDK sends one.

    Raises:
        IncompleteSignatureError: the path is not in its normal form.
    """
    segments = path.split("/")[1:] or [""]
    if any(part in (".", "..") for part in segments) or "" in segments[:-1]:
        raise IncompleteSignatureError(f"The path '{path[:200]}' is not in normal form.")
    return quote(path or "/", safe="/-_.~", errors="surrogateescape")


def canonical_query(query: str, leave_out: frozenset[str]) -> str:
    """Return the query sorted and encoded, without the parameters named in `leave_out`."""
    pairs = [
        (encode(name), encode(value))
        for name, value in decode_query(query)
        if name not in leave_out
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_headers(request: HttpRequest, names: tuple[str, ...], host: str) -> str:
    """Return the signed headers, one a line, white space folded, repeated ones joined by commas.

    Args:
        request: the request.
        names: signed header names, sorted.
        host: what to put for `host`.
    """
    found: dict[str, list[str]] = {name: [] for name in names}
    for name, value in request.headers:
        if name in found:
            found[name].append(" ".join(value.split()))
    if "host" in found:
        found["host"] = [host]
    return "".join(f"{name}:{','.join(values)}\n" for name, values in found.items())


def canonical_request(
    request: HttpRequest, names: tuple[str, ...], leave_out: frozenset[str], host: str
) -> str:
    """Return the canonical request; the payload hash is of the body as it came.

    Raises:
        IncompleteSignatureError: the path is not in its normal form.
    """
    payload = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_HASH
    return "\n".join(
        (
            request.method,
            canonical_path(request.path),
            canonical_query(request.query, leave_out),
            canonical_headers(request, names, host),
            ";".join(names),
            payload,
        )
    )
