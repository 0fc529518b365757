"""The `query` protocol: form parameters in, XML out.

Lists travel as `Name.member.1`, maps as `Name.entry.1.key` and `.value`, structures as
`Name.Member`. Parameters that no member wants are ignored, as AWS does.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from keyfob.core import limits
from keyfob.wire import scalars
from keyfob.wire.errors import ResultError, bad_query
from keyfob.wire.json import RESULT_TYPES
from keyfob.wire.models import Reference, ServiceModel, Shape

MAX_PARAMETERS = 10_000
"""Most form parameters read; the body's size bounds them anyway, this bounds the work per byte."""

Node: TypeAlias = "str | dict[str, Node]"
"""A parameter's value, or what its dotted names lead to."""

Reader = Callable[[Node], Any]
Writer = Callable[[str, Any, list[str]], None]
"""Appends an element of the given name and value to the output."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"})


def parse_form(text: str) -> dict[str, str]:
    """Decode form parameters.

    Raises:
        AwsError: a name comes twice, there are too many, or a text is not UTF-8.
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise bad_query("The parameters are not valid form data.") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise bad_query("A parameter is given twice.")
    return parameters


def _build_tree(parameters: Mapping[str, str]) -> dict[str, Node]:
    root: dict[str, Node] = {}
    for name, value in parameters.items():
        *path, last = name.split(".", limits.MAX_JSON_DEPTH)
        if len(path) == limits.MAX_JSON_DEPTH:
            raise bad_query("A parameter is nested too deeply.")
        node = root
        for part in path:
            inner = node.setdefault(part, {})
            if isinstance(inner, str):
                raise bad_query(f"The parameter {name[:100]} contradicts another.")
            node = inner
        if last in node:
            raise bad_query(f"The parameter {name[:100]} contradicts another.")
        node[last] = value
    return root


class QueryCodec:
    """Readers and writers of one service's shapes, made as they are asked for."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        """Start empty over a model's shapes."""
        self._shapes = shapes
        self._readers: dict[str, Reader] = {}
        self._writers: dict[str, Writer] = {}

    def reader(self, name: str) -> Reader:
        """Return the reader of a shape."""
        if name not in self._readers:
            self._readers[name] = lambda node: self._readers[name](node)
            self._readers[name] = self._make_reader(self._shapes[name])
        return self._readers[name]

    def writer(self, name: str) -> Writer:
        """Return the writer of a shape."""
        if name not in self._writers:
            self._writers[name] = lambda *arguments: self._writers[name](*arguments)
            self._writers[name] = self._make_writer(name, self._shapes[name])
        return self._writers[name]

    def _make_reader(self, shape: Shape) -> Reader:
        if shape.type == "structure":
            return _structure_reader(
                {
                    self._wire_name(name, member): (name, self.reader(member.shape))
                    for name, member in shape.members.items()
                }
            )
        if shape.type == "list" and shape.member is not None:
            wrapper = "" if shape.flattened else shape.member.location_name or "member"
            return _list_reader(wrapper, self.reader(shape.member.shape))
        if shape.type == "map" and shape.key is not None and shape.value is not None:
            return _map_reader(
                "" if shape.flattened else "entry",
                (shape.key.location_name or "key", self.reader(shape.key.shape)),
                (shape.value.location_name or "value", self.reader(shape.value.shape)),
            )
        return _scalar_reader(_SCALAR_READERS[shape.type])

    def _wire_name(self, name: str, member: Reference) -> str:
        shape = self._shapes[member.shape]
        if shape.type == "list" and (shape.flattened or member.flattened) and shape.member:
            return shape.member.location_name or member.location_name or name
        return member.location_name or name

    def _make_writer(self, name: str, shape: Shape) -> Writer:
        if shape.type == "structure":
            return _structure_writer(
                name,
                {
                    key: (self._wire_name(key, member), self.writer(member.shape))
                    for key, member in shape.members.items()
                },
            )
        if shape.type == "list" and shape.member is not None:
            wrapper = "" if shape.flattened else shape.member.location_name or "member"
            return _list_writer(name, wrapper, self.writer(shape.member.shape))
        if shape.type == "map" and shape.key is not None and shape.value is not None:
            return _map_writer(
                name,
                shape.flattened,
                (shape.key.location_name or "key", self.writer(shape.key.shape)),
                (shape.value.location_name or "value", self.writer(shape.value.shape)),
            )
        return _scalar_writer(name, RESULT_TYPES[shape.type], _SCALAR_WRITERS[shape.type])


def _structure_reader(table: dict[str, tuple[str, Reader]]) -> Reader:
    def read(node: Node) -> Any:
        if isinstance(node, str):
            if node:
                raise ValueError("a text was found where a structure was expected")
            return {}
        params = {}
        for key, inner in node.items():
            if (known := table.get(key)) is not None:
                params[known[0]] = known[1](inner)
        return params

    return read


def _items(node: Node, wrapper: str) -> Iterator[Node]:
    """Yield what is numbered below a list's or map's node, in order; an empty text is none."""
    if isinstance(node, dict) and wrapper:
        node = node.get(wrapper, "a text")
    if isinstance(node, str):
        if node:
            raise ValueError("a text was found where a list was expected")
        return
    numbers = {}
    for key in node:
        if not key.isascii() or not key.isdigit() or key.startswith("0") or len(key) > 9:
            raise ValueError(f"`{key[:40]}` is not a list index")
        numbers[int(key)] = node[key]
    for number in sorted(numbers):
        yield numbers[number]


