"""Bodies that no client should send: a clear error in the protocol's own form."""

import json
from typing import Any

import pytest
from tests.security.raw import (
    Answer,
    ask,
    json_request,
    request,
    root_key,
    signed,
    wire,
)

from keyfob.core import limits
from keyfob.store.data_directory import Endpoints

UNREADABLE = {
    "cut off": b'{"MaxResults":',
    "not JSON": b"MaxResults=1",
    "XML": b'<?xml version="1.0"?><ListUserPools><MaxResults>1</MaxResults></ListUserPools>',
    "entities": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "a list": b"[]",
    "a text": b'"MaxResults"',
    "a number": b"1",
    "trailing text": b'{"MaxResults":1}}',
    "two documents": b'{"MaxResults":1}{"MaxResults":1}',
    "invalid UTF-8": b'{"MaxResults":1,"NextToken":"\xff\xfe"}',
    "UTF-16": '{"MaxResults":1}'.encode("utf-16"),
    "a lone surrogate": b'{"MaxResults":1,"NextToken":"\\ud800"}',
    "NaN": b'{"MaxResults":NaN}',
    "infinity": b'{"MaxResults":1e999}',
    "a key twice": b'{"MaxResults":1,"MaxResults":60}',
    "a control character": b'{"MaxResults":1,"NextToken":"\x00"}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and whole": b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a text for a number": b'{"MaxResults":"one"}',
    "a huge number": b'{"MaxResults":' + b"9" * 100_000 + b"}",
    "a fraction": b'{"MaxResults":1.5}',
    "an object for a text": b'{"MaxResults":1,"NextToken":{}}',
}
OUT_OF_BOUNDS = {
    "too small": {"MaxResults": 0},
    "too large": {"MaxResults": 61},
    "missing": {},
    "empty text": {"MaxResults": 1, "NextToken": ""},
    "null": {"MaxResults": None},
}


def check(answer: Answer, *codes: str) -> None:
    assert answer.status == 400
    assert answer.code in codes
    assert b"Traceback" not in answer.body
    assert b"File " not in answer.body


