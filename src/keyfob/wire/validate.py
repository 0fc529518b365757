"""Input against the model's constraints, in AWS's words.

Each shape is compiled once into a closure; a shape that constrains nothing has none and costs
nothing. All violations are collected, as AWS does. The sentences are observed (for instance
aws/aws-sdk-net#445); how lists and maps are named in a path is inferred from AWS's Java.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from keyfob.core.errors import AwsError
from keyfob.wire.models import Reference, ServiceModel, Shape
from keyfob.wire.patterns import Matcher, matcher

MAX_REPORTED = 20
"""Most violations named in one message; AWS names all, a hostile list could hold thousands."""
MAX_VALUE_LENGTH = 1_000
"""Most characters of an offending value that are repeated to the client."""

Check = Callable[[Any, str, list[str]], None]
"""Appends the violations of a value at a path."""


def validate(model: ServiceModel, input_shape: str, params: Mapping[str, Any]) -> None:
    """Check an operation's input.

    Raises:
        AwsError: the service's validation error, naming every violation.
    """
    check = _checks(model).of(input_shape)
    if check is None:
        return
    found: list[str] = []
    check(params, "", found)
    if found:
        count = len(found)
        noun = "error" if count == 1 else "errors"
        raise AwsError(
            model.row.validation_code,
            f"{count} validation {noun} detected: {'; '.join(found[:MAX_REPORTED])}",
            status=400,
        )


class _Checks:
    """The compiled checks of one service's shapes."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self._made: dict[str, Check | None] = {}

    def of(self, name: str) -> Check | None:
        """Return the check of a shape; None when everything passes."""
        if name not in self._made:
            self._made[name] = lambda *arguments: self._late(name, *arguments)
            self._made[name] = self._make(self._shapes[name])
        return self._made[name]

    def _late(self, name: str, value: Any, path: str, found: list[str]) -> None:
        """Stand in for the check of a shape that contains itself."""
        check = self._made[name]
        if check is not None:
            check(value, path, found)

    def _member(self, member: Reference) -> Check | None:
        return None if member.jsonvalue else self.of(member.shape)

    def _make(self, shape: Shape) -> Check | None:
        if shape.document:
            return None
        if shape.type == "structure":
            return self._structure(shape)
        if shape.type == "list" and shape.member is not None:
            return _list_check(_size_check(shape), self._member(shape.member))
        if shape.type == "map" and shape.key is not None and shape.value is not None:
            return _map_check(
                _size_check(shape), self._member(shape.key), self._member(shape.value)
            )
        if shape.type == "string":
            return _string_check(shape)
        if shape.type == "blob":
            return _size_check(shape)
        if shape.type in ("integer", "long", "float", "double"):
            return _range_check(shape)
        return None

    def _structure(self, shape: Shape) -> Check | None:
        labels = {name: _lower_first(name) for name in (*shape.members, *shape.required)}
        checks = {
            name: made
            for name, member in shape.members.items()
            if (made := self._member(member)) is not None
        }
        required = shape.required
        if not checks and not required:
            return None

        def check(value: Any, path: str, found: list[str]) -> None:
            prefix = f"{path}." if path else ""
            found.extend(
                f"Value null at '{prefix}{labels[name]}' {_NOT_NULL}"
                for name in required
                if name not in value
            )
            for name, item in value.items():
                member = checks.get(name)
                if member is not None:
                    member(item, prefix + labels[name], found)

        return check


_NOT_NULL = "failed to satisfy constraint: Member must not be null"


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _violation(value: Any, path: str, constraint: str, *, is_sensitive: bool = False) -> str:
    # AWS leaves the value of sensitive members out: "Value at 'password' failed to ..." (observed).
    shown = "" if is_sensitive else f"'{_show(value)}' "
    return f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}"


def _show(value: Any) -> str:
    """Render a value as Java prints it, cut at `MAX_VALUE_LENGTH`."""
    if isinstance(value, str):
        shown = value
    elif isinstance(value, bytes):
        shown = f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    elif isinstance(value, list):
        shown = f"[{', '.join(_show(item) for item in value[:50])}]"
    elif isinstance(value, dict):
        items = list(value.items())[:50]
        shown = f"{{{', '.join(f'{key}={_show(item)}' for key, item in items)}}}"
    else:
        shown = str(value)
    return shown[:MAX_VALUE_LENGTH]


def _bound(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)


def _string_check(shape: Shape) -> Check | None:
    if shape.enum:
        return _enum_check(shape)
    size = _size_check(shape)
    if shape.pattern is None:
        return size
    pattern, is_sensitive = shape.pattern, shape.sensitive
    matches: Matcher | None = None

    def check(value: Any, path: str, found: list[str]) -> None:
        nonlocal matches
        before = len(found)
        if size is not None:
            size(value, path, found)
        if matches is None:
            matches = matcher(pattern)
        # A text that is too long is not matched at all, so a pattern only meets bounded input.
        if (len(found) == before or len(value) < MAX_VALUE_LENGTH) and not matches(value):
            constraint = f"Member must satisfy regular expression pattern: {pattern}"
            found.append(_violation(value, path, constraint, is_sensitive=is_sensitive))

    return check


def _enum_check(shape: Shape) -> Check:
    allowed = frozenset(shape.enum)
    constraint = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"

    def check(value: Any, path: str, found: list[str]) -> None:
        if value not in allowed:
            found.append(_violation(value, path, constraint))

    return check


def _size_check(shape: Shape) -> Check | None:
    """Check the length of a text, blob, list or map."""
    if shape.min is None and shape.max is None:
        return None
    least = shape.min or 0.0
    most = math.inf if shape.max is None else shape.max
    is_sensitive = shape.sensitive

    def check(value: Any, path: str, found: list[str]) -> None:
        if not least <= len(value) <= most:
            side = ("less", most) if len(value) > most else ("greater", least)
            constraint = f"Member must have length {side[0]} than or equal to {_bound(side[1])}"
            found.append(_violation(value, path, constraint, is_sensitive=is_sensitive))

    return check


def _range_check(shape: Shape) -> Check | None:
    if shape.min is None and shape.max is None:
        return None
    least = -math.inf if shape.min is None else shape.min
    most = math.inf if shape.max is None else shape.max

    def check(value: Any, path: str, found: list[str]) -> None:
        if not least <= value <= most:
            side = ("less", most) if value > most else ("greater", least)
            constraint = f"Member must have value {side[0]} than or equal to {_bound(side[1])}"
            found.append(_violation(value, path, constraint))

    return check


def _list_check(size: Check | None, item: Check | None) -> Check | None:
    if item is None:
        return size

    def check(value: Any, path: str, found: list[str]) -> None:
        if size is not None:
            size(value, path, found)
        for number, each in enumerate(value, 1):
            item(each, f"{path}.{number}.member", found)

    return check


def _map_check(size: Check | None, key: Check | None, item: Check | None) -> Check | None:
    if key is None and item is None:
        return size

    def check(value: Any, path: str, found: list[str]) -> None:
        if size is not None:
            size(value, path, found)
        for name, each in value.items():
            if key is not None:
                key(name, f"{path}.key", found)
            if item is not None:
                item(each, f"{path}.{name[:100]}.member", found)

    return check


@functools.cache
def _checks(model: ServiceModel) -> _Checks:
    return _Checks(model.shapes)
