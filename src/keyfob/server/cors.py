"""Cross-origin answers, so that SDKs in a browser can read what the APIs say.

Source: seen on Cognito's answers (`access-control-allow-origin: *` and the exposed fields);
the preflight follows the Fetch standard. No credentials mode: signatures travel in fields.
"""

from keyfob.core.http import HttpRequest, HttpResponse

_EXPOSED = (
    "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,x-amz-request-id,Date,ETag,"
    "www-authenticate"
)
_METHODS = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
_MAX_AGE_S = 172_800

RESPONSE_FIELDS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": _EXPOSED,
}
"""What every answer carries."""


def preflight(request: HttpRequest) -> HttpResponse | None:
    """Answer a preflight; None when `request` is not one.

    The fields asked for are granted by name: `*` does not cover `authorization`.
    """
    if request.method != "OPTIONS" or request.header("access-control-request-method") is None:
        return None
    headers = {
        **RESPONSE_FIELDS,
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": request.header("access-control-request-headers") or "*",
        "access-control-max-age": str(_MAX_AGE_S),
        "vary": "origin, access-control-request-method, access-control-request-headers",
    }
    # A page of a public site that asks a server in a private network sends this as well.
    if request.header("access-control-request-private-network") == "true":
        headers["access-control-allow-private-network"] = "true"
    return HttpResponse(200, b"", headers)
