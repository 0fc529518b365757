"""A document that remembers where everything stands in its file.

Both readers make these nodes. Lines and columns count from 1, columns in characters. An alias
of YAML is the node it stands for, not a copy.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from keyfob.core.limits import MAX_JSON_DEPTH
from keyfob.lint.errors import UnusableInputError

MAX_NODES = 100_000
"""Values in one file; what YAML's aliases repeat counts each time, so a small file stays small."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, number, boolean or null."""

    line: int
    column: int
    text: str
    """The value as text."""
    is_text: bool = True
    """False for a number, boolean or null of JSON, whose `text` is its spelling."""
    function: str | None = None
    """A short form of CloudFormation in front of it, for instance `!Ref`."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    line: int
    column: int
    items: "tuple[Node, ...]"
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """An object; a member that came twice is there twice."""

    line: int
    column: int
    members: "tuple[tuple[Text, Node], ...]"
    function: str | None = None
    _by_name: "dict[str, Node]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {name.text: value for name, value in self.members})

    def get(self, name: str) -> "Node | None":
        """Return a member; the last one, when it came twice."""
        return self._by_name.get(name)

    def find_duplicate(self) -> Text | None:
        """Return the second name of the first member that came twice."""
        seen: set[str] = set()
        for name, _value in self.members:
            if name.text in seen:
                return name
            seen.add(name.text)
        return None


Node = Text | Listing | Mapping


def as_items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list, or the one thing that stands for a list of one."""
    if node is None:
        return ()
    return node.items if isinstance(node, Listing) else (node,)


def locate(tree: Node, path: str) -> Node:
    """Return the node at a JSON path as `policy` writes them, or the deepest one on the way.

    Member names may hold dots and brackets, so the longest name that fits is taken. An object
    with a member that came twice is located at the second name.
    """
    node, rest = tree, path.removeprefix("$")
    while rest:
        step = _step(node, rest)
        if step is None:
            break
        node, rest = step
    if isinstance(node, Mapping):
        return node.find_duplicate() or node
    return node


def _step(node: Node, rest: str) -> tuple[Node, str] | None:
    if isinstance(node, Listing) and rest.startswith("["):
        index, _, tail = rest[1:].partition("]")
        if index.isdigit() and int(index) < len(node.items):
            return node.items[int(index)], tail
    if isinstance(node, Mapping) and rest.startswith("."):
        inside = rest[1:]
        fitting = [name.text for name, _ in node.members if _begins(inside, name.text)]
        if fitting:
            name = max(fitting, key=len)
            value = node.get(name)
            return None if value is None else (value, inside[len(name) :])
    return None


def _begins(path: str, name: str) -> bool:
    return path.startswith(name) and path[len(name) : len(name) + 1] in {"", ".", "["}


def render_json(tree: Node) -> str:
    """Write a tree as JSON text.

    Raises:
        UnusableInputError: it is nested too deep.
    """
    return "".join(_write(tree, 0))


def _write(node: Node, depth: int) -> Iterator[str]:
    if depth > MAX_JSON_DEPTH:
        raise UnusableInputError("nested too deep", node.line, node.column)
    if isinstance(node, Text):
        yield json.dumps(node.text) if node.is_text else node.text
    elif isinstance(node, Listing):
        yield "["
        for index, item in enumerate(node.items):
            yield "," if index else ""
            yield from _write(item, depth + 1)
        yield "]"
    else:
        yield "{"
        for index, (name, value) in enumerate(node.members):
            yield f"{',' if index else ''}{json.dumps(name.text)}:"
            yield from _write(value, depth + 1)
        yield "}"
