"""What keyfob's own clients sign is what botocore signs, and verifies."""

import pytest

from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4 import SigningCredentials, find_claim, presign, sign_headers, verify

NOW_S = 1_790_000_000.0
SECRET = Secret("secret")


def credentials(token: str | None) -> SigningCredentials:
    return SigningCredentials("AKIDEXAMPLE", SECRET, token)


def make(path: str, query: str) -> HttpRequest:
    return HttpRequest("GET", path, query, (("host", "h:4566"),), b"", "127.0.0.1")


@pytest.mark.parametrize("token", [None, "a/b+c="])
@pytest.mark.parametrize("query", ["", "a=1&b=%20"])
def test_headers(token: str | None, query: str) -> None:
    request = sign_headers(
        make("/x", query), credentials(token), region="r-1", service="iot", now_s=NOW_S
    )
    claim = find_claim(request)
    assert claim is not None
    assert verify(request, claim, SECRET, NOW_S).claim.session_token == token


@pytest.mark.parametrize("token", [None, "a/b+c="])
@pytest.mark.parametrize("service", ["sts", "iotdevicegateway"])
@pytest.mark.parametrize("query", ["", "Action=GetCallerIdentity"])
def test_presigned(token: str | None, service: str, query: str) -> None:
    request = presign(
        make("/mqtt", query),
        credentials(token),
        region="r-1",
        service=service,
        now_s=NOW_S,
        expires_s=60,
    )
    claim = find_claim(request)
    assert claim is not None
    assert verify(request, claim, SECRET, NOW_S + 60).claim.session_token == token
