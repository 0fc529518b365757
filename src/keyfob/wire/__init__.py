"""AWS wire formats: requests to params, results and errors to answers.

Generic per protocol (`json`, `query`, `rest-json`), driven by botocore's model data. No I/O
but reading that data; nothing here decides whether a call is allowed.

    route(request) -> Route             which operation of which service
    parse(route, request) -> params     decoded and checked against the model
    render_result, render_error         the answer
"""

from typing import Any

from keyfob.core.http import HttpRequest
from keyfob.wire import json, query, rest_json
from keyfob.wire.errors import ResultError, not_implemented
from keyfob.wire.models import ModelError, Operation, ServiceModel, service_model
from keyfob.wire.render import guess_protocol, render_error, render_result
from keyfob.wire.routing import Route, route
from keyfob.wire.validate import validate

__all__ = [
    "route",
    "Route",
    "parse",
    "decode",
    "validate",
    "render_result",
    "render_error",
    "guess_protocol",
    "not_implemented",
    "service_model",
    "ServiceModel",
    "Operation",
    "ModelError",
    "ResultError",
]


def parse(route: Route, request: HttpRequest) -> dict[str, Any]:
    """Return an operation's input: decoded, and checked against the model.

    Args:
        route: what `route` found for the same request.
        request: the request.

    Returns:
        Members by model names: timestamps as epoch seconds, blobs as bytes, absent (or null)
        members left out, unknown ones dropped.

    Raises:
        AwsError: unreadable input, or input that breaks a constraint of the model.
    """
    params = decode(route, request)
    operation = route.operation
    if operation.input is not None:
        validate(route.model, operation.input.shape, params)
    return params


def decode(route: Route, request: HttpRequest) -> dict[str, Any]:
    """Return an operation's input without checking the model's constraints.

    Raises:
        AwsError: `SerializationException` or `MalformedInput`.
    """
    operation = route.operation
    shape = operation.input.shape if operation.input is not None else None
    if route.protocol == "query":
        return query.parse(route.model, shape, route.form)
    if route.protocol == "json":
        return json.parse(route.model, shape, request.body)
    return rest_json.parse(route.model, operation, route.uri_params, request)
