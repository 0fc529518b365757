"""The subscription index: which subscribers' filters match a topic.

A tree by topic level. A node's `here` holds the subscribers whose filter ends there; `#` is a
child like any other. Matching visits at most the branches `level`, `+` and `#` of each level.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class _Node(Generic[K, V]):
    __slots__ = ("children", "here")

    def __init__(self) -> None:
        self.children: dict[str, _Node[K, V]] = {}
        self.here: dict[K, V] = {}


class SubscriptionTrie(Generic[K, V]):
    """Maps well-formed topic filters to subscribers (`K`) and what they asked for (`V`)."""

    def __init__(self, matches_parent: Callable[[V], bool]) -> None:
        """Start empty; `matches_parent` says whether a subscription to `a/#` includes `a`."""
        self._root: _Node[K, V] = _Node()
        self._matches_parent = matches_parent

    def add(self, topic_filter: str, subscriber: K, value: V) -> None:
        """Add or replace a subscriber's subscription."""
        node = self._root
        for level in topic_filter.split("/"):
            child = node.children.get(level)
            if child is None:
                child = node.children[level] = _Node()
            node = child
        node.here[subscriber] = value

    def remove(self, topic_filter: str, subscriber: K) -> bool:
        """Remove a subscriber's subscription and the branch that held nothing else."""
        path = [self._root]
        levels = topic_filter.split("/")
        for level in levels:
            child = path[-1].children.get(level)
            if child is None:
                return False
            path.append(child)
        if path[-1].here.pop(subscriber, None) is None:
            return False
        for index in range(len(levels) - 1, -1, -1):
            node = path[index + 1]
            if node.here or node.children:
                break
            del path[index].children[levels[index]]
        return True

    def match(self, topic: str) -> list[tuple[K, V]]:
        """Return every subscription that matches; a subscriber once per matching filter."""
        found: list[tuple[K, V]] = []
        nodes = [self._root]
        levels = topic.split("/")
        is_reserved = topic[:1] == "$"
        for depth, level in enumerate(levels):
            below: list[_Node[K, V]] = []
            for node in nodes:
                children = node.children
                if (child := children.get(level)) is not None:
                    below.append(child)
                if is_reserved and depth == 0:
                    continue  # [MQTT-4.7.2-1]
                if (child := children.get("+")) is not None and level != "+":
                    below.append(child)
                if (child := children.get("#")) is not None:
                    found.extend(child.here.items())
            nodes = below
        for node in nodes:
            found.extend(node.here.items())
            if (child := node.children.get("#")) is not None:
                found.extend(item for item in child.here.items() if self._matches_parent(item[1]))
        return found
