"""Foreign signers are accepted; everything that differs from what they signed is refused."""

import datetime
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote, urlsplit

import pytest
from awscrt import auth as crt_auth
from awscrt import http as crt_http
from botocore import auth as boto_auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4 import (
    Form,
    IncompleteSignatureError,
    InvalidClientTokenError,
    Scope,
    SignatureExpiredError,
    SignatureMismatchError,
    SignatureNotYetCurrentError,
    VerifiedRequest,
    derive_signing_key,
    find_claim,
    reject_unknown_key,
    verify,
)
from keyfob.sigv4.canonical import canonical_headers, canonical_request
from keyfob.sigv4.verify import _NOBODY, UnverifiedConstructionError

NOW_S = 1_790_000_000.0
MOMENT = datetime.datetime.fromtimestamp(NOW_S, datetime.UTC)
KEY, SECRET, TOKEN = "ASIAEXAMPLEKEY000001", "s3cret/with+signs", "to/k+en=="
DOCUMENTED = json.loads((Path(__file__).parents[2] / "vectors/sigv4/documented.json").read_text())


def make(
    method: str = "POST",
    path: str = "/",
    query: str = "",
    body: bytes = b"{}",
    host: str = "cognito-idp.eu-central-1.amazonaws.com",
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpRequest:
    return HttpRequest(method, path, query, (("host", host), *headers), body, "127.0.0.1")


def boto_sign(
    request: HttpRequest,
    service: str = "cognito-idp",
    token: str | None = TOKEN,
    signer: type[Any] = boto_auth.SigV4Auth,
    **options: Any,
) -> HttpRequest:
    """Sign with botocore."""
    url = f"https://{request.header('host')}{request.path}"
    url += f"?{request.query}" if request.query else ""
    headers = {name: value for name, value in request.headers if name != "host"}
    foreign = AWSRequest(request.method, url, headers, request.body)
    with mock.patch("botocore.auth.get_current_datetime", return_value=MOMENT.replace(tzinfo=None)):
        signer(Credentials(KEY, SECRET, token), service, "eu-central-1", **options).add_auth(
            foreign
        )
    signed = tuple((name.lower(), str(value)) for name, value in foreign.headers.items())
    parts = urlsplit(foreign.url)
    return replace(
        request,
        headers=(("host", request.header("host") or ""), *signed),
        query=parts.query,
        path=parts.path,
    )


def crt_sign(
    request: HttpRequest,
    service: str = "cognito-idp",
    token: str | None = TOKEN,
    kind: Any = crt_auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
    **options: Any,
) -> HttpRequest:
    """Sign with awscrt."""
    target = request.path + (f"?{request.query}" if request.query else "")
    foreign = crt_http.HttpRequest(
        request.method, target, crt_http.HttpHeaders(list(request.headers))
    )
    config = crt_auth.AwsSigningConfig(
        algorithm=crt_auth.AwsSigningAlgorithm.V4,
        signature_type=kind,
        credentials_provider=crt_auth.AwsCredentialsProvider.new_static(KEY, SECRET, token),
        region="eu-central-1",
        service=service,
        date=MOMENT,
        signed_body_value=hashlib.sha256(request.body).hexdigest(),
        **options,
    )
    signed = crt_auth.aws_sign_request(foreign, config).result(10)
    path, _, query = signed.path.partition("?")
    headers = tuple((name.lower(), value) for name, value in signed.headers)
    return replace(request, path=path, query=query, headers=headers)


def check(request: HttpRequest, secret: str = SECRET, now_s: float = NOW_S) -> VerifiedRequest:
    claim = find_claim(request)
    assert claim is not None
    return verify(request, claim, Secret(secret), now_s)


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    """Replace or add a header."""
    kept = tuple(pair for pair in request.headers if pair[0] != name)
    return replace(request, headers=(*kept, (name, value)))


def rewrite(request: HttpRequest, change: Callable[[str], str]) -> HttpRequest:
    """Change the Authorization header."""
    return with_header(request, "authorization", change(request.header("authorization") or ""))


REQUESTS = {
    "json": make(headers=(("x-amz-target", "X.Y"), ("content-type", "application/x-amz-json-1.1"))),
    "query protocol": make(body=b"Action=GetCallerIdentity&Version=2011-06-15"),
    "no body": make("GET", body=b""),
    "query": make("GET", "/policies", "pageSize=5&marker=a%20b%2Fc%2B&isAscendingOrder=true", b""),
    "colon in label": make("PUT", "/target-policies/name%3Awith"),
    "arn in path": make("GET", "/attached-policies/eu-central-1%3A1234-56", "", b""),
    "topic": make("POST", f"/topics/{quote('a/ü $+*()/!~', safe='')}", "qos=1", b"\x00\xff"),
    "plain slashes": make("POST", "/topics/a/b/c", "qos=1"),
    "trailing slash": make("GET", "/authorizers/", "", b""),
    "port": make(host="localhost:4566"),
    "spaces in a header": make(headers=(("x-amz-meta", "a   b  c"),)),
    "lowercase query order": make("GET", "/", "b=2&B=1&a=3&a=1&c", b""),
    "empty path": make(path=""),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_botocore_header_signatures_verify(name: str, token: str | None) -> None:
    request = boto_sign(REQUESTS[name], token=token)
    verified = check(request)
    assert verified.request is request
    assert verified.claim.session_token == token
    assert verified.claim.form is Form.HEADER


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "empty path"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_awscrt_header_signatures_verify(name: str, token: str | None) -> None:
    request = crt_sign(REQUESTS[name], token=token)
    assert check(request).claim.access_key_id == KEY


@pytest.mark.parametrize("token", [None, TOKEN])
def test_botocore_presigned_requests_verify(token: str | None) -> None:
    bare = make("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", b"")
    request = boto_sign(bare, "sts", token, boto_auth.SigV4QueryAuth, expires=60)
    claim = check(request).claim
    assert (claim.form, claim.expires_s, claim.session_token) == (Form.QUERY, 60, token)


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("signed_host", ["x-ats.iot.eu-central-1.amazonaws.com", "x-ats.iot:443"])
def test_awscrt_gateway_urls_verify_with_and_without_the_default_port(
    token: str | None, signed_host: str
) -> None:
    request = crt_sign(
        make("GET", "/mqtt", "", b"", signed_host),
        "iotdevicegateway",
        token,
        crt_auth.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
        omit_session_token=True,
    )
    assert check(request).claim.session_token == token
    bare = signed_host.removesuffix(":443")
    for host in (bare, f"{bare}:443"):
        assert check(with_header(request, "host", host)).claim.expires_s == 300
    with pytest.raises(SignatureMismatchError):
        check(with_header(request, "host", f"{bare}:8883"))


def test_a_token_signed_into_a_gateway_url_is_refused() -> None:
    request = crt_sign(
        make("GET", "/mqtt", "", b"", "x"),
        "iotdevicegateway",
        TOKEN,
        crt_auth.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
        omit_session_token=False,
    )
    with pytest.raises(SignatureMismatchError):
        check(request)


def test_a_token_added_after_signing_is_refused_elsewhere() -> None:
    bare = make("GET", "/", "Action=GetCallerIdentity", b"")
    request = boto_sign(bare, "sts", None, boto_auth.SigV4QueryAuth, expires=60)
    with pytest.raises(SignatureMismatchError):
        check(replace(request, query=request.query + "&X-Amz-Security-Token=t"))


def test_documented_examples() -> None:
    example = DOCUMENTED["signing_key"]
    scope = Scope(example["date"], example["region"], example["service"])
    assert derive_signing_key(Secret(example["secret"]), scope).hex() == example["expected"]
    whole = DOCUMENTED["list_users"]
    headers = tuple((name, value) for name, value in whole["headers"])
    request = HttpRequest(whole["method"], whole["path"], whole["query"], headers, b"", "127.0.0.1")
    assert check(request, whole["secret"], whole["now"]).claim.scope.service == "iam"


def test_every_signed_byte_counts() -> None:
    query = "marker=a%20b&pageSize=5"
    request = boto_sign(
        make("POST", "/things/one", query, b'{"a":1}', headers=(("x-amz-target", "T.O"),))
    )
    changed = [
        replace(request, method="PUT"),
        *(replace(request, path=each) for each in _mutations(request.path)),
        *(replace(request, query=each) for each in _mutations(query)),
        *(
            replace(request, body=request.body[:at] + b"#" + request.body[at + 1 :])
            for at in range(len(request.body))
        ),
        replace(request, body=b""),
        replace(request, body=request.body + b" "),
    ]
    for name in ("host", "x-amz-target", "x-amz-date", "x-amz-security-token"):
        value = request.header(name) or ""
        changed += [with_header(request, name, each) for each in _mutations(value)]
    for each in changed:
        with pytest.raises(
            (SignatureMismatchError, IncompleteSignatureError, SignatureExpiredError)
        ):
            check(each)


def _mutations(text: str) -> list[str]:
    """Every single-character replacement, deletion and insertion of one kind."""
    replaced = [text[:at] + "z" + text[at + 1 :] for at in range(len(text)) if text[at] != "z"]
    deleted = [text[:at] + text[at + 1 :] for at in range(len(text))]
    inserted = [text[:at] + "z" + text[at:] for at in range(len(text) + 1)]
    return [each for each in (*replaced, *deleted, *inserted) if each != text]


def test_every_byte_of_the_authorization_counts() -> None:
    request = boto_sign(make())
    value = request.header("authorization") or ""
    for at, old in enumerate(value):
        if value[at - 1 : at + 1] == ", ":
            continue
        for new in "Z0":
            if new == old:
                continue
            mutated = with_header(request, "authorization", value[:at] + new + value[at + 1 :])
            claim = None
            with pytest.raises((SignatureMismatchError, IncompleteSignatureError)):
                claim = find_claim(mutated)
                if claim is None or claim.access_key_id != KEY:
                    raise IncompleteSignatureError("another key, or none")
                verify(mutated, claim, Secret(SECRET), NOW_S)


def test_plus_in_a_query_is_a_space() -> None:
    request = boto_sign(make("GET", "/", "a=b%20c", b""))
    assert check(replace(request, query="a=b+c"))
    with pytest.raises(SignatureMismatchError):
        check(replace(request, query="a=b%2Bc"))


@pytest.mark.parametrize("path", ["//", "/a//b", "/a/../b", "/./a", "/a/..", "/a/."])
def test_paths_that_two_parsers_would_read_differently_are_refused(path: str) -> None:
    request = boto_sign(make(path=path))
    with pytest.raises(IncompleteSignatureError, match="not in normal form"):
        check(replace(request, path=path))


def test_unsigned_amz_headers_are_refused() -> None:
    request = boto_sign(make())
    for name in ("x-amz-target", "x-amzn-iot-principal"):
        with pytest.raises(IncompleteSignatureError, match=name):
            check(with_header(request, name, "v"))
    assert check(with_header(request, "x-amzn-trace-id", "v"))
    assert check(with_header(request, "user-agent", "v"))


def test_a_host_that_is_not_signed_is_not_among_the_canonical_headers() -> None:
    assert canonical_headers(make(), ("x-amz-date",), "h") == "x-amz-date:\n"


def test_host_must_be_one_and_signed() -> None:
    request = boto_sign(make())
    with pytest.raises(IncompleteSignatureError, match="Host"):
        check(replace(request, headers=(*request.headers, ("host", "other"))))
    with pytest.raises(IncompleteSignatureError, match="'host'"):
        check(rewrite(request, lambda value: value.replace("host;", "")))


@pytest.mark.parametrize(
    "stated", ["UNSIGNED-PAYLOAD", "0" * 64, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]
)
def test_a_stated_body_hash_must_be_the_body_s(stated: str) -> None:
    request = boto_sign(make(headers=(("x-amz-content-sha256", stated),)))
    with pytest.raises(SignatureMismatchError, match="x-amz-content-sha256"):
        check(request)


def test_the_date_header_serves_where_amz_date_is_absent() -> None:
    # Signed here by hand with the documented steps; no SDK uses `Date` any more.
    stamp, day = MOMENT.strftime("%Y%m%dT%H%M%SZ"), MOMENT.strftime("%Y%m%d")
    for text in (MOMENT.strftime("%a, %d %b %Y %H:%M:%S GMT"), stamp):
        headers = (("date", text),)
        canonical = f"GET\n/\n\ndate:{text}\nhost:h\n\ndate;host\n{hashlib.sha256(b'').hexdigest()}"
        scope = f"{day}/r/sts/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = derive_signing_key(Secret(SECRET), Scope(day, "r", "sts"))
        signature = hmac.new(
            key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256"
        ).hexdigest()
        value = (
            f"AWS4-HMAC-SHA256 Credential={KEY}/{scope},SignedHeaders=date;host,"
            f"Signature={signature}"
        )
        request = make("GET", "/", "", b"", "h", (*headers, ("authorization", value)))
        assert check(request)
        with pytest.raises(IncompleteSignatureError, match="'date'"):
            check(with_header(request, "authorization", value.replace("date;", "")))


def test_clock_skew() -> None:
    request = boto_sign(make())
    assert check(request, now_s=NOW_S + 300)
    assert check(request, now_s=NOW_S - 300)
    with pytest.raises(SignatureExpiredError, match=r"is now earlier than \d{8}T\d{6}Z .* - 5 min"):
        check(request, now_s=NOW_S + 301)
    with pytest.raises(SignatureNotYetCurrentError, match=r"is still later than .* \+ 5 min"):
        check(request, now_s=NOW_S - 301)


def test_presigned_expiry() -> None:
    bare = make("GET", "/", "Action=A", b"")
    request = boto_sign(bare, "sts", None, boto_auth.SigV4QueryAuth, expires=61)
    assert check(request, now_s=NOW_S + 61)
    with pytest.raises(SignatureExpiredError, match="- 61 s"):
        check(request, now_s=NOW_S + 62)


def test_scope_of_another_day() -> None:
    request = boto_sign(make())
    day = MOMENT.strftime("%Y%m%d")
    with pytest.raises(SignatureMismatchError, match="Date in Credential scope"):
        check(rewrite(request, lambda value: value.replace(f"/{day}/", "/20200101/")))


def test_mismatch_tells_what_was_computed() -> None:
    with pytest.raises(SignatureMismatchError) as refusal:
        check(boto_sign(make()), secret="another")
    error = refusal.value
    assert error.canonical_request.startswith("POST\n/\n\nhost:")
    assert error.string_to_sign.startswith("AWS4-HMAC-SHA256\n")
    assert error.canonical_request in error.message
    assert error.string_to_sign in error.message
    assert SECRET not in error.message


def test_mismatch_survives_bytes_that_are_no_text() -> None:
    request = replace(boto_sign(make("GET", "/", "a=b", b"")), query="a=%ff")
    with pytest.raises(SignatureMismatchError, match="%FF"):
        check(request)
    foul = with_header(boto_sign(make(headers=(("x-amz-meta", "ok"),))), "x-amz-meta", "\udcff")
    with pytest.raises(SignatureMismatchError, match="Canonical String"):
        check(foul)


def test_unknown_keys_do_the_same_work_and_say_so() -> None:
    request = boto_sign(make())
    claim = find_claim(request)
    assert claim is not None
    with (
        mock.patch(
            "keyfob.sigv4.verify.canonical_request",
            wraps=canonical_request,
        ) as canonical,
        pytest.raises(InvalidClientTokenError),
    ):
        reject_unknown_key(request, claim, NOW_S)
    assert canonical.call_count == 1
    with pytest.raises(SignatureExpiredError):
        reject_unknown_key(request, claim, NOW_S + 1000)


def test_an_unknown_key_is_refused_even_with_the_stand_in_secret() -> None:
    with mock.patch(f"{__name__}.SECRET", _NOBODY.reveal()):
        request = boto_sign(make())
    claim = find_claim(request)
    assert claim is not None
    with pytest.raises(InvalidClientTokenError):
        reject_unknown_key(request, claim, NOW_S)


def test_only_verify_builds_a_verified_request() -> None:
    request = boto_sign(make())
    claim = find_claim(request)
    assert claim is not None
    with pytest.raises(UnverifiedConstructionError):
        VerifiedRequest(request, claim, object())
