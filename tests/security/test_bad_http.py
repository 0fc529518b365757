"""HTTP that is not: heads and chunks that cannot be read, and requests that come together."""

import socket

import pytest
from tests.security.raw import ask, good, render, request, wire

from keyfob.store.data_directory import Endpoints

HEAD = b"POST / HTTP/1.1\r\nhost: localhost\r\n"
BROKEN = {
    "no version": b"GET /\r\n\r\n",
    "no method": b"/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a method of its own": b"EXPLODE\x00 / HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\nhost: localhost\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a field without a colon": HEAD + b"nonsense\r\n\r\n",
    "a path that is no text": b"GET /\xff HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a field with DEL": HEAD + b"content-type: \x7f\r\n\r\n",
    "a field with a NUL": HEAD + b"x-a: \x00\r\n\r\n",
    "a name with a space": HEAD + b"x a: b\r\n\r\n",
    "two lengths": HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "length and chunks": HEAD + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": HEAD + b"content-length: -1\r\n\r\n",
    "a length in words": HEAD + b"content-length: ten\r\n\r\n",
    "an endless length": HEAD + b"content-length: " + b"9" * 60 + b"\r\n\r\n",
    "a chunk size in words": HEAD + b"transfer-encoding: chunked\r\n\r\nten\r\nabc\r\n",
    "a negative chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n-1\r\nabc\r\n",
    "an endless chunk size": HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
    "a chunk longer than said": HEAD
    + b"transfer-encoding: chunked\r\n\r\n1\r\nabcdef\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_http_is_refused_and_closed(endpoints: Endpoints, name: str) -> None:
    with wire(endpoints) as connection:
        connection.send(BROKEN[name])
        said = connection.rest()
    assert said[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 413", b"")
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    "fields",
    [
        b"x-long: " + b"a" * 200_000 + b"\r\n",
        b"".join(b"x-%d: a\r\n" % number for number in range(20_000)),
        b"authorization: AWS4-HMAC-SHA256 " + b"," * 100_000 + b"\r\n",
    ],
    ids=["one field", "many fields", "authorization"],
)
def test_a_huge_head_is_refused(endpoints: Endpoints, fields: bytes) -> None:
    with wire(endpoints) as connection:
        connection.send(HEAD + b"content-length: 0\r\n" + fields + b"\r\n")
        assert connection.answer().status == 431


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic YTpi",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f/g, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 " + "Credential=a/20260101/r/sts/aws4_request," * 200,
        (
            "AWS4-ECDSA-P256-SHA256 Credential=a/20260101/sts/aws4_request, SignedHeaders=host, "
            "Signature=00"
        ),
        (
            "AWS4-HMAC-SHA256 Credential=\xff\xfe/20260101/r/sts/aws4_request, SignedHeaders=host, "
            "Signature=zz"
        ),
    ],
    ids=lambda text: text[:40],
)
def test_an_authorization_that_cannot_be_read(endpoints: Endpoints, authorization: str) -> None:
    sent = request(
        endpoints,
        body=b"Action=GetCallerIdentity&Version=2011-06-15",
        content_type="application/x-www-form-urlencoded",
        authorization=authorization,
    )
    answer = ask(endpoints, sent)
    assert answer.status in (400, 403)
    assert answer.code in {
        "MissingAuthenticationToken",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    }


def test_pipelined_requests_are_answered_in_order(endpoints: Endpoints) -> None:
    one = render(good(endpoints))
    with wire(endpoints) as connection:
        connection.send(one * 5 + b"GET /_keyfob/health HTTP/1.1\r\nhost: localhost\r\n\r\n" + one)
        answers = _read_answers(connection.socket, 7)
    assert [b"GetCallerIdentityResult" in answer for answer in answers] == [True] * 5 + [
        False,
        True,
    ]
    assert answers[5] == b'{"status":"ok"}'


def test_a_smuggled_request_is_not_served(endpoints: Endpoints) -> None:
    """What follows an ambiguous length is never taken for a request of its own."""
    inner = b"GET /_keyfob/health HTTP/1.1\r\nhost: localhost\r\n\r\n"
    for ambiguous in (
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"content-length: 0\r\ncontent-length: %d\r\n\r\n" % len(inner),
        b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: xchunked\r\ncontent-length: 0\r\n\r\n",
    ):
        with wire(endpoints) as connection:
            connection.send(HEAD + ambiguous + inner)
            connection.socket.shutdown(socket.SHUT_WR)
            assert b'"status":"ok"' not in connection.rest()


def _read_answers(opened: socket.socket, count: int) -> list[bytes]:
    """Read answers that came together: HTTPResponse reads ahead, so one file serves all."""
    reader = opened.makefile("rb")
    bodies = []
    for _ in range(count):
        assert reader.readline().startswith(b"HTTP/1.1 200")
        length = 0
        while (line := reader.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        bodies.append(reader.read(length))
    return bodies
