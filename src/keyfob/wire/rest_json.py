"""The `rest-json` protocol: members spread over path, query, headers and a JSON body."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from keyfob.core.http import HttpRequest
from keyfob.wire import json, scalars
from keyfob.wire.errors import ResultError, bad_json
from keyfob.wire.models import Operation, Reference, ServiceModel, Shape

MAX_QUERY_PARAMETERS = 1_000
"""Most query parameters read; no operation has a fiftieth of that."""

TextReader = Callable[[str], Any]
TextWriter = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class _Binding:
    """A member outside the body."""

    name: str
    wire_name: str
    location: str
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Input:
    """Where the members of an input are found."""

    bindings: tuple[_Binding, ...]
    payload: str | None
    read_payload: Callable[[bytes], Any] | None
    read_body: json.Reader | None
    """Reads the members that the JSON body holds; None when there are none."""


def parse(
    model: ServiceModel, operation: Operation, uri_params: Mapping[str, str], request: HttpRequest
) -> dict[str, Any]:
    """Collect an operation's input from the whole request.

    Raises:
        AwsError: `SerializationException`.
    """
    if operation.input is None:
        return {}
    plan = _input_plan(model, operation.input.shape)
    try:
        params = _read_bound(plan, uri_params, request)
    except ValueError as error:
        raise bad_json(f"{error}.") from None
    if plan.payload is not None and plan.read_payload is not None:
        if request.body:
            params[plan.payload] = plan.read_payload(request.body)
    elif plan.read_body is not None:
        params.update(json.read_body(plan.read_body, request.body))
    return params


def _read_bound(
    plan: _Input, uri_params: Mapping[str, str], request: HttpRequest
) -> dict[str, Any]:
    query = _parse_query(request.query)
    params: dict[str, Any] = {}
    for binding in plan.bindings:
        found: Any
        if binding.location == "uri":
            found = uri_params.get(binding.wire_name)
        elif binding.location == "querystring":
            found = query.get(binding.wire_name)
        elif binding.location == "header":
            found = [value for key, value in request.headers if key == binding.wire_name] or None
        else:
            prefix = binding.wire_name
            found = {
                key[len(prefix) :]: value
                for key, value in request.headers
                if key.startswith(prefix)
            } or None
        if found is not None:
            params[binding.name] = binding.read(found)
    return params


def _parse_query(text: str) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_PARAMETERS
        )
    except ValueError:
        raise ValueError("the query string is not valid") from None
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


@functools.cache
def _input_plan(model: ServiceModel, name: str) -> _Input:
    shape = model.shapes[name]
    codec = json.codec(model)
    bindings = tuple(
        _bind(model, member, reference)
        for member, reference in shape.members.items()
        if reference.location is not None
    )
    in_body = {
        member: reference
        for member, reference in shape.members.items()
        if reference.location is None and member != shape.payload
    }
    read_payload = None
    if shape.payload is not None:
        read_payload = _payload_reader(model, shape.members[shape.payload].shape)
    read_body = codec.members_reader(in_body) if in_body else None
    return _Input(bindings, shape.payload, read_payload, read_body)


def _payload_reader(model: ServiceModel, name: str) -> Callable[[bytes], Any]:
    kind = model.shapes[name].type
    if kind == "blob":
        return bytes
    if kind == "string":
        return _read_text_payload
    read = json.codec(model).reader(name)
    return lambda body: json.read_body(read, body)


def _read_text_payload(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise bad_json("The body is not valid UTF-8.") from None


def _bind(model: ServiceModel, name: str, member: Reference) -> _Binding:
    shape = model.shapes[member.shape]
    location = member.location or ""
    wire_name = member.location_name or name
    read: Callable[[Any], Any]
    if location in ("header", "headers"):
        wire_name = wire_name.lower()
    if location == "uri":
        read = _text_reader(shape, member, location)
    elif location == "headers":
        read = _same
    elif shape.type == "list" and shape.member is not None:
        read_item = _text_reader(model.shapes[shape.member.shape], shape.member, location)
        read = _list_reader(location, read_item)
    else:
        read = _single_reader(wire_name, _text_reader(shape, member, location))
    return _Binding(name, wire_name, location, read)


def _same(value: Any) -> Any:
    return value


def _single_reader(wire_name: str, read: TextReader) -> Callable[[list[str]], Any]:
    def read_single(values: list[str]) -> Any:
        if len(values) > 1:
            raise ValueError(f"{wire_name} is given twice")
        return read(values[0])

    return read_single


def _list_reader(location: str, read: TextReader) -> Callable[[list[str]], list[Any]]:
    if location == "header":
        return lambda values: [read(each.strip()) for value in values for each in value.split(",")]
    return lambda values: [read(value) for value in values]


_TEXT_READERS: dict[str, TextReader] = {
    "string": scalars.check_text,
    "integer": lambda text: scalars.parse_integer(text, "integer"),
    "long": lambda text: scalars.parse_integer(text, "long"),
    "float": scalars.parse_float,
    "double": scalars.parse_float,
    "boolean": scalars.parse_boolean,
    "timestamp": scalars.parse_timestamp,
    "blob": scalars.parse_blob,
}


def _text_reader(shape: Shape, member: Reference, location: str) -> TextReader:
    if member.jsonvalue:
        return _read_header_json if location == "header" else _read_json_text
    return _TEXT_READERS[shape.type]


def _read_header_json(text: str) -> Any:
    return json.parse_document(scalars.parse_blob(text))


def _read_json_text(text: str) -> Any:
    return json.parse_document(text.encode())


@dataclass(frozen=True, slots=True)
class _Output:
    """Where the members of an output go."""

    headers: Mapping[str, tuple[str, TextWriter]]
    """By member: header name and form."""
    prefixes: Mapping[str, str]
    """By member: header name prefix."""
    status_member: str | None
    payload: str | None
    write_payload: Callable[[Any], bytes] | None
    write_body: json.Writer


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer's parts."""

    status: int
    headers: dict[str, str]
    body: bytes


