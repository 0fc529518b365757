"""Answers in each protocol's exact form."""

import json
from typing import Any

import pytest

from keyfob import wire
from keyfob.core.errors import AwsError, access_denied, internal_failure
from keyfob.core.http import HttpRequest
from keyfob.wire.models import ModelError

NOTHING = HttpRequest("POST", "/", "", (), b"", "127.0.0.1")
JSON_REQUEST = HttpRequest("POST", "/", "", (("x-amz-target", "A.B"),), b"", "127.0.0.1")
FORM_REQUEST = HttpRequest(
    "POST", "/", "", (("content-type", "application/x-www-form-urlencoded"),), b"", "127.0.0.1"
)


def at(service: str, operation: str) -> wire.Route:
    model = wire.service_model(service)
    return wire.Route(service, model.operation(operation), model, None)


def test_json_error() -> None:
    error = AwsError("NotAuthorizedException", "Incorrect username or password.")
    response = wire.render_error(at("cognito-idp", "InitiateAuth"), error, "r", NOTHING)
    assert response.status == 400
    assert json.loads(response.body) == {
        "__type": "NotAuthorizedException",
        "message": "Incorrect username or password.",
    }
    assert response.headers == {
        "content-type": "application/x-amz-json-1.1",
        "x-amzn-errortype": "NotAuthorizedException:",
        "x-amzn-errormessage": "Incorrect username or password.",
        "x-amzn-requestid": "r",
    }


def test_query_error() -> None:
    error = AwsError("NoSuchEntityException", "no <role>")
    response = wire.render_error(at("iam", "GetRole"), error, "r", NOTHING)
    assert response.status == 404
    assert response.headers["content-type"] == "text/xml"
    assert response.body == (
        b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
        b"<Type>Sender</Type><Code>NoSuchEntity</Code><Message>no &lt;role&gt;</Message></Error>"
        b"<RequestId>r</RequestId></ErrorResponse>"
    )


def test_rest_json_errors() -> None:
    error = AwsError("ResourceAlreadyExistsException", "exists", fields={"resourceArn": "arn:x"})
    response = wire.render_error(at("iot", "CreatePolicy"), error, "r", NOTHING)
    assert (response.status, response.headers["x-amzn-errortype"]) == (
        409,
        "ResourceAlreadyExistsException",
    )
    assert json.loads(response.body) == {"message": "exists", "resourceArn": "arn:x"}
    gone = AwsError("ResourceNotFoundException", "none")
    response = wire.render_error(at("iot-data", "GetThingShadow"), gone, "r", NOTHING)
    assert response.status == 404
    assert json.loads(response.body) == {"message": "none", "traceId": "r"}


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("cognito-idp", "CreateUserPool", b"AccessDeniedException", 400),
        ("cognito-identity", "CreateIdentityPool", b"AccessDeniedException", 400),
        ("sts", "AssumeRole", b"<Code>AccessDenied</Code>", 403),
        ("iam", "CreateRole", b"<Code>AccessDenied</Code>", 403),
        ("iot", "AttachPolicy", b"AccessDeniedException", 403),
        ("iot-data", "Publish", b"ForbiddenException", 403),
    ],
)
def test_a_policy_s_refusal_in_each_service_s_words(
    service: str, operation: str, code: bytes, status: int
) -> None:
    response = wire.render_error(at(service, operation), access_denied("no"), "r", NOTHING)
    assert response.status == status
    assert code in response.body + response.headers.get("x-amzn-errortype", "").encode()


@pytest.mark.parametrize(
    ("request_", "protocol", "marker"),
    [
        (NOTHING, "rest-json", b'{"message"'),
        (JSON_REQUEST, "json", b'"__type"'),
        (FORM_REQUEST, "query", b"<ErrorResponse><Error><Type>Receiver</Type>"),
    ],
)
def test_without_a_route_the_request_s_looks_decide(
    request_: HttpRequest, protocol: str, marker: bytes
) -> None:
    assert wire.guess_protocol(request_) == protocol
    response = wire.render_error(None, internal_failure(), "r", request_)
    assert response.status == 500
    assert marker in response.body


