"""The JSON bodies of the `json` and `rest-json` protocols.

Theory. Each shape is compiled once, on first use, into two closures: a reader (decoded JSON
to params) and a writer (result to encodable JSON). Unknown members and nulls are ignored, as
AWS does; a wrong type is refused. Readers raise `ValueError`, and the entry points turn it
into the protocol's error.
"""

import functools
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keyfob.core import limits
from keyfob.wire import scalars
from keyfob.wire.errors import ResultError, bad_json
from keyfob.wire.models import Reference, ServiceModel, Shape

Reader = Callable[[Any], Any]
"""Turns one decoded value into its params form."""

Writer = Callable[[Any], Any]
"""Turns one result value into what the JSON encoder takes."""


def parse_document(body: bytes) -> Any:
    """Decode a JSON document, refusing what two parsers might read differently.

    Refused besides malformed JSON: text that is not UTF-8, duplicate keys, NaN and
    infinities, lone surrogates, and nesting deeper than `limits.MAX_JSON_DEPTH`.

    Raises:
        AwsError: `SerializationException`.
    """
    try:
        text = body.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise bad_json("The body is not valid UTF-8.") from None
    except ValueError as error:
        raise bad_json(f"The body is not valid JSON: {_first_line(error)}.") from None
    except RecursionError:
        raise bad_json("The body is nested too deeply.") from None
    if text.count("{") + text.count("[") > limits.MAX_JSON_DEPTH:
        _check_depth(value)
    return value


def _first_line(error: ValueError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error).split(";")[0]


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has a key twice")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members, parse_constant=_refuse_constant, parse_float=_finite
)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(limits.MAX_JSON_DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        if not inner:
            return
        level = inner
    raise bad_json("The body is nested too deeply.")


class JsonCodec:
    """Readers and writers of one service's shapes, made as they are asked for."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        """Start empty over a model's shapes."""
        self._shapes = shapes
        self._readers: dict[str, Reader] = {}
        self._writers: dict[str, Writer] = {}

    def reader(self, name: str) -> Reader:
        """Return the reader of a shape."""
        if name not in self._readers:
            # A shape that contains itself meets this stand-in while it is being made.
            self._readers[name] = lambda value: self._readers[name](value)
            self._readers[name] = self._make_reader(self._shapes[name])
        return self._readers[name]

    def writer(self, name: str) -> Writer:
        """Return the writer of a shape."""
        if name not in self._writers:
            self._writers[name] = lambda value: self._writers[name](value)
            self._writers[name] = self._make_writer(name, self._shapes[name])
        return self._writers[name]

    def members_reader(self, members: Mapping[str, Reference]) -> Reader:
        """Return a reader of an object with these members."""
        return _structure_reader(
            {
                member.location_name or name: (name, self.reader(member.shape))
                for name, member in members.items()
            }
        )

    def members_writer(self, name: str, members: Mapping[str, Reference]) -> Writer:
        """Return a writer of an object with these members; `name` is for the error message."""
        return _structure_writer(
            name,
            {
                key: (member.location_name or key, self.writer(member.shape))
                for key, member in members.items()
            },
        )

    def _make_reader(self, shape: Shape) -> Reader:
        if shape.document:
            return lambda value: value
        if shape.type == "structure":
            return self.members_reader(shape.members)
        if shape.type == "list" and shape.member is not None:
            return _list_reader(self.reader(shape.member.shape))
        if shape.type == "map" and shape.value is not None:
            return _map_reader(self.reader(shape.value.shape))
        return _SCALAR_READERS[shape.type]

    def _make_writer(self, name: str, shape: Shape) -> Writer:
        if shape.document:
            return lambda value: value
        if shape.type == "structure":
            return self.members_writer(name, shape.members)
        if shape.type == "list" and shape.member is not None:
            return _list_writer(name, self.writer(shape.member.shape))
        if shape.type == "map" and shape.value is not None:
            return _map_writer(name, self.writer(shape.value.shape))
        types = RESULT_TYPES[shape.type]
        as_text = scalars.render_blob if shape.type == "blob" else _same
        return _scalar_writer(
            name, types, _TIMESTAMPS[_format_of(shape)] if shape.type == "timestamp" else as_text
        )


def _same(value: Any) -> Any:
    return value


def _format_of(shape: Shape) -> str:
    return shape.timestamp_format or "unixTimestamp"


_TIMESTAMPS: dict[str, Writer] = {
    "unixTimestamp": _same,
    "iso8601": scalars.render_iso8601,
    "rfc822": scalars.render_http_date,
}

RESULT_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float),
    "blob": (bytes,),
}
"""Python types that a handler's result may hold for each scalar of the model."""


