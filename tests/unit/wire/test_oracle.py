"""botocore as the other end of the wire, for every operation of every service.

Params are generated from the model, serialised by botocore, routed and read by keyfob; results
are rendered by keyfob and parsed by botocore. What goes in must come out.
"""

import datetime
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore import loaders, model, parsers, serialize
from botocore.awsrequest import prepare_request_dict

from keyfob import wire
from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.wire.catalog import SERVICES

NAMES = [row.name for row in SERVICES]
MOMENT_S = 1_790_000_000
MAX_DEPTH = 5


@cache
def boto_model(name: str) -> model.ServiceModel:
    return model.ServiceModel(loaders.Loader().load_service_model(name, "service-2"), name)


def operations(name: str) -> Iterator[model.OperationModel]:
    service = boto_model(name)
    return (service.operation_model(each) for each in service.operation_names)


def generate(shape: Any, depth: int = 0, *, is_output: bool = False) -> Any:
    """Make one value of a shape, every member set; constraints of the model are not kept."""
    if getattr(shape, "is_document_type", False):
        return {"any": ["thing", 1, None, True]}
    if shape.type_name == "structure":
        members = shape.members.items()
        deep_enough = depth >= MAX_DEPTH
        return {
            name: _member(member, depth, is_output)
            for name, member in members
            if not deep_enough or member.type_name not in ("structure", "list", "map")
        }
    if shape.type_name == "list":
        return [generate(shape.member, depth + 1, is_output=is_output) for _ in range(2)]
    if shape.type_name == "map":
        return {key: generate(shape.value, depth + 1, is_output=is_output) for key in ("k1", "k 2")}
    return {
        "string": 'a <&> "ü" $+\u2028',
        "integer": -7,
        "long": 2**40,
        "float": 1.5,
        "double": 0.25,
        "boolean": True,
        "timestamp": MOMENT_S,
        "blob": b"\x00\xffblob",
    }[shape.type_name]


def _member(member: Any, depth: int, is_output: bool) -> Any:
    if member.serialization.get("jsonvalue"):
        return [{"a": "1"}, {"b": "2"}]
    if member.serialization.get("location") in ("header", "uri") and member.type_name == "string":
        return "a b/c:d%+"
    if member.serialization.get("location") == "statusCode":
        return 202
    return generate(member, depth + 1, is_output=is_output)


