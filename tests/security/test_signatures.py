"""Every signed byte counts: change one, and the request is refused."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.security.raw import (
    REGION,
    ask,
    good,
    json_request,
    render,
    request,
    root_key,
    wire,
)

from keyfob.core.http import HttpRequest
from keyfob.sigv4 import presign
from keyfob.store.data_directory import Endpoints

SIGNED = {
    "sts": {
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
    },
    "cognito-idp": {
        "InvalidSignatureException",
        "IncompleteSignatureException",
        "UnrecognizedClientException",
        "MissingAuthenticationTokenException",
    },
}


def flips(text: str) -> Iterator[str]:
    """Return the text with each character changed in turn."""
    for position, char in enumerate(text):
        other = "b" if char == "a" else "a"
        yield text[:position] + other + text[position + 1 :]


def with_header(signed: HttpRequest, name: str, value: str) -> HttpRequest:
    fields = tuple((key, value if key == name else text) for key, text in signed.headers)
    return replace(signed, headers=fields)


def assert_refused(endpoints: Endpoints, mutant: HttpRequest) -> None:
    answer = ask(endpoints, mutant)
    assert 400 <= answer.status < 500, mutant
    assert answer.status != 413
    assert b"GetCallerIdentityResult" not in answer.body
    assert b'"UserPools":' not in answer.body


@pytest.mark.parametrize("name", ["host", "x-amz-date", "content-type", "authorization"])
def test_every_byte_of_every_signed_header(endpoints: Endpoints, name: str) -> None:
    signed = good(endpoints)
    value = signed.header(name)
    assert value is not None
    for changed in flips(value):
        assert_refused(endpoints, with_header(signed, name, changed))


def test_every_byte_of_the_body(endpoints: Endpoints) -> None:
    for signed, what in (
        (good(endpoints), "sts"),
        (json_request(endpoints, "cognito-idp", "ListUserPools", {"MaxResults": 1}), "cognito-idp"),
    ):
        for position in range(len(signed.body)):
            spoilt = bytearray(signed.body)
            spoilt[position] ^= 1
            assert_refused(endpoints, replace(signed, body=bytes(spoilt)))
        longer = replace(signed, body=signed.body + (b"&a=b" if what == "sts" else b" "))
        answer = ask(endpoints, with_header(longer, "content-length", str(len(longer.body))))
        assert answer.code in SIGNED[what]


def test_what_is_added_to_the_target_is_refused(endpoints: Endpoints) -> None:
    signed = good(endpoints)
    for change in (
        {"path": "//"},
        {"path": "/x"},
        {"query": "a=b"},
        {"query": "Action=ListUsers"},
        {"method": "PUT"},
    ):
        assert_refused(endpoints, replace(signed, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["host", "x-amz-date", "content-type", "authorization"])
def test_a_signed_header_that_is_missing_or_there_twice(endpoints: Endpoints, name: str) -> None:
    signed = good(endpoints)
    without = tuple(field for field in signed.headers if field[0] != name)
    twice = (*signed.headers, (name, "x"))
    for fields in (without, twice):
        with wire(endpoints) as connection:
            connection.send(render(replace(signed, headers=fields)))
            assert connection.answer().status >= 400


def test_the_target_of_a_json_call_is_signed(endpoints: Endpoints) -> None:
    signed = json_request(endpoints, "cognito-idp", "ListUserPools", {"MaxResults": 1})
    target = "AWSCognitoIdentityProviderService.DescribeUserPool"
    answer = ask(endpoints, with_header(signed, "x-amz-target", target))
    assert answer.code in SIGNED["cognito-idp"]


def test_every_byte_of_a_presigned_url(endpoints: Endpoints) -> None:
    unsigned = request(endpoints, "GET", "/", "Action=GetCallerIdentity&Version=2011-06-15")
    bare = replace(unsigned, headers=tuple(f for f in unsigned.headers if f[0] == "host"))
    url = presign(
        bare,
        root_key(endpoints),
        region=REGION,
        service="sts",
        now_s=time.time(),
        expires_s=300,
    )
    assert ask(endpoints, url).status == 200
    for changed in flips(url.query):
        assert_refused(endpoints, replace(url, query=changed))
