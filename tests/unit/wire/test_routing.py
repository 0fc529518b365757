"""Which service and operation a request goes to, by each of its tell-tales."""

from urllib.parse import quote

import pytest

from keyfob import wire
from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def make(
    method: str = "POST", path: str = "/", query: str = "", body: bytes = b"", **headers: str
) -> HttpRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method, path, query, named, body, "127.0.0.1")


def signed(service: str, region: str = "eu-west-1") -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential=AKID/20261123/{region}/{service}/aws4_request, "
        "SignedHeaders=host, Signature=00"
    )


def where(request: HttpRequest) -> tuple[str, str, str | None]:
    found = wire.route(request)
    return found.service, found.operation_name, found.region


def test_target_header() -> None:
    request = make(
        host="localhost:4566", x_amz_target="AWSCognitoIdentityProviderService.InitiateAuth"
    )
    assert where(request) == ("cognito-idp", "InitiateAuth", None)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("cognito-idp.eu-central-1.amazonaws.com", "eu-central-1"),
        ("cognito-idp.us-gov-west-1.amazonaws.com:443", "us-gov-west-1"),
        ("localhost", None),
    ],
)
def test_region_of_the_host(host: str, region: str | None) -> None:
    target = "AWSCognitoIdentityProviderService.SignUp"
    assert where(make(host=host, x_amz_target=target))[2] == region


def test_the_scope_is_trusted_before_all_else() -> None:
    request = make(
        host="iam.amazonaws.com",
        authorization=signed("sts"),
        content_type=FORM,
        body=b"Action=GetCallerIdentity&Version=2011-06-15",
    )
    assert where(request) == ("sts", "GetCallerIdentity", "eu-west-1")
    assert wire.route(request).signing_names == ("sts",)
    with pytest.raises(AwsError, match="UnknownOperationException"):
        wire.route(
            make(authorization=signed("iot"), x_amz_target="AWSCognitoIdentityService.GetId")
        )


def test_query_protocol() -> None:
    body = b"Action=ListRoles&Version=2010-05-08"
    assert where(make(body=body, content_type=FORM)) == ("iam", "ListRoles", None)
    assert where(make("GET", query=body.decode()))[1] == "ListRoles"
    unversioned = make(body=b"Action=GetCallerIdentity", content_type=FORM, host="sts.localhost")
    assert where(unversioned)[0] == "sts"


def test_presigned_scope() -> None:
    query = (
        "Action=GetCallerIdentity&Version=2011-06-15"
        "&X-Amz-Credential=AKID%2F20261123%2Fus-east-2%2Fsts%2Faws4_request"
    )
    assert where(make("GET", query=query)) == ("sts", "GetCallerIdentity", "us-east-2")


@pytest.mark.parametrize(
    ("method", "path", "service", "operation", "labels"),
    [
        ("GET", "/policies", "iot", "ListPolicies", {}),
        ("GET", "/policies/p", "iot", "GetPolicy", {"policyName": "p"}),
        ("GET", "/policies/p/version", "iot", "ListPolicyVersions", {"policyName": "p"}),
        (
            "PUT",
            "/target-policies/p%20q",
            "iot",
            "AttachPolicy",
            {"policyName": "p q"},
        ),
        (
            "POST",
            "/attached-policies/eu-west-1%3A12-34",
            "iot",
            "ListAttachedPolicies",
            {"target": "eu-west-1:12-34"},
        ),
        ("POST", "/attached-policies/r:1", "iot", "ListAttachedPolicies", {"target": "r:1"}),
        ("GET", "/authorizers", "iot", "ListAuthorizers", {}),
        ("GET", "/authorizers/", "iot", "ListAuthorizers", {}),
        (
            "GET",
            "/destinations/arn:aws:iot:r:1:ruledestination/http/x",
            "iot",
            "GetTopicRuleDestination",
            {"arn": "arn:aws:iot:r:1:ruledestination/http/x"},
        ),
        ("GET", "/things/t", "iot", "DescribeThing", {"thingName": "t"}),
        ("GET", "/things/t/shadow", "iot-data", "GetThingShadow", {"thingName": "t"}),
        ("POST", "/topics/a%2Fb", "iot-data", "Publish", {"topic": "a/b"}),
        ("POST", "/topics/a/b", "iot-data", "Publish", {"topic": "a/b"}),
        ("POST", "/topics//a/", "iot-data", "Publish", {"topic": "/a/"}),
        ("POST", "/topics/%2Fa%2F", "iot-data", "Publish", {"topic": "/a/"}),
        ("POST", "/topics/a%252Fb", "iot-data", "Publish", {"topic": "a%2Fb"}),
        ("GET", "/retainedMessage", "iot-data", "ListRetainedMessages", {}),
        ("GET", "/retainedMessage/a/b", "iot-data", "GetRetainedMessage", {"topic": "a/b"}),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/t",
            "iot-data",
            "ListNamedShadowsForThing",
            {"thingName": "t"},
        ),
    ],
)
@pytest.mark.parametrize("authorization", [None, "iot"])
def test_paths(
    method: str,
    path: str,
    service: str,
    operation: str,
    labels: dict[str, str],
    authorization: str | None,
) -> None:
    request = make(method, path)
    if authorization is not None:
        request = make(method, path, authorization=signed(authorization))
    found = wire.route(request)
    assert (found.service, found.operation_name) == (service, operation)
    assert found.uri_params == labels


