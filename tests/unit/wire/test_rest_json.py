"""The bindings of `rest-json` that the services so far use rarely or not at all."""

from typing import Any

import msgspec
import pytest

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest
from keyfob.wire import ResultError, rest_json
from keyfob.wire.catalog import ServiceRow
from keyfob.wire.models import Document, ServiceModel


def model(members: dict[str, Any], payload: str | None = None) -> ServiceModel:
    """A service with one operation whose input and output have these members."""
    shapes = {
        kind.capitalize(): {"type": kind}
        for kind in ("string", "integer", "boolean", "timestamp", "blob")
    }
    shapes["Numbers"] = {"type": "list", "member": {"shape": "Integer"}}  # type: ignore[dict-item]
    shapes["Tags"] = {
        "type": "map",
        "key": {"shape": "String"},  # type: ignore[dict-item]
        "value": {"shape": "String"},  # type: ignore[dict-item]
    }
    document = {
        "metadata": {"apiVersion": "1", "protocol": "rest-json"},
        "operations": {"Do": {"name": "Do", "input": {"shape": "All"}, "output": {"shape": "All"}}},
        "shapes": {
            **shapes,
            "All": {"type": "structure", "members": members, "payload": payload},
        },
    }
    return ServiceModel(ServiceRow("made-up", ()), msgspec.convert(document, Document))


def parse(service: ServiceModel, query: str = "", body: bytes = b"", *headers: Any) -> Any:
    request = HttpRequest("POST", "/", query, headers, body, "127.0.0.1")
    return rest_json.parse(service, service.operation("Do"), {}, request)


def test_lists_and_prefixes() -> None:
    service = model(
        {
            "many": {"shape": "Numbers", "location": "querystring", "locationName": "n"},
            "header": {"shape": "Numbers", "location": "header", "locationName": "X-N"},
            "meta": {"shape": "Tags", "location": "headers", "locationName": "X-Meta-"},
            "json": {"shape": "String", "location": "querystring", "jsonvalue": True},
        }
    )
    headers = (("x-n", "1, 2"), ("x-meta-a", "b"), ("x-meta-c", "d"))
    assert parse(service, "n=1&n=2&json=%5B1%5D", b"", *headers) == {
        "many": [1, 2],
        "header": [1, 2],
        "meta": {"a": "b", "c": "d"},
        "json": [1],
    }


def test_header_outputs() -> None:
    service = model(
        {
            "when": {"shape": "Timestamp", "location": "header", "locationName": "X-When"},
            "flag": {"shape": "Boolean", "location": "header", "locationName": "X-Flag"},
            "many": {"shape": "Numbers", "location": "header", "locationName": "X-N"},
            "json": {
                "shape": "String",
                "location": "header",
                "locationName": "X-J",
                "jsonvalue": True,
            },
            "meta": {"shape": "Tags", "location": "headers", "locationName": "X-Meta-"},
            "rest": {"shape": "String"},
        }
    )
    result = {
        "when": 0,
        "flag": True,
        "many": [1, 2],
        "json": [1],
        "meta": {"a": "b"},
        "rest": "r",
    }
    rendered = rest_json.render(service, service.operation("Do"), result)
    assert rendered.headers == {
        "x-when": "Thu, 01 Jan 1970 00:00:00 GMT",
        "x-flag": "true",
        "x-n": "1,2",
        "x-j": "WzFd",
        "x-meta-a": "b",
    }
    assert rendered.body == b'{"rest":"r"}'
    with pytest.raises(ResultError):
        rest_json.render(service, service.operation("Do"), {"rest": 5})


@pytest.mark.parametrize(
    ("shape", "value", "body"),
    [
        ("String", "ü", "ü".encode()),
        ("Blob", b"\xff", b"\xff"),
        ("Tags", {"a": "b"}, b'{"a":"b"}'),
    ],
)
def test_payloads(shape: str, value: Any, body: bytes) -> None:
    service = model({"all": {"shape": shape}}, "all")
    assert parse(service, "", body) == {"all": value}
    assert parse(service) == {}
    assert rest_json.render(service, service.operation("Do"), {"all": value}).body == body
    assert rest_json.render(service, service.operation("Do"), {}).body == b""


def test_a_text_payload_is_utf_8() -> None:
    with pytest.raises(AwsError, match="UTF-8"):
        parse(model({"all": {"shape": "String"}}, "all"), "", b"\xff")
