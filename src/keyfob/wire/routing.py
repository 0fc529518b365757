"""Which operation of which service a request calls.

The service is found from, in this order of trust: the credential scope, `X-Amz-Target`,
`Action` and `Version`, the host name, the path. Nothing here is proof of anything: the
signature is verified elsewhere, against the scope that decided here.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest
from keyfob.core.ids import Region
from keyfob.wire import query
from keyfob.wire.catalog import BY_NAME, SERVICES, ServiceRow
from keyfob.wire.errors import (
    bad_json,
    bad_query,
    invalid_action,
    unknown_operation,
    unknown_target,
)
from keyfob.wire.models import Operation, ServiceModel, service_model

_NO_PARAMS: Mapping[str, str] = {}

_HEADER_SCOPE = re.compile(
    r"[ ,]Credential=[^/,\s]{1,200}/\d{1,8}/([a-z0-9-]{1,40})/([a-zA-Z0-9-]{1,60})/"
)
_QUERY_SCOPE = re.compile(
    r"(?:^|&)X-Amz-Credential=[^&/%]{1,200}(?:/|%2[fF])\d{1,8}(?:/|%2[fF])([a-z0-9-]{1,40})"
    r"(?:/|%2[fF])([a-zA-Z0-9-]{1,60})(?:/|%2[fF])"
)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,3}-\d{1,2}")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    service: str
    """Name of the service as in the catalog, for instance `iot-data`."""
    operation: Operation
    model: ServiceModel
    region: Region | None
    """Region of the credential scope or the host; None when neither says."""
    uri_params: Mapping[str, str] = field(default_factory=dict)
    """rest-json: decoded path labels."""
    form: Mapping[str, str] = field(default_factory=dict)
    """query: decoded parameters."""

    @property
    def signing_names(self) -> tuple[str, ...]:
        """Service names that a signature's scope may have; a signature for another is refused."""
        return self.model.row.signing_names

    @property
    def operation_name(self) -> str:
        """Name of the operation, for instance `AttachPolicy`."""
        return self.operation.name

    @property
    def protocol(self) -> str:
        """`json`, `query` or `rest-json`."""
        return self.model.protocol