def render(model: ServiceModel, operation: Operation, result: Mapping[str, Any]) -> Rendered:
    """Spread a result over status, headers and body.

    Raises:
        ResultError: the result does not fit.
    """
    status = operation.http.response_code
    if operation.output is None:
        if result:
            raise ResultError(f"`{operation.name}` has no output")
        return Rendered(status, {}, b"")
    plan = _output_plan(model, operation.output.shape)
    headers: dict[str, str] = {}
    body_members: dict[str, Any] = {}
    for name, value in result.items():
        if value is None or name == plan.payload:
            continue
        if name in plan.headers:
            header, write = plan.headers[name]
            headers[header] = write(value)
        elif name in plan.prefixes:
            headers.update({plan.prefixes[name] + key: str(item) for key, item in value.items()})
        elif name == plan.status_member:
            status = int(value)
        else:
            body_members[name] = value
    if plan.payload is None or plan.write_payload is None:
        return Rendered(status, headers, json.encode(plan.write_body(body_members)))
    payload = result.get(plan.payload)
    return Rendered(status, headers, b"" if payload is None else plan.write_payload(payload))


@functools.cache
def _output_plan(model: ServiceModel, name: str) -> _Output:
    shape = model.shapes[name]
    codec = json.codec(model)
    at = {
        member: (reference.location, (reference.location_name or member).lower())
        for member, reference in shape.members.items()
    }
    in_body = {
        member: reference
        for member, reference in shape.members.items()
        if reference.location is None and member != shape.payload
    }
    write_payload = None
    if shape.payload is not None:
        write_payload = _payload_writer(model, shape.members[shape.payload].shape)
    return _Output(
        headers={
            member: (wire_name, _header_writer(model, shape.members[member]))
            for member, (location, wire_name) in at.items()
            if location == "header"
        },
        prefixes={
            member: wire_name
            for member, (location, wire_name) in at.items()
            if location == "headers"
        },
        status_member=next(
            (member for member, (location, _) in at.items() if location == "statusCode"), None
        ),
        payload=shape.payload,
        write_payload=write_payload,
        write_body=codec.members_writer(name, in_body),
    )


def _payload_writer(model: ServiceModel, name: str) -> Callable[[Any], bytes]:
    kind = model.shapes[name].type
    if kind == "blob":
        return bytes
    if kind == "string":
        return lambda value: str(value).encode()
    write = json.codec(model).writer(name)
    return lambda value: json.encode(write(value))


def _header_writer(model: ServiceModel, member: Reference) -> TextWriter:
    if member.jsonvalue:
        return lambda value: scalars.render_blob(json.encode(value))
    shape = model.shapes[member.shape]
    if shape.type == "timestamp":
        return scalars.render_http_date
    if shape.type == "boolean":
        return lambda value: "true" if value else "false"
    if shape.type == "list":
        return lambda value: ",".join(map(str, value))
    return str
