"""Signing, for keyfob's own clients."""

from dataclasses import dataclass, replace

from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4.canonical import canonical_request, encode
from keyfob.sigv4.claim import ALGORITHM, Scope, render_date
from keyfob.sigv4.keys import compute_signature, string_to_sign
from keyfob.sigv4.verify import DEVICE_GATEWAY

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SigningCredentials:
    """Who signs."""

    access_key_id: str
    secret: Secret[str]
    session_token: str | None = None
    """Token of temporary credentials."""


def sign_headers(
    request: HttpRequest,
    credentials: SigningCredentials,
    *,
    region: str,
    service: str,
    now_s: float,
) -> HttpRequest:
    """Return the request with `x-amz-date`, `x-amz-security-token` and `authorization`.

    Args:
        request: unsigned, with its `host` header; all its headers are signed.
        credentials: who signs.
        region: region of the scope.
        service: signing name, for instance `cognito-idp`.
        now_s: the time in epoch seconds.
    """
    date = render_date(now_s)
    headers = [*request.headers, ("x-amz-date", date)]
    if credentials.session_token is not None:
        headers.append(("x-amz-security-token", credentials.session_token))
    prepared = replace(request, headers=tuple(headers))
    names = tuple(sorted({name for name, _ in headers}))
    scope = Scope(date[:8], region, service)
    signature = _sign(prepared, names, credentials.secret, date, scope)
    authorization = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return replace(prepared, headers=(*headers, ("authorization", authorization)))


def presign(
    request: HttpRequest,
    credentials: SigningCredentials,
    *,
    region: str,
    service: str,
    now_s: float,
    expires_s: int,
) -> HttpRequest:
    """Return the request with the signature in its query; only `host` is signed.

    For `iotdevicegateway` the session token is added after signing, as the gateway wants it.

    Args:
        request: unsigned, with its `host` header.
        credentials: who signs.
        region: region of the scope.
        service: signing name.
        now_s: the time in epoch seconds.
        expires_s: life of the result in seconds.
    """
    date = render_date(now_s)
    scope = Scope(date[:8], region, service)
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    token = credentials.session_token
    late: dict[str, str] = {}
    if token is not None:
        (late if service == DEVICE_GATEWAY else parameters)["X-Amz-Security-Token"] = token
    prepared = replace(request, query=_extend(request.query, parameters))
    late["X-Amz-Signature"] = _sign(prepared, ("host",), credentials.secret, date, scope)
    return replace(prepared, query=_extend(prepared.query, late))


def _extend(query: str, parameters: dict[str, str]) -> str:
    added = "&".join(f"{name}={encode(value)}" for name, value in parameters.items())
    return f"{query}&{added}" if query else added


def _sign(
    request: HttpRequest, names: tuple[str, ...], secret: Secret[str], date: str, scope: Scope
) -> str:
    canonical = canonical_request(request, names, _NOTHING, request.header("host") or "")
    return compute_signature(secret, scope, string_to_sign(date, scope, canonical))