def route(request: HttpRequest) -> Route:
    """Find the operation that a request calls.

    Raises:
        AwsError: `UnknownOperationException` (JSON) or `InvalidAction` (query), naming what was
            asked for, when no service has such an operation.
    """
    signed = _signed_scope(request)
    host = _host_scope(request)
    path = _split_prefix(request.path)
    region = (signed and signed.region) or host.region
    candidates = (signed and signed.rows) or ()
    if (target := request.header("x-amz-target")) is not None:
        return _route_json(target, candidates, region)
    rest_rows = tuple(row for row in candidates or host.rows or path.rows if row.is_rest)
    if rest_rows:
        return _route_rest(request.method, path.rest, rest_rows, region)
    form = _query_form(request)
    if form is not None:
        return _route_query(form, candidates or host.rows or path.rows, region)
    if candidates:
        raise unknown_operation(f"{request.method} {request.path}")
    return _route_rest(
        request.method, path.rest, tuple(row for row in SERVICES if row.is_rest), region
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    """What one part of a request says about service and region."""

    rows: tuple[ServiceRow, ...] = ()
    region: Region | None = None


_NOTHING = _Scope()


def _signed_scope(request: HttpRequest) -> _Scope | None:
    """Read the credential scope, from the header or else the query; None when unsigned."""
    authorization = request.header("authorization")
    found = _HEADER_SCOPE.search(authorization) if authorization is not None else None
    found = found or _QUERY_SCOPE.search(request.query)
    if found is None:
        return None
    region, service = found.groups()
    rows = tuple(row for row in SERVICES if service in row.signing_names)
    if not rows:
        raise AwsError(
            "UnknownOperationException", f"keyfob has no service `{service}`.", status=404
        )
    return _Scope(rows, Region(region))


def _host_scope(request: HttpRequest) -> _Scope:
    """Read `<service>[.<region>].<anything>` and `<prefix>[-ats].iot.<region>.<anything>`."""
    host = (request.header("host") or "").partition(":")[0].lower()
    if not 0 < len(host) <= 255:
        return _NOTHING
    labels = host.split(".")
    regions = [label for label in labels[1:4] if _REGION.fullmatch(label)]
    region = Region(regions[0]) if regions else None
    first = labels[0].removesuffix("-fips")
    if len(labels) > 1 and labels[1] == "iot" and first not in BY_NAME:
        return _Scope((BY_NAME["iot-data"],), region)
    if len(labels) > 1 and first in BY_NAME:
        return _Scope((BY_NAME[first],), region)
    return _Scope((), region)


@dataclass(frozen=True, slots=True)
class _Path:
    rows: tuple[ServiceRow, ...]
    rest: str


def _split_prefix(path: str) -> _Path:
    """Take off a leading `/<service>/`, which some clients are configured with."""
    first, slash, rest = path[1:].partition("/")
    if first in BY_NAME and (slash or not rest):
        return _Path((BY_NAME[first],), f"/{rest}")
    return _Path((), path)


def _route_json(target: str, candidates: tuple[ServiceRow, ...], region: Region | None) -> Route:
    prefix, _, name = target.rpartition(".")
    for row in candidates or SERVICES:
        if row.target_prefix and row.target_prefix == prefix:
            model = service_model(row.name)
            if (operation := model.operations.get(name)) is not None:
                return Route(row.name, operation, model, region)
    raise unknown_target(target)


def _query_form(request: HttpRequest) -> dict[str, str] | None:
    """Return the parameters of a query-protocol request, or None when it is none."""
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.method == "POST" and content_type == "application/x-www-form-urlencoded":
        try:
            return query.parse_form(request.body.decode())
        except UnicodeDecodeError:
            raise bad_query("The parameters are not valid UTF-8.") from None
    if request.method == "GET" and "Action=" in request.query:
        return query.parse_form(request.query)
    return None


def _route_query(
    form: Mapping[str, str], candidates: tuple[ServiceRow, ...], region: Region | None
) -> Route:
    action, version = form.get("Action", ""), form.get("Version", "")
    for row in candidates or SERVICES:
        if row.query_version and (row.query_version == version or (candidates and not version)):
            model = service_model(row.name)
            if (operation := model.operations.get(action)) is not None:
                return Route(row.name, operation, model, region, form=form)
    raise invalid_action(action, version)


def _route_rest(
    method: str, path: str, rows: tuple[ServiceRow, ...], region: Region | None
) -> Route:
    segments = tuple(_decode(part) for part in path[1:].split("/"))
    for row in rows:
        model = service_model(row.name)
        found = _match(_paths(model).get(method), segments)
        if found is not None:
            operation, labels = found
            return Route(row.name, operation, model, region, uri_params=labels)
    raise unknown_operation(f"{method} {path}")


def _decode(segment: str) -> str:
    if "%" not in segment and segment.isascii():
        return segment
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise bad_json("The path is not valid UTF-8.") from None


@dataclass(slots=True)
class _PathNode:
    """A step of the path templates of one method; literals win over labels."""

    literals: dict[str, "_PathNode"] = field(default_factory=dict)
    label: "_PathNode | None" = None
    operations: list[tuple[Operation, tuple[str, ...]]] = field(default_factory=list)
    """Operations that end here, with their label names."""
    greedy: list[tuple[Operation, tuple[str, ...]]] = field(default_factory=list)
    """Operations whose last label takes all that is left."""


@functools.cache
def _paths(model: ServiceModel) -> Mapping[str, _PathNode]:
    """Index a model's path templates by method."""
    roots: dict[str, _PathNode] = {}
    for operation in model.operations.values():
        node = roots.setdefault(operation.http.method, _PathNode())
        names: list[str] = []
        template = operation.http.request_uri.partition("?")[0].strip("/")
        parts = template.split("/") if template else []
        for index, part in enumerate(parts):
            if not part.startswith("{"):
                node = node.literals.setdefault(part, _PathNode())
                continue
            name = part.strip("{}").removesuffix("+")
            names.append(name)
            is_last = index == len(parts) - 1
            if is_last and (part.endswith("+}") or name in model.row.slashed_labels):
                node.greedy.append((operation, tuple(names)))
                break
            if node.label is None:
                node.label = _PathNode()
            node = node.label
        else:
            node.operations.append((operation, tuple(names)))
    return roots


def _match(
    root: _PathNode | None, segments: tuple[str, ...]
) -> tuple[Operation, Mapping[str, str]] | None:
    if root is None:
        return None
    for operation, names, values in _walk(root, segments, ()):
        return operation, dict(zip(names, values, strict=True)) if names else _NO_PARAMS
    return None


def _walk(
    node: _PathNode, segments: tuple[str, ...], values: tuple[str, ...]
) -> Iterator[tuple[Operation, tuple[str, ...], tuple[str, ...]]]:
    """Yield matches, the most literal first; a trailing slash does not matter."""
    if not segments or segments == ("",):
        for operation, names in node.operations:
            yield operation, names, values
        return
    first, rest = segments[0], segments[1:]
    if first in node.literals:
        yield from _walk(node.literals[first], rest, values)
    if node.label is not None and first:
        yield from _walk(node.label, rest, (*values, first))
    for operation, names in node.greedy:
        yield operation, names, (*values, "/".join(segments))
