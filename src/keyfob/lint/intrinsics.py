"""CloudFormation's functions, as far as a file alone can answer them.

Pseudo parameters get sample values, `Sub` and `Join` are written out, `If` takes its first
branch that says something. What only a deployment knows becomes `OPAQUE`.
Source: CloudFormation User Guide, "Intrinsic function reference" (documented).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from keyfob.core.limits import MAX_JSON_DEPTH
from keyfob.lint.errors import UnusableInputError
from keyfob.lint.node import Listing, Mapping, Node, Text
from keyfob.lint.overlap import OPAQUE

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::URLSuffix": "amazonaws.com",
}
MAX_TEXT_CHARACTERS = 20_480
"""Longest text written out: a whole policy of the largest kind may stand in one."""

_NO_VALUE = "AWS::NoValue"
_PLACEHOLDER = re.compile(r"\$\{(?P<literal>!?)(?P<name>[^{}]*)\}")
_LONG_FORM = re.compile(r"Ref|Fn::(?P<name>[A-Za-z:]+)")


def as_function(node: Node) -> tuple[str, Node] | None:
    """Return a function's name without `Fn::` or `!`, and its argument; None for other nodes."""
    if node.function is not None:
        return node.function[1:], replace(node, function=None)
    if isinstance(node, Mapping) and len(node.members) == 1:
        name, argument = node.members[0]
        found = _LONG_FORM.fullmatch(name.text)
        if found:
            return found["name"] or "Ref", argument
    return None


def logical_id(node: Node | None) -> str | None:
    """Return the resource that a `Ref`, `GetAtt` or `Sub` is about; None when it is about none."""
    function = None if node is None else as_function(node)
    if function is None:
        return None
    name, argument = function
    if isinstance(argument, Listing) and argument.items:
        argument = argument.items[0]
    if not isinstance(argument, Text):
        return None
    if name == "Sub":
        names = [found["name"] for found in _PLACEHOLDER.finditer(argument.text)]
        own = [one for one in names if not one.startswith("AWS::")]
        return own[0].partition(".")[0] if len(own) == 1 else None
    return argument.text.partition(".")[0] if name in {"Ref", "GetAtt"} else None


def resolve(node: Node) -> Node | None:
    """Return a node without functions; None for `AWS::NoValue`.

    Raises:
        UnusableInputError: nested too deep.
    """
    return _resolve(node, 0)


def _resolve(node: Node, depth: int) -> Node | None:
    if depth > MAX_JSON_DEPTH:
        raise UnusableInputError("nested too deep", node.line, node.column)
    function = as_function(node)
    if function is not None:
        return _apply(node, *function, depth + 1)
    if isinstance(node, Listing):
        items = (_resolve(item, depth + 1) for item in node.items)
        return replace(node, items=tuple(item for item in items if item is not None))
    if isinstance(node, Mapping):
        members = ((name, _resolve(value, depth + 1)) for name, value in node.members)
        kept = tuple((name, value) for name, value in members if value is not None)
        return Mapping(node.line, node.column, kept)
    return node


def _apply(node: Node, name: str, argument: Node, depth: int) -> Node | None:
    text: str | None = None
    if name == "Ref" and isinstance(argument, Text):
        if argument.text == _NO_VALUE:
            return None
        text = PSEUDO_PARAMETERS.get(argument.text)
    elif name == "If" and isinstance(argument, Listing) and len(argument.items) == 3:
        chosen = _resolve(argument.items[1], depth)
        return _resolve(argument.items[2], depth) if chosen is None else chosen
    elif name == "Sub":
        text = _substitute(argument, depth)
    elif name == "Join" and isinstance(argument, Listing):
        text = _join(argument, depth)
    return Text(node.line, node.column, OPAQUE if text is None else text)


def _substitute(argument: Node, depth: int) -> str | None:
    values: Node | None = None
    if isinstance(argument, Listing) and len(argument.items) == 2:
        argument, values = argument.items
    if not isinstance(argument, Text):
        return None
    known = dict(PSEUDO_PARAMETERS)
    text = argument.text
    if isinstance(values, Mapping):
        for name, value in values.members:
            resolved = _resolve(value, depth)
            known[name.text] = resolved.text if isinstance(resolved, Text) else OPAQUE

    def pieces() -> Iterator[str]:
        position = 0
        for found in _PLACEHOLDER.finditer(text):
            yield text[position : found.start()]
            name = found["name"]
            yield f"${{{name}}}" if found["literal"] else known.get(name, OPAQUE)
            position = found.end()
        yield text[position:]

    return _concatenate(pieces())


def _join(argument: Listing, depth: int) -> str | None:
    if len(argument.items) != 2:
        return None
    delimiter, listed = argument.items
    resolved = _resolve(listed, depth)
    if not isinstance(delimiter, Text) or not isinstance(resolved, Listing):
        return None
    pieces = [item.text if isinstance(item, Text) else OPAQUE for item in resolved.items]
    separated = [piece for text in pieces for piece in (delimiter.text, text)]
    return _concatenate(separated[1:])


def _concatenate(pieces: Iterable[str]) -> str | None:
    """Join texts; None when they come to more than a policy may hold."""
    kept: list[str] = []
    characters = 0
    for piece in pieces:
        characters += len(piece)
        if characters > MAX_TEXT_CHARACTERS:
            return None
        kept.append(piece)
    return "".join(kept)