@pytest.mark.parametrize("service", ["iotdata", "iotdevicegateway"])
def test_data_plane_scopes(service: str) -> None:
    assert where(make("POST", "/topics/a", authorization=signed(service)))[0] == "iot-data"
    with pytest.raises(AwsError, match="GET /policies"):
        wire.route(make("GET", "/policies", authorization=signed(service)))


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("abc-ats.iot.eu-west-1.amazonaws.com", "iot-data", "eu-west-1"),
        ("data.iot.eu-west-1.amazonaws.com", "iot-data", "eu-west-1"),
        ("iot-data.localhost:4566", "iot-data", None),
    ],
)
def test_data_plane_hosts(host: str, service: str, region: str | None) -> None:
    assert where(make("POST", "/topics/a", host=host)) == (service, "Publish", region)


def test_path_prefixes() -> None:
    assert where(make("GET", "/iot/policies"))[:2] == ("iot", "ListPolicies")
    assert where(make("POST", "/iot-data/topics/a"))[:2] == ("iot-data", "Publish")
    target = "AWSCognitoIdentityService.GetId"
    assert where(make(path="/cognito-identity/", x_amz_target=target))[1] == "GetId"
    body = b"Action=GetCallerIdentity"
    assert where(make(path="/sts", body=body, content_type=FORM))[0] == "sts"


@pytest.mark.parametrize(
    ("request_", "code", "named"),
    [
        (make(x_amz_target="Nope.X"), "UnknownOperationException", "Nope.X"),
        (
            make(x_amz_target="AWSCognitoIdentityProviderService.Nope"),
            "UnknownOperationException",
            "Nope",
        ),
        (make(x_amz_target=""), "UnknownOperationException", "target"),
        (
            make(body=b"Action=Nope&Version=2011-06-15", content_type=FORM),
            "InvalidAction",
            "Could not find operation Nope for version 2011-06-15",
        ),
        (make(body=b"Action=GetCallerIdentity", content_type=FORM), "InvalidAction", "NO_VERSION"),
        (make(body=b"", content_type=FORM), "InvalidAction", "null"),
        (make("GET", "/"), "UnknownOperationException", "GET /"),
        (make("GET", "/nowhere"), "UnknownOperationException", "/nowhere"),
        (make("GET", "//policies/"), "UnknownOperationException", "/policies"),
        (make("TRACE", "/policies"), "UnknownOperationException", "TRACE"),
        (make("GET", "/things//principals"), "UnknownOperationException", "principals"),
        (make("GET", "/policies/%ff"), "SerializationException", "UTF-8"),
        (make(authorization=signed("s3")), "UnknownOperationException", "s3"),
        (make("GET", "/", authorization=signed("sts")), "UnknownOperationException", "GET /"),
        (make(body=b"A=1&A=2", content_type=FORM), "MalformedInput", "twice"),
        (make(body=b"A=%ff", content_type=FORM), "MalformedInput", "form data"),
        (make(body=b"\xff", content_type=FORM), "MalformedInput", "UTF-8"),
        (make(body=b"{}", content_type="application/json"), "UnknownOperationException", "POST /"),
    ],
)
def test_what_goes_nowhere(request_: HttpRequest, code: str, named: str) -> None:
    with pytest.raises(AwsError) as refusal:
        wire.route(request_)
    assert refusal.value.code == code
    assert named in refusal.value.message


def test_a_topic_may_hold_anything() -> None:
    topic = "a/ü $+%/:;~!"
    found = wire.route(make("POST", "/topics/" + quote(topic, safe="")))
    assert found.uri_params == {"topic": topic}


def test_a_host_that_is_no_name() -> None:
    assert wire.route(make("GET", "/policies", host="x" * 300)).region is None
    assert wire.route(make("GET", "/policies", host="iot")).service == "iot"
