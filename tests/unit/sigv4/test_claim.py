"""Reading claims: well-formed, absent, or refused with a reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.core.http import HttpRequest
from keyfob.sigv4 import Form, IncompleteSignatureError, Scope, find_claim

SIGNATURE = "ab" * 32
CREDENTIAL = "AKIDEXAMPLE/20261123/eu-central-1/iot/aws4_request"
HEADER = (
    f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, "
    f"Signature={SIGNATURE}"
)
QUERY = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": CREDENTIAL.replace("/", "%2F"),
    "X-Amz-Date": "20261123T021500Z",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": SIGNATURE,
}


def make(query: str = "", **headers: str) -> HttpRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest("GET", "/", query, (("host", "h"), *named), b"", "127.0.0.1")


def in_header(authorization: str = HEADER, date: str = "20261123T021500Z") -> HttpRequest:
    return make(authorization=authorization, x_amz_date=date)


def in_query(**changes: str | None) -> HttpRequest:
    parts = {**QUERY, **{f"X-Amz-{name}": value for name, value in changes.items()}}
    return make("&".join(f"{name}={value}" for name, value in parts.items() if value is not None))


def test_header_form() -> None:
    claim = find_claim(in_header())
    assert claim is not None
    assert claim.access_key_id == "AKIDEXAMPLE"
    assert claim.scope == Scope("20261123", "eu-central-1", "iot")
    assert str(claim.scope) == "20261123/eu-central-1/iot/aws4_request"
    assert claim.signed_headers == ("host", "x-amz-date")
    assert claim.signed_at_s == 1795400100
    assert (claim.form, claim.expires_s, claim.session_token) == (Form.HEADER, None, None)


def test_query_form() -> None:
    claim = find_claim(in_query(Expires="60"))
    assert claim is not None
    assert (claim.form, claim.expires_s, claim.signature) == (Form.QUERY, 60, SIGNATURE)
    default = find_claim(in_query())
    assert default is not None
    assert default.expires_s == 300


@pytest.mark.parametrize(
    "request_",
    [
        make(),
        make(authorization="Bearer abc"),
        make(authorization="Basic YTpi"),
        make("X-Amz-Target=a"),
        make("a=b"),
    ],
)
def test_unsigned(request_: HttpRequest) -> None:
    assert find_claim(request_) is None


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("AWS4-ECDSA-P256-SHA256 x", "Unsupported AWS 'algorithm'"),
        ("AWS4-HMAC-SHA256", "key=value"),
        ("AWS4-HMAC-SHA256 Credential", "key=value"),
        (HEADER + f", Signature={SIGNATURE}", "given twice"),
        (HEADER + ", Other=1", "not known"),
        (HEADER.replace(f", Signature={SIGNATURE}", ""), "requires 'Signature'"),
        (HEADER.replace("SignedHeaders=host;x-amz-date, ", ""), "requires 'SignedHeaders'"),
        (HEADER.replace(CREDENTIAL, ""), "requires 'Credential'"),
        (HEADER.replace("/aws4_request", ""), "exactly 5"),
        (HEADER.replace("aws4_request", "aws5_request"), "exactly 5"),
        (HEADER.replace("20261123", "2026112"), "valid credential"),
        (HEADER.replace("20261123", "\u0662" * 8), "valid credential"),
        (HEADER.replace("AKIDEXAMPLE", ""), "valid credential"),
        (HEADER.replace("/iot/", "//"), "valid credential"),
        (HEADER.replace("eu-central-1", "eu central"), "valid credential"),
        (HEADER.replace("host;x-amz-date", "x-amz-date;host"), "sorted"),
        (HEADER.replace("host;x-amz-date", "host;host"), "sorted"),
        (HEADER.replace("host;x-amz-date", "Host"), "sorted"),
        (HEADER.replace("host;x-amz-date", "host;"), "sorted"),
        (HEADER.replace(SIGNATURE, SIGNATURE.upper()), "64"),
        (HEADER.replace(SIGNATURE, SIGNATURE[1:]), "64"),
    ],
)
def test_malformed_header(authorization: str, message: str) -> None:
    with pytest.raises(IncompleteSignatureError, match=message):
        find_claim(in_header(authorization))


@pytest.mark.parametrize("date", ["", "20261123", "20261323T000000Z", "2026-11-23T02:15:00Z"])
def test_malformed_date(date: str) -> None:
    with pytest.raises(IncompleteSignatureError, match=r"ISO-8601|Date"):
        find_claim(in_header(date=date))


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": "Mon, 99"}])
def test_no_date(headers: dict[str, str]) -> None:
    with pytest.raises(IncompleteSignatureError, match="existence of either"):
        find_claim(make(authorization=HEADER, **headers))


@pytest.mark.parametrize("name", list(QUERY))
def test_incomplete_query(name: str) -> None:
    with pytest.raises(IncompleteSignatureError, match=name):
        find_claim(in_query(**{name.removeprefix("X-Amz-"): None}))


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "99999999", "1.5", "", "x"])
def test_expiry_out_of_range(expires: str) -> None:
    with pytest.raises(IncompleteSignatureError, match="X-Amz-Expires"):
        find_claim(in_query(Expires=expires))


def test_things_given_twice() -> None:
    request = in_header()
    for name in ("authorization", "x-amz-date", "x-amz-security-token"):
        value = request.header(name) or "t"
        twice = replace(request, headers=(*request.headers, (name, value), (name, value)))
        with pytest.raises(IncompleteSignatureError, match=r"more than one way|more than once"):
            find_claim(twice)
    repeated = in_query()
    with pytest.raises(IncompleteSignatureError, match="given twice"):
        find_claim(replace(repeated, query=repeated.query + "&X-Amz-Date=20261123T021500Z"))
    with pytest.raises(IncompleteSignatureError, match="more than one way"):
        find_claim(replace(request, query=repeated.query))
    with pytest.raises(IncompleteSignatureError, match="session token"):
        find_claim(replace(repeated, headers=(("host", "h"), ("x-amz-security-token", "t"))))


@given(authorization=st.text(max_size=80), query=st.text(max_size=120))
def test_any_text_is_read_or_refused(authorization: str, query: str) -> None:
    for request in (
        in_header(f"AWS4-HMAC-SHA256 {authorization}"),
        make(f"X-Amz-Signature={SIGNATURE}&{query}"),
    ):
        with pytest.raises(IncompleteSignatureError):
            find_claim(request)