def test_message_headers_are_one_plain_line() -> None:
    error = AwsError("InvalidParameterException", "a\r\nset-cookie: x\N{SNOWMAN}")
    response = wire.render_error(at("cognito-idp", "SignUp"), error, "r", NOTHING)
    assert response.headers["x-amzn-errormessage"] == "a??set-cookie: x?"


@pytest.mark.parametrize("service", ["cognito-idp", "iot", "sts"])
def test_messages_that_quote_no_text(service: str) -> None:
    operation = {"cognito-idp": "SignUp", "iot": "GetPolicy", "sts": "AssumeRole"}[service]
    error = AwsError("IncompleteSignature", "got '\udcff'")
    response = wire.render_error(at(service, operation), error, "r", NOTHING)
    assert "got '" in response.body.decode()


def test_results() -> None:
    empty = wire.render_result(at("cognito-idp", "DeleteUserPool"), {}, "r")
    assert (empty.status, empty.body) == (200, b"")
    response = wire.render_result(at("sts", "GetCallerIdentity"), {"Account": "1"}, "r")
    assert response.body == (
        b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        b"<GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult>"
        b"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
        b"</GetCallerIdentityResponse>"
    )
    publish = wire.render_result(at("iot-data", "Publish"), {}, "r")
    assert (publish.body, "content-type" in publish.headers) == (b"", False)
    shadow = wire.render_result(at("iot-data", "GetThingShadow"), {"payload": b"{}"}, "r")
    assert (shadow.body, shadow.headers["content-type"]) == (b"{}", "application/json")
    deleted = wire.render_result(at("iot", "DeleteCommand"), {"statusCode": 204}, "r")
    assert deleted.status == 204


def test_timestamps_per_protocol() -> None:
    credentials = {
        "AccessKeyId": "A" * 16,
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": 1_790_000_000.0,
    }
    xml = wire.render_result(at("sts", "GetSessionToken"), {"Credentials": credentials}, "r")
    assert b"<Expiration>2026-09-21T14:13:20Z</Expiration>" in xml.body
    pool = {"UserPool": {"CreationDate": 1_790_000_000.5}}
    body = wire.render_result(at("cognito-idp", "DescribeUserPool"), pool, "r").body
    assert json.loads(body)["UserPool"]["CreationDate"] == 1_790_000_000.5


@pytest.mark.parametrize(
    ("service", "operation", "result"),
    [
        ("cognito-idp", "DescribeUserPool", {"Nope": 1}),
        ("cognito-idp", "DescribeUserPool", {"UserPool": []}),
        ("cognito-idp", "DescribeUserPool", {"UserPool": {"Id": 5}}),
        ("cognito-idp", "DescribeUserPool", {"UserPool": {"EstimatedNumberOfUsers": True}}),
        ("cognito-idp", "ListUsers", {"Users": {}}),
        ("cognito-idp", "DescribeUserPool", {"UserPool": {"UserPoolTags": []}}),
        ("iam", "GetRole", {"Nope": 1}),
        ("iam", "GetRole", {"Role": "x"}),
        ("iam", "GetRole", {"Role": {"RoleName": 5}}),
        ("iam", "ListRoles", {"Roles": {}}),
        ("iam", "GetAccountSummary", {"SummaryMap": []}),
        ("iot", "GetPolicy", {"Nope": 1}),
        ("iot", "AttachPolicy", {"Nope": 1}),
    ],
)
def test_results_that_do_not_fit_are_bugs(
    service: str, operation: str, result: dict[str, Any]
) -> None:
    with pytest.raises(wire.ResultError):
        wire.render_result(at(service, operation), result, "r")


def test_models_that_do_not_exist() -> None:
    with pytest.raises(ModelError, match="nope"):
        wire.service_model("nope")
    with pytest.raises(ModelError, match="Nope"):
        wire.service_model("sts").operation("Nope")
