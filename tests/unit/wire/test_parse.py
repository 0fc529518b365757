"""Bad input is answered, never a traceback; odd but legal input is read as AWS reads it."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import wire
from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest
from keyfob.wire.json import JsonCodec, encode
from keyfob.wire.models import Reference, Shape
from keyfob.wire.query import QueryCodec

FORM = "application/x-www-form-urlencoded"


def json_request(body: bytes, operation: str = "CreateUserPool") -> HttpRequest:
    target = f"AWSCognitoIdentityProviderService.{operation}"
    return HttpRequest("POST", "/", "", (("x-amz-target", target),), body, "127.0.0.1")


def form_request(body: str, version: str = "2010-05-08") -> HttpRequest:
    text = f"Version={version}&{body}"
    return HttpRequest("POST", "/", "", (("content-type", FORM),), text.encode(), "127.0.0.1")


def rest_request(
    method: str, path: str, query: str = "", body: bytes = b"", **headers: str
) -> HttpRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method, path, query, named, body, "127.0.0.1")


def parse(request: HttpRequest) -> dict[str, Any]:
    return wire.parse(wire.route(request), request)


def refusal(request: HttpRequest) -> AwsError:
    with pytest.raises(AwsError) as found:
        parse(request)
    return found.value


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"<xml/>",
        b"[]",
        b'"text"',
        b"null",
        b"5",
        b"\xff{}",
        b'{"PoolName": "a"',
        b'{"PoolName": 5}',
        b'{"PoolName": true}',
        b'{"PoolName": ["a"]}',
        b'{"PoolName": {"a": 1}}',
        b'{"PoolName": "a", "PoolName": "b"}',
        b'{"PoolName": "a", "x": NaN}',
        b'{"PoolName": "a", "x": 1e999}',
        b'{"PoolName": "a", "x": "\\ud800"}',
        b'{"PoolName": "a", "\\udc00": 1}',
        b'{"PoolName": "a", "x": ' + b"9" * 5000 + b"}",
        b'{"PoolName": "a", "Schema": {}}',
        b'{"PoolName": "a", "Schema": [null]}',
        b'{"PoolName": "a", "Policies": []}',
        b'{"PoolName": "a", "UserPoolTags": "x"}',
        b'{"PoolName": "a", "Policies": {"PasswordPolicy": {"MinimumLength": "8"}}}',
        b'{"PoolName": "a", "Policies": {"PasswordPolicy": {"MinimumLength": 8.5}}}',
        b'{"PoolName": "a", "Policies": {"PasswordPolicy": {"MinimumLength": 99999999999}}}',
        b'{"PoolName": "a", "Policies": {"PasswordPolicy": {"RequireNumbers": "true"}}}',
        b'{"PoolName": "a", "x": ' + b"[" * 65 + b"]" * 65 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        "{}".encode("utf-16"),
    ],
)
def test_bad_json(body: bytes) -> None:
    error = refusal(json_request(body))
    assert (error.code, error.status) == ("SerializationException", 400)
    assert "\n" not in error.message


def test_odd_but_legal_json() -> None:
    body = (
        b'{"PoolName": "a", "Schema": null, "Unknown": {"deep": [1]}, '
        b'"UserPoolTags": {"k": null, "l": "v"}, '
        b'"Policies": {"PasswordPolicy": {"MinimumLength": 8.0}}}'
    )
    assert parse(json_request(body)) == {
        "PoolName": "a",
        "UserPoolTags": {"l": "v"},
        "Policies": {"PasswordPolicy": {"MinimumLength": 8}},
    }
    wide = b'{"PoolName": "a", "x": [' + b",".join([b"{}"] * 200) + b"]}"
    assert parse(json_request(wide)) == {"PoolName": "a"}


def test_an_empty_body_is_an_empty_structure() -> None:
    assert "poolName" in refusal(json_request(b"")).message


@pytest.mark.parametrize(
    "body",
    [
        "Action=CreateRole&RoleName.x=1&RoleName=a",
        "Action=CreateRole&RoleName=a&RoleName.x=1",
        "Action=CreateRole&RoleName.x=1",
        "Action=CreateRole&Tags=x",
        "Action=CreateRole&Tags.member=x",
        "Action=CreateRole&Tags.member.01.Key=x",
        "Action=CreateRole&Tags.member.x.Key=x",
        "Action=CreateRole&Tags.member.\u0661.Key=x",
        "Action=CreateRole&Tags.entry.1.Key=x",
        "Action=CreateRole&Tags.member.1=x",
        "Action=CreateRole&MaxSessionDuration=1.5",
        "Action=CreateRole&MaxSessionDuration=99999999999",
        "Action=CreateRole&MaxSessionDuration=",
        "Action=CreateRole&" + "a." * 100 + "b=1",
        "Action=UpdateAccountPasswordPolicy&RequireSymbols=yes",
        "Action=CreateRole&" + "&".join(f"p{n}=1" for n in range(10_001)),
    ],
)
def test_bad_query(body: str) -> None:
    error = refusal(form_request(body))
    assert (error.code, error.status) == ("MalformedInput", 400)


def test_query_lists_keep_their_numbers_order() -> None:
    tags = "&".join(f"Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value=v" for n in (10, 9, 1))
    found = parse(form_request(f"Action=TagRole&RoleName=r&Unknown.thing=1&{tags}"))
    assert [tag["Key"] for tag in found["Tags"]] == ["k1", "k9", "k10"]


@pytest.mark.parametrize(
    "request_",
    [
        rest_request("POST", "/topics/t", "qos=x"),
        rest_request("POST", "/topics/t", "qos=1&qos=0"),
        rest_request("POST", "/topics/t", "retain=maybe"),
        rest_request("POST", "/topics/t", "qos=%ff"),
        rest_request("POST", "/topics/t", x_amz_mqtt5_user_properties="{}"),
        rest_request("POST", "/topics/t", x_amz_mqtt5_user_properties="e30"),
        rest_request("POST", "/topics/t", x_amz_mqtt5_user_properties="e3s="),
        rest_request("POST", "/policies/p", body=b"nonsense"),
        rest_request("POST", "/policies/p", body=b"[]"),
        rest_request("POST", "/rules/r", body=b"[]"),
        rest_request("GET", "/audit/tasks", "startTime=soon&endTime=2026-01-01"),
        rest_request("GET", "/audit/tasks", "startTime=9999999999999"),
        rest_request("GET", "/audit/tasks", "startTime=0001-01-01T00:00:00%2B23:59x"),
    ],
)
def test_bad_rest_json(request_: HttpRequest) -> None:
    assert refusal(request_).code == "SerializationException"


def test_publish() -> None:
    properties = base64.b64encode(b'[{"a": "b"}]').decode()
    request = rest_request(
        "POST",
        "/topics/a%2Fb",
        "qos=1&retain=true",
        b"\x00\xff",
        x_amz_mqtt5_user_properties=properties,
    )
    assert parse(request) == {
        "topic": "a/b",
        "qos": 1,
        "retain": True,
        "payload": b"\x00\xff",
        "userProperties": [{"a": "b"}],
    }
    assert parse(rest_request("POST", "/topics/a")) == {"topic": "a"}


def test_shapes_that_contain_themselves() -> None:
    codec = JsonCodec(
        {
            "Node": Shape(
                type="structure", members={"next": Reference("Node"), "name": Reference("Text")}
            ),
            "Text": Shape(type="string"),
        }
    )
    value = {"name": "a", "next": {"name": "b", "next": {"name": "c"}}}
    assert codec.reader("Node")(value) == value
    assert codec.writer("Node")(value) == value


def test_unimplemented_operations_say_so() -> None:
    error = wire.not_implemented("iot", "CreateJob")
    assert error.status == 501
    assert "iot:CreateJob" in error.message


TARGETS = ["InitiateAuth", "CreateUserPool", "AdminCreateUser", "Nope"]
PATHS = ["/", "/policies/p", "/topics/a", "/things/t/shadow", "/%", "/rules/r", "//", ""]


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    path=st.sampled_from(PATHS) | st.text(max_size=30).map(lambda text: f"/{text}"),
    query=st.text(max_size=60) | st.just("Action=GetUser&Version=2010-05-08"),
    body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    target=st.none() | st.sampled_from(TARGETS),
    content_type=st.none() | st.just(FORM) | st.text(max_size=20),
    authorization=st.none() | st.text(max_size=60),
)
def test_anything_is_read_or_refused(
    method: str,
    path: str,
    query: str,
    body: bytes,
    target: str | None,
    content_type: str | None,
    authorization: str | None,
) -> None:
    headers = {
        "x-amz-target": target and f"AWSCognitoIdentityProviderService.{target}",
        "content-type": content_type,
        "authorization": authorization,
    }
    named = tuple((name, value) for name, value in headers.items() if value is not None)
    request = HttpRequest(method, path, query, named, body, "127.0.0.1")
    found = None
    try:
        found = wire.route(request)
        assert isinstance(wire.parse(found, request), dict)
    except AwsError as error:
        response = wire.render_error(found, error, "id", request)
        assert response.status >= 400
        for value in response.headers.values():
            assert value.isascii()
            assert "\n" not in value


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["PoolName", "Policies", "PasswordPolicy", "MinimumLength", "Schema", "Name"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    request = json_request(json.dumps(value).encode())
    try:
        assert "PoolName" in parse(request)
    except AwsError as error:
        assert error.status == 400


def test_query_shapes_without_wrappers() -> None:
    shapes = {
        "In": Shape(
            type="structure",
            members={
                "Names": Reference("Names"),
                "Attributes": Reference("Attributes"),
                "Ratio": Reference("Ratio"),
                "Data": Reference("Data"),
                "At": Reference("At"),
            },
        ),
        "Names": Shape(type="list", member=Reference("Text", location_name="Name"), flattened=True),
        "Attributes": Shape(
            type="map",
            key=Reference("Text", location_name="Key"),
            value=Reference("Text"),
            flattened=True,
        ),
        "Text": Shape(type="string"),
        "Ratio": Shape(type="double"),
        "Data": Shape(type="blob"),
        "At": Shape(type="timestamp"),
    }
    codec = QueryCodec(shapes)
    read = codec.reader("In")
    value = {
        "Names": ["a", "b"],
        "Attributes": {"k": "v"},
        "Ratio": 0.5,
        "Data": b"\x00",
        "At": 0,
    }
    node: Any = {
        "Name": {"1": "a", "2": "b"},
        "Attributes": {"1": {"Key": "k", "value": "v"}},
        "Ratio": "0.5",
        "Data": "AA==",
        "At": "1970-01-01T00:00:00Z",
    }
    assert read(node) == value
    out: list[str] = []
    codec.writer("In")("R", value, out)
    assert "".join(out) == (
        "<R><Name>a</Name><Name>b</Name><Attributes><Key>k</Key><value>v</value></Attributes>"
        "<Ratio>0.5</Ratio><Data>AA==</Data><At>1970-01-01T00:00:00Z</At></R>"
    )
    entries: tuple[Any, ...] = ("x", {"Key": "k"}, {"value": "v"})
    for entry in entries:
        with pytest.raises(ValueError, match="key and a value"):
            read({"Attributes": {"1": entry}})
    with pytest.raises(ValueError, match="twice"):
        read({"Attributes": {n: {"Key": "k", "value": "v"} for n in ("1", "2")}})


def test_json_scalars() -> None:
    kinds = ("double", "blob", "timestamp", "long")
    shapes = {kind: Shape(type=kind) for kind in kinds}
    codec = JsonCodec(
        {**shapes, "In": Shape(type="structure", members={kind: Reference(kind) for kind in kinds})}
    )
    read = codec.reader("In")
    assert read({"double": 1, "blob": "AA==", "timestamp": "1970-01-01T00:00:01Z"}) == {
        "double": 1.0,
        "blob": b"\x00",
        "timestamp": 1.0,
    }
    wrongs: tuple[Any, ...] = (
        {"double": "1"},
        {"double": True},
        {"double": 10**400},
        {"blob": "!"},
        {"blob": 5},
        {"timestamp": 1e300},
        {"timestamp": []},
        {"long": 2**63},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError):
            read(wrong)


def test_a_result_that_json_cannot_hold() -> None:
    with pytest.raises(wire.ResultError):
        encode({"a": object()})
    with pytest.raises(wire.ResultError):
        encode({"a": "\ud800"})
