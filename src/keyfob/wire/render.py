"""Answers: results and errors in the form of the protocol that was spoken."""

from collections.abc import Mapping
from typing import Any

from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.wire import json, query, rest_json
from keyfob.wire.models import ServiceModel, Shape
from keyfob.wire.routing import Route

JSON_1_1 = "application/x-amz-json-1.1"
JSON = "application/json"
XML = "text/xml"


def render_result(route: Route, result: Mapping[str, Any], request_id: str) -> HttpResponse:
    """Return the answer of an operation that succeeded.

    Args:
        route: what was called.
        result: output members by model names; timestamps as epoch seconds, blobs as bytes.
        request_id: goes into the header, and into the body of XML answers.

    Raises:
        ResultError: the result does not fit the model: a bug of the handler.
    """
    headers = {"x-amzn-requestid": request_id}
    output = route.operation.output
    if route.protocol == "query":
        body = query.render(route.model, route.operation_name, output, result, request_id)
        return HttpResponse(200, body, {**headers, "content-type": XML})
    if route.protocol == "json":
        body = json.render(route.model, output.shape if output is not None else None, result)
        return HttpResponse(200, body, {**headers, "content-type": JSON_1_1})
    rendered = rest_json.render(route.model, route.operation, result)
    if rendered.body:
        headers["content-type"] = JSON
    return HttpResponse(rendered.status, rendered.body, {**headers, **rendered.headers})


def render_error(
    route: Route | None, error: AwsError, request_id: str, request: HttpRequest
) -> HttpResponse:
    """Return the answer of a request that was refused.

    Args:
        route: what was called; None when that was not found out, then the protocol is taken
            from the request's looks.
        error: the refusal.
        request_id: goes into the header, and into the body where the protocol has it there.
        request: the request.
    """
    model = route.model if route is not None else None
    protocol = route.protocol if route is not None else guess_protocol(request)
    code, status, shape = _resolve(model, error)
    headers = {"x-amzn-requestid": request_id}
    if protocol == "query":
        fault = "Sender" if error.is_sender_fault and status < 500 else "Receiver"
        namespace = model.xml_namespace if model is not None else ""
        body = query.render_error(namespace, fault, code, error.message, request_id)
        return HttpResponse(status, body, {**headers, "content-type": XML})
    # A message may quote bytes of the request that were no text.
    message = error.message.encode(errors="replace").decode()
    document: dict[str, Any] = {"message": message, **_modelled_fields(model, shape, error)}
    if protocol == "json":
        document = {"__type": code, **document}
        headers |= {
            "content-type": JSON_1_1,
            "x-amzn-errortype": f"{code}:",
            "x-amzn-errormessage": _header_text(error.message),
        }
    else:
        headers |= {"content-type": JSON, "x-amzn-errortype": code}
        if model is not None and model.row.has_trace_id:
            document["traceId"] = request_id
    return HttpResponse(status, json.encode(document), headers)


def guess_protocol(request: HttpRequest) -> str:
    """Return the protocol that a request looks like, whatever it asks for."""
    content_type = request.header("content-type") or ""
    if request.header("x-amz-target") is not None or "x-amz-json" in content_type:
        return "json"
    if "x-www-form-urlencoded" in content_type or "Action=" in request.query:
        return "query"
    return "rest-json"


def _resolve(model: ServiceModel | None, error: AwsError) -> tuple[str, int, Shape | None]:
    """Return wire code, HTTP status and shape of an error in a service's own terms."""
    code, status = error.code, error.status
    if model is not None and code == "AccessDeniedException":
        code, status = model.row.denied_code, model.row.denied_status
    known = model.error_shapes.get(code) if model is not None else None
    if known is None:
        return code, status or 400, None
    code, shape = known
    if status is None:
        status = shape.error.http_status_code if shape.error is not None else None
    return code, status or (500 if shape.fault else 400), shape


def _modelled_fields(
    model: ServiceModel | None, shape: Shape | None, error: AwsError
) -> Mapping[str, Any]:
    if model is None or shape is None or not error.fields:
        return {}
    members = {name: member for name, member in shape.members.items() if member.location is None}
    fields: Mapping[str, Any] = json.codec(model).members_writer(error.code, members)(error.fields)
    return fields


def _header_text(text: str) -> str:
    """Return a message as a header may carry it: one line of visible ASCII, bounded."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:1_000])
