"""YAML with the place of every value, as CloudFormation writes it.

Built from the parser's events rather than its objects: scalars stay the text they are (an
unquoted `2012-10-17` is a version, not a date), short forms such as `!Sub` stay visible, and an
alias stays one node however often it is used.
Source: CloudFormation User Guide, "Template formats": YAML 1.1 (documented).
"""

from dataclasses import dataclass, field

import yaml

from keyfob.core.limits import MAX_JSON_DEPTH
from keyfob.lint.errors import UnusableInputError
from keyfob.lint.node import MAX_NODES, Listing, Mapping, Node, Text

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})


def read_yaml(text: str) -> Node:
    """Read the first document of a YAML text.

    Raises:
        UnusableInputError: it is not YAML, empty, or nested too deep; says where.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.feed(event)
            if builder.root is not None:
                return builder.root
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise UnusableInputError(f"not yaml: {error.problem}", line, column) from error
    except yaml.YAMLError as error:
        raise UnusableInputError(f"not yaml: {' '.join(str(error).split())}") from error
    raise UnusableInputError("the file is empty")


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    event: yaml.CollectionStartEvent
    children: list[Node] = field(default_factory=list)
    size: int = 1
    """Nodes in it so far, those of aliases counted each time."""

    def close(self) -> Node:
        line, column = _place(self.event)
        function = _function(self.event.tag)
        if isinstance(self.event, yaml.SequenceStartEvent):
            return Listing(line, column, tuple(self.children), function)
        members: list[tuple[Text, Node]] = []
        for name, value in zip(self.children[::2], self.children[1::2], strict=True):
            if not isinstance(name, Text):
                raise UnusableInputError("a member name is a text", name.line, name.column)
            members.append((name, value))
        return Mapping(line, column, tuple(members), function)


class _Builder:
    """Makes nodes of events, without recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}

    def feed(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) > MAX_JSON_DEPTH:
                raise UnusableInputError(
                    f"nested deeper than {MAX_JSON_DEPTH} levels", *_place(event)
                )
            self._open.append(_Open(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            self._add(closed.close(), closed.size, closed.event.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(_scalar(event), 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            meant = self._anchors.get(event.anchor or "")
            if meant is None:
                raise UnusableInputError(f"nothing is called `*{event.anchor}`", *_place(event))
            self._add(*meant, None)

    def _add(self, node: Node, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.children.append(node)
        parent.size += size
        if parent.size > MAX_NODES:
            raise UnusableInputError(
                f"more than {MAX_NODES} values, those of aliases counted each time",
                node.line,
                node.column,
            )


def _scalar(event: yaml.ScalarEvent) -> Text:
    line, column = _place(event)
    function = _function(event.tag)
    if function is None and event.implicit[0] and event.value in _NULL:
        return Text(line, column, "null", is_text=False)
    return Text(line, column, event.value, function=function)


def _function(tag: str | None) -> str | None:
    return tag if tag and tag.startswith("!") and tag != "!" else None


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