@pytest.mark.parametrize("service", ["cognito-idp", "cognito-identity"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_json_that_cannot_be_read(endpoints: Endpoints, service: str, name: str) -> None:
    operation = "ListUserPools" if service == "cognito-idp" else "ListIdentityPools"
    sent = json_request(endpoints, service, operation, UNREADABLE[name])
    check(ask(endpoints, sent), "SerializationException")


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
def test_json_that_breaks_the_model(endpoints: Endpoints, name: str) -> None:
    sent = json_request(endpoints, "cognito-idp", "ListUserPools", OUT_OF_BOUNDS[name])
    check(ask(endpoints, sent), "InvalidParameterException")


def test_unknown_members_are_passed_over(endpoints: Endpoints) -> None:
    document = {"MaxResults": 1, "Surprise": {"deep": [1, 2, {"er": None}]}, "": "", "__type": "x"}
    assert (
        ask(endpoints, json_request(endpoints, "cognito-idp", "ListUserPools", document)).status
        == 200
    )


FORMS = {
    "no action": (b"Version=2010-05-08", {"MissingAction", "InvalidAction"}),
    "unknown action": (b"Action=Explode&Version=2010-05-08", {"InvalidAction"}),
    "unknown version": (b"Action=ListRoles&Version=1999-01-01", {"InvalidAction"}),
    "action twice": (b"Action=ListRoles&Action=ListUsers&Version=2010-05-08", {"MalformedInput"}),
    "bad escape": (
        b"Action=GetRole&Version=2010-05-08&RoleName=%zz",
        {"ValidationError", "MalformedInput"},
    ),
    "invalid UTF-8": (
        b"Action=GetRole&Version=2010-05-08&RoleName=%ff%fe",
        {"ValidationError", "MalformedInput"},
    ),
    "JSON": (b'{"Action":"ListRoles"}', {"MissingAction", "InvalidAction", "MalformedInput"}),
    "XML": (b"<ListRoles/>", {"MissingAction", "InvalidAction", "MalformedInput"}),
    "a text for a number": (
        b"Action=ListRoles&Version=2010-05-08&MaxItems=many",
        {"MalformedInput", "ValidationError"},
    ),
    "a list without end": (
        b"Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.999999999.Key=k",
        {"MalformedInput", "ValidationError"},
    ),
    "a huge index": (
        b"Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member." + b"9" * 5_000 + b".Key=k",
        {"MalformedInput", "ValidationError"},
    ),
    "many fields": (
        b"Action=GetRole&Version=2010-05-08&" + b"&".join(b"a%d=1" % i for i in range(50_000)),
        {"MalformedInput", "ValidationError"},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_cannot_be_read(endpoints: Endpoints, name: str) -> None:
    body, codes = FORMS[name]
    unsigned = request(endpoints, body=body, content_type="application/x-www-form-urlencoded")
    check(ask(endpoints, signed(unsigned, root_key(endpoints), "iam")), *codes)


def rest_request(endpoints: Endpoints, body: bytes, path: str = "/policies/bad") -> Any:
    unsigned = request(endpoints, path=path, body=body, content_type="application/json")
    return signed(unsigned, root_key(endpoints), "iot")


@pytest.mark.parametrize(
    "name", [name for name in UNREADABLE if "number" not in name and "fraction" not in name]
)
def test_rest_json_that_cannot_be_read(endpoints: Endpoints, name: str) -> None:
    body = UNREADABLE[name].replace(b"MaxResults", b"policyDocument").replace(b":1", b':"1"')
    answer = ask(endpoints, rest_request(endpoints, body))
    check(
        answer,
        "SerializationException",
        "InvalidRequestException",
        "MalformedPolicyException",
    )


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"Version":"2012-10-17"}',
        '{"Version":"2012-10-17","Statement":[]}',
        '{"Version":"2012-10-17","Statement":"all"}',
        '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
        "[" * 50_000,
        (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",'
            '"Effect":"Deny"}]}'
        ),
    ],
    ids=lambda text: text[:40],
)
def test_policies_that_cannot_be_read(endpoints: Endpoints, document: str) -> None:
    body = json.dumps({"policyDocument": document}).encode()
    check(
        ask(endpoints, rest_request(endpoints, body)),
        "MalformedPolicyException",
        "InvalidRequestException",
    )


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/xml", "", "multipart/form-data; boundary=x", ";;;"]
)
@pytest.mark.parametrize("body", [b"", b"{}", b"<a/>", b"Action=ListRoles", b"\x00\xff"])
def test_requests_for_nobody(endpoints: Endpoints, content_type: str, body: bytes) -> None:
    answer = ask(endpoints, request(endpoints, body=body, content_type=content_type))
    assert 400 <= answer.status < 500
    assert answer.code
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("content_type", ["text/plain", "text/xml", "application/json", "a/b;c"])
def test_a_wrong_content_type_does_not_change_what_is_read(
    endpoints: Endpoints, content_type: str
) -> None:
    unsigned = request(
        endpoints,
        body=UNREADABLE["XML"],
        content_type=content_type,
        x_amz_target="AWSCognitoIdentityProviderService.ListUserPools",
    )
    answer = ask(endpoints, signed(unsigned, root_key(endpoints), "cognito-idp"))
    check(answer, "SerializationException")
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    "target",
    [
        "AWSCognitoIdentityProviderService.",
        "AWSCognitoIdentityProviderService.__init__",
        "AWSCognitoIdentityProviderService." + "A" * 10_000,
        "Nobody.ListUserPools",
        ".",
        "",
        "AWSCognitoIdentityProviderService.\xe9",
    ],
    ids=lambda text: text[:50],
)
def test_targets_for_nobody(endpoints: Endpoints, target: str) -> None:
    sent = request(
        endpoints, body=b"{}", content_type="application/x-amz-json-1.1", x_amz_target=target
    )
    answer = ask(endpoints, sent)
    assert answer.status in (400, 404)
    assert answer.code


@pytest.mark.parametrize(
    "path",
    ["/%", "/%zz", "/policies/%00", "/policies/..%2f..%2fetc", "/../../etc/passwd", "//"],
)
def test_paths_for_nobody(endpoints: Endpoints, path: str) -> None:
    answer = ask(endpoints, request(endpoints, "GET", path))
    assert 400 <= answer.status < 500
    assert answer.code


def test_a_body_of_10_mb_is_refused_and_read_no_further(endpoints: Endpoints) -> None:
    body = b"{" + b" " * 10_000_000 + b"}"
    with wire(endpoints) as connection:
        connection.send(
            b"POST / HTTP/1.1\r\nhost: localhost\r\n"
            b"x-amz-target: AWSCognitoIdentityProviderService.ListUserPools\r\n"
            b"content-type: application/x-amz-json-1.1\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        )
        connection.send(body)
        answer = connection.answer()
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")


def test_a_chunked_body_beyond_the_bound_is_refused(endpoints: Endpoints) -> None:
    chunk = b"%x\r\n" % 65_536 + b" " * 65_536 + b"\r\n"
    with wire(endpoints) as connection:
        connection.send(b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(limits.MAX_BODY_BYTES // 65_536 + 1):
            connection.send(chunk)
        answer = connection.answer()
    assert (answer.status, answer.code) == (413, "RequestEntityTooLargeException")