def _list_reader(wrapper: str, read_item: Reader) -> Reader:
    return lambda node: [read_item(item) for item in _items(node, wrapper)]


def _map_reader(wrapper: str, key: tuple[str, Reader], value: tuple[str, Reader]) -> Reader:
    def read(node: Node) -> Any:
        params = {}
        for entry in _items(node, wrapper):
            if isinstance(entry, str) or key[0] not in entry or value[0] not in entry:
                raise ValueError("a map entry needs a key and a value")
            name = key[1](entry[key[0]])
            if name in params:
                raise ValueError("a map has a key twice")
            params[name] = value[1](entry[value[0]])
        return params

    return read


def _scalar_reader(parse: Callable[[str], Any]) -> Reader:
    def read(node: Node) -> Any:
        if not isinstance(node, str):
            raise ValueError("a structure was found where a text was expected")
        return parse(node)

    return read


_SCALAR_READERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": lambda text: scalars.parse_integer(text, "integer"),
    "long": lambda text: scalars.parse_integer(text, "long"),
    "float": scalars.parse_float,
    "double": scalars.parse_float,
    "boolean": scalars.parse_boolean,
    "timestamp": scalars.parse_timestamp,
    "blob": scalars.parse_blob,
}


def escape(text: str) -> str:
    """Return text for an XML element; characters that XML cannot hold become U+FFFD."""
    return _NOT_XML.sub("\ufffd", text).translate(_ESCAPES)


def _structure_writer(shape: str, table: dict[str, tuple[str, Writer]]) -> Writer:
    def write(name: str, value: Any, out: list[str]) -> None:
        if not isinstance(value, Mapping):
            raise ResultError(f"`{shape}` is not a mapping")
        out.append(f"<{name}>")
        for key, item in value.items():
            if key not in table:
                raise ResultError(f"`{shape}` has no member `{key}`")
            if item is not None:
                wire_name, write_item = table[key]
                write_item(wire_name, item, out)
        out.append(f"</{name}>")

    return write


def _list_writer(shape: str, wrapper: str, write_item: Writer) -> Writer:
    def write(name: str, value: Any, out: list[str]) -> None:
        if not isinstance(value, list | tuple):
            raise ResultError(f"`{shape}` is not a list")
        if wrapper:
            out.append(f"<{name}>")
        for item in value:
            write_item(wrapper or name, item, out)
        if wrapper:
            out.append(f"</{name}>")

    return write


def _map_writer(
    shape: str, is_flattened: bool, key: tuple[str, Writer], value: tuple[str, Writer]
) -> Writer:
    def write(name: str, mapping: Any, out: list[str]) -> None:
        if not isinstance(mapping, Mapping):
            raise ResultError(f"`{shape}` is not a mapping")
        entry = name if is_flattened else "entry"
        if not is_flattened:
            out.append(f"<{name}>")
        for each, item in mapping.items():
            out.append(f"<{entry}>")
            key[1](key[0], each, out)
            value[1](value[0], item, out)
            out.append(f"</{entry}>")
        if not is_flattened:
            out.append(f"</{name}>")

    return write


def _scalar_writer(
    shape: str, types: tuple[type, ...], render_value: Callable[[Any], str]
) -> Writer:
    wants_boolean = types == (bool,)

    def write(name: str, value: Any, out: list[str]) -> None:
        if not isinstance(value, types) or (isinstance(value, bool) is not wants_boolean):
            raise ResultError(f"`{shape}` is a {type(value).__name__}")
        out.append(f"<{name}>{render_value(value)}</{name}>")

    return write


_SCALAR_WRITERS: dict[str, Callable[[Any], str]] = {
    "string": escape,
    "integer": str,
    "long": str,
    "float": repr,
    "double": repr,
    "boolean": lambda value: "true" if value else "false",
    "timestamp": scalars.render_iso8601,
    "blob": scalars.render_blob,
}


@functools.cache
def codec(model: ServiceModel) -> QueryCodec:
    """Return the codec of a service, the same one every time."""
    return QueryCodec(model.shapes)


def parse(
    model: ServiceModel, input_shape: str | None, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Read form parameters.

    Args:
        model: the service.
        input_shape: the operation's input; None when it takes nothing.
        parameters: decoded parameters; those of the protocol itself are ignored.

    Raises:
        AwsError: `MalformedInput`.
    """
    if input_shape is None:
        return {}
    try:
        params: dict[str, Any] = codec(model).reader(input_shape)(_build_tree(parameters))
    except ValueError as error:
        raise bad_query(f"{error}.") from None
    return params


def render(
    model: ServiceModel,
    operation: str,
    output: Reference | None,
    result: Mapping[str, Any],
    request_id: str,
) -> bytes:
    """Return the XML of an answer.

    Raises:
        ResultError: the result does not fit.
    """
    out = [f'<{operation}Response xmlns="{model.xml_namespace}">']
    if output is not None:
        wrapper = output.result_wrapper or f"{operation}Result"
        codec(model).writer(output.shape)(wrapper, result, out)
    out.append(
        f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>"
        f"</{operation}Response>"
    )
    return "".join(out).encode()


def render_error(namespace: str, fault: str, code: str, message: str, request_id: str) -> bytes:
    """Return the XML of an error; `fault` is `Sender` or `Receiver`."""
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    return (
        f"<ErrorResponse{xmlns}><Error><Type>{fault}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error>"
        f"<RequestId>{escape(request_id)}</RequestId></ErrorResponse>"
    ).encode()