def _structure_reader(table: dict[str, tuple[str, Reader]]) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"{_token(value)} found where a structure was expected")
        params = {}
        for key, item in value.items():
            if item is not None and (known := table.get(key)) is not None:
                params[known[0]] = known[1](item)
        return params

    return read


def _list_reader(read_item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise ValueError(f"{_token(value)} found where a list was expected")
        return [read_item(item) for item in value]

    return read


def _map_reader(read_value: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"{_token(value)} found where a map was expected")
        return {key: read_value(item) for key, item in value.items() if item is not None}

    return read


def _token(value: Any) -> str:
    """Name a JSON value as AWS's messages do."""
    if value is None or isinstance(value, bool):
        return f"{'NULL' if value is None else str(value).upper()}_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    if isinstance(value, int | float):
        return "NUMBER_VALUE"
    return "Start of list" if isinstance(value, list) else "Start of structure"


def _read_string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"{_token(value)} can not be converted to a String")
    return value


def _read_whole(value: Any, kind: str) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise ValueError(f"{_token(value)} can not be converted to {kind.capitalize()}")
    return scalars.check_integer(value, kind)


def _read_float(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"{_token(value)} can not be converted to a Double")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("the number is out of range") from None


def _read_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{_token(value)} can not be converted to Boolean")
    return value


def _read_timestamp(value: Any) -> float:
    if type(value) is str:
        return scalars.parse_timestamp(value)
    return scalars.check_timestamp(_read_float(value))


_SCALAR_READERS: dict[str, Reader] = {
    "string": _read_string,
    "integer": lambda value: _read_whole(value, "integer"),
    "long": lambda value: _read_whole(value, "long"),
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
    "blob": lambda value: scalars.parse_blob(_read_string(value)),
}


def _structure_writer(name: str, table: dict[str, tuple[str, Writer]]) -> Writer:
    def write(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ResultError(f"`{name}` is not a mapping")
        written = {}
        for key, item in value.items():
            if key not in table:
                raise ResultError(f"`{name}` has no member `{key}`")
            if item is not None:
                wire_name, write_item = table[key]
                written[wire_name] = write_item(item)
        return written

    return write


def _list_writer(name: str, write_item: Writer) -> Writer:
    def write(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ResultError(f"`{name}` is not a list")
        return [write_item(item) for item in value]

    return write


def _map_writer(name: str, write_value: Writer) -> Writer:
    def write(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ResultError(f"`{name}` is not a mapping")
        return {key: write_value(item) for key, item in value.items()}

    return write


def _scalar_writer(name: str, types: tuple[type, ...], render: Writer) -> Writer:
    wants_boolean = types == (bool,)

    def write(value: Any) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) is not wants_boolean):
            raise ResultError(f"`{name}` is a {type(value).__name__}")
        return render(value)

    return write


@functools.cache
def codec(model: ServiceModel) -> JsonCodec:
    """Return the codec of a service, the same one every time."""
    return JsonCodec(model.shapes)


def read_body(read: Reader, body: bytes) -> Any:
    """Decode a body and read it; an empty one is an empty structure.

    Raises:
        AwsError: `SerializationException`.
    """
    if not body:
        return {}
    document = parse_document(body)
    try:
        return read(document)
    except ValueError as error:
        raise bad_json(str(error)) from None


def encode(value: Any) -> bytes:
    """Return JSON bytes.

    Raises:
        ResultError: the value holds something that JSON cannot.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, UnicodeError) as error:
        raise ResultError(f"the result is not JSON: {error}") from error


def parse(model: ServiceModel, input_shape: str | None, body: bytes) -> dict[str, Any]:
    """Read the body of a JSON 1.1 request.

    Raises:
        AwsError: `SerializationException`.
    """
    if input_shape is None:
        return {}
    params: dict[str, Any] = read_body(codec(model).reader(input_shape), body)
    return params


def render(model: ServiceModel, output_shape: str | None, result: Mapping[str, Any]) -> bytes:
    """Return the body of a JSON 1.1 answer; empty for an operation without output.

    Raises:
        ResultError: the result does not fit.
    """
    if output_shape is None:
        return b""
    return encode(codec(model).writer(output_shape)(result))