def to_request(name: str, operation: model.OperationModel, params: Any) -> HttpRequest:
    serializer = serialize.create_serializer(
        boto_model(name).metadata["protocol"], include_validation=False
    )
    serialized = serializer.serialize_to_request(
        _with_dates(operation.input_shape, params), operation
    )
    prepare_request_dict(serialized, endpoint_url=f"http://{name}.localhost:4566")
    path, _, query = serialized["url"].removeprefix(f"http://{name}.localhost:4566").partition("?")
    body = serialized["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    headers = tuple((key.lower(), str(value)) for key, value in serialized["headers"].items())
    return HttpRequest(
        serialized["method"],
        path,
        query,
        (("host", f"{name}.localhost:4566"), *headers),
        body.encode() if isinstance(body, str) else bytes(body),
        "127.0.0.1",
    )


def _with_dates(shape: Any, value: Any) -> Any:
    """Turn epoch seconds into the datetimes that botocore wants."""
    if shape is None or value is None:
        return value
    if shape.type_name == "timestamp":
        return datetime.datetime.fromtimestamp(value, datetime.UTC)
    if getattr(shape, "is_document_type", False) or shape.serialization.get("jsonvalue"):
        return value
    if shape.type_name == "structure":
        return {name: _with_dates(shape.members[name], each) for name, each in value.items()}
    if shape.type_name == "list":
        return [_with_dates(shape.member, each) for each in value]
    if shape.type_name == "map":
        return {name: _with_dates(shape.value, each) for name, each in value.items()}
    return value


def parse_with_boto(
    name: str, operation: model.OperationModel, response: HttpResponse
) -> dict[str, Any]:
    parser = parsers.create_parser(boto_model(name).metadata["protocol"])
    parsed: dict[str, Any] = parser.parse(
        {"status_code": response.status, "headers": response.headers, "body": response.body},
        operation.output_shape,
    )
    return parsed


def _readable(value: Any) -> Any:
    """Undo what botocore's parser makes of dates and streams."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {key: _readable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_readable(each) for each in value]
    return value


@pytest.mark.parametrize("name", NAMES)
def test_inputs_come_back(name: str) -> None:
    for operation in operations(name):
        params = generate(operation.input_shape) if operation.input_shape else {}
        request = to_request(name, operation, params)
        found = wire.route(request)
        assert (found.service, found.operation_name) == (name, operation.name)
        assert wire.decode(found, request) == params, operation.name


@pytest.mark.parametrize("name", NAMES)
def test_empty_lists_and_maps_come_back(name: str) -> None:
    for operation in operations(name):
        if operation.input_shape is None:
            continue
        params: dict[str, Any] = {
            member: [] if shape.type_name == "list" else {}
            for member, shape in operation.input_shape.members.items()
            if shape.type_name == "list" and "location" not in shape.serialization
        }
        required = {
            member: "x" if shape.type_name == "string" else 7
            for member, shape in operation.input_shape.members.items()
            if shape.serialization.get("location") == "uri"
        }
        request = to_request(name, operation, {**required, **params})
        found = wire.decode(wire.route(request), request)
        payload = operation.input_shape.serialization.get("payload")
        if payload is not None and operation.input_shape.members[payload].type_name == "structure":
            # botocore sends `{}` for a payload structure that was not given.
            assert found.pop(payload) == {}
        assert found == {**required, **params}


@pytest.mark.parametrize("name", NAMES)
def test_results_are_read_by_botocore(name: str) -> None:
    for operation in operations(name):
        params = generate(operation.input_shape) if operation.input_shape else {}
        found = wire.route(to_request(name, operation, params))
        result = generate(operation.output_shape, is_output=True) if operation.output_shape else {}
        if operation.output_shape and "payload" in operation.output_shape.serialization:
            result[operation.output_shape.serialization["payload"]] = b'{"state": "\xc3\xbc"}'
        response = wire.render_result(found, result, "request-1")
        parsed = parse_with_boto(name, operation, response)
        metadata = parsed.pop("ResponseMetadata")
        assert metadata["RequestId"] == "request-1"
        if found.operation.output and (
            payload := operation.output_shape.serialization.get("payload")
        ):
            # A body that is a blob comes to the parser undecoded here; a client hands it a stream.
            parsed[payload] = parsed[payload].encode()
        assert _readable(parsed) == result, operation.name


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_read_by_botocore(name: str) -> None:
    ours = wire.service_model(name)
    for operation in operations(name):
        params = generate(operation.input_shape) if operation.input_shape else {}
        request = to_request(name, operation, params)
        found = wire.route(request)
        for shape in operation.error_shapes:
            fields = {
                member: "v"
                for member, kind in shape.members.items()
                if member.lower() != "message" and kind.type_name == "string"
            }
            error = AwsError(shape.name, 'wrong <"ü"> \x00', fields=dict(fields))
            response = wire.render_error(found, error, "request-1", request)
            parsed = parse_with_boto(name, operation, response)
            assert parsed["Error"]["Code"] in (shape.name, shape.error_code)
            expected = 'wrong <"ü"> ' + ("\ufffd" if found.protocol == "query" else "\x00")
            assert parsed["Error"]["Message"] == expected
            assert parsed["ResponseMetadata"]["RequestId"] == "request-1"
            modelled = shape.metadata.get("error", {}).get("httpStatusCode")
            is_fault = ours.shapes[shape.name].fault
            assert response.status == (modelled or (500 if is_fault else 400))
            if found.protocol != "query":
                parser = parsers.create_parser(found.protocol)
                body = parser.parse(
                    {"status_code": 200, "headers": {}, "body": response.body}, shape
                )
                assert {key: body[key] for key in fields} == fields
        assert ours.operation(operation.name).name == operation.name


@pytest.mark.parametrize("name", NAMES)
def test_unsigned_operations_are_those_of_the_model(name: str) -> None:
    ours = wire.service_model(name)
    for operation in operations(name):
        assert ours.operation(operation.name).is_unsigned == (operation.auth_type == "none")
