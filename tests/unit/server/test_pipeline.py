import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.server.parts import (
    ACCOUNT,
    NOW_S,
    REGION,
    ROOT,
    USER,
    AccessTokens,
    Credentials,
    make_authorizer,
)

from keyfob.authz.operation import Auth, AuthorizedRequest, Operation
from keyfob.core.clock import ManualClock
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.core.ids import SystemRandomness
from keyfob.core.secret import Secret
from keyfob.server.pipeline import ExtraRoute, Pipeline, RegisteredService
from keyfob.sigv4 import SigningCredentials, sign_headers


class Calls:
    """A service whose every operation remembers who called it."""

    def __init__(self) -> None:
        self.seen: list[AuthorizedRequest] = []
        self.failure: Exception | None = None


async def handle(service: Calls, request: AuthorizedRequest) -> Mapping[str, Any]:
    service.seen.append(request)
    if service.failure is not None:
        raise service.failure
    return {}


OPERATIONS: tuple[Operation[Calls], ...] = (
    Operation("ListUserPools", Auth.SIGV4, handle, "cognito-idp:ListUserPools"),
    Operation("ForgotPassword", Auth.PUBLIC, handle),
    Operation("GlobalSignOut", Auth.ACCESS_TOKEN, handle),
)


async def health(request: HttpRequest) -> HttpResponse | None:
    return HttpResponse(200, b"well") if request.path == "/_keyfob/health" else None


async def broken(request: HttpRequest) -> HttpResponse | None:
    raise LookupError("a secret path")


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def pipeline(calls: Calls) -> Pipeline:
    rows = {row.name: row for row in OPERATIONS}
    routes: dict[str, ExtraRoute] = {"/_keyfob/": health, "/broken": broken}
    return Pipeline(
        services={"cognito-idp": RegisteredService(calls, rows)},
        authorizer=make_authorizer(),
        credentials=Credentials(),
        access_tokens=AccessTokens(),
        clock=ManualClock(at=NOW_S),
        randomness=SystemRandomness(),
        default_account=ACCOUNT,
        default_region=REGION,
        extra_routes=routes,
    )


def request(operation: str, body: str = "{}") -> HttpRequest:
    headers = (
        ("host", "localhost:4566"),
        ("x-amz-target", f"AWSCognitoIdentityProviderService.{operation}"),
        ("content-type", "application/x-amz-json-1.1"),
    )
    return HttpRequest("POST", "/", "", headers, body.encode(), "127.0.0.1")


def signed(
    unsigned: HttpRequest, credentials: SigningCredentials = ROOT, service: str = "cognito-idp"
) -> HttpRequest:
    return sign_headers(unsigned, credentials, region="ap-south-1", service=service, now_s=NOW_S)


LIST = request("ListUserPools", '{"MaxResults":1}')


def code(response: HttpResponse) -> str:
    return str(json.loads(response.body)["__type"])


async def test_a_signed_call_reaches_its_handler(pipeline: Pipeline, calls: Calls) -> None:
    response = await pipeline.respond(signed(LIST))
    assert response.status == 200, response.body
    (seen,) = calls.seen
    assert seen.principal.arn.endswith(":root")
    assert (seen.account, seen.region, seen.now_s) == (ACCOUNT, "ap-south-1", NOW_S)
    assert seen.params == {"MaxResults": 1}
    assert response.headers["x-amzn-requestid"] == seen.call.request_id


async def test_every_answer_is_readable_in_a_browser_and_dated(pipeline: Pipeline) -> None:
    for sent in (signed(LIST), LIST, replace(LIST, path="/_keyfob/health")):
        headers = (await pipeline.respond(sent)).headers
        assert headers["access-control-allow-origin"] == "*"
        assert "x-amzn-ErrorType" in headers["access-control-expose-headers"]
        assert headers["date"] == "Tue, 14 Nov 2023 22:15:00 GMT"
        assert len(headers["x-amzn-requestid"]) == 36


async def test_a_preflight_grants_what_it_asks_for(pipeline: Pipeline) -> None:
    asked = "authorization,x-amz-date,x-amz-target"
    headers = (
        ("origin", "http://localhost:5173"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", asked),
    )
    response = await pipeline.respond(HttpRequest("OPTIONS", "/", "", headers, b"", "127.0.0.1"))
    assert response.status == 200
    assert response.headers["access-control-allow-headers"] == asked
    assert "POST" in response.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (LIST, "MissingAuthenticationTokenException"),
        (signed(LIST, SigningCredentials("AKIANOBODY", Secret("x"))), "UnrecognizedClient"),
        (signed(LIST, SigningCredentials(ROOT.access_key_id, Secret("x"))), "InvalidSignature"),
        (signed(LIST, SigningCredentials("ASIAEXPIRED", Secret("x"), "t")), "ExpiredToken"),
        (replace(signed(LIST), body=b'{"MaxResults":2}'), "InvalidSignature"),
        (signed(LIST, USER), "AccessDeniedException"),
    ],
)
async def test_what_does_not_prove_itself_reaches_no_handler(
    pipeline: Pipeline, calls: Calls, sent: HttpRequest, expected: str
) -> None:
    response = await pipeline.respond(sent)
    assert response.status in (400, 403)
    assert code(response).startswith(expected)
    assert calls.seen == []


async def test_a_signature_for_another_service_is_not_good_here(
    pipeline: Pipeline, calls: Calls
) -> None:
    response = await pipeline.respond(signed(LIST, service="iam"))
    assert response.status in (400, 403)
    assert calls.seen == []


async def test_input_is_checked_before_the_policies(pipeline: Pipeline, calls: Calls) -> None:
    response = await pipeline.respond(signed(request("ListUserPools")))
    assert response.status == 400
    assert code(response) == "InvalidParameterException"
    assert calls.seen == []


FORGOT = request("ForgotPassword", '{"ClientId":"abc","Username":"ann"}')


@pytest.mark.parametrize(
    "sent", [FORGOT, signed(FORGOT), signed(FORGOT, SigningCredentials("AKIANO", Secret("x")))]
)
async def test_a_public_call_needs_no_signature_and_minds_none(
    pipeline: Pipeline, calls: Calls, sent: HttpRequest
) -> None:
    response = await pipeline.respond(sent)
    assert response.status == 200
    assert calls.seen[0].principal.arn == "anonymous"


async def test_a_public_call_without_scope_uses_the_default_region(
    pipeline: Pipeline, calls: Calls
) -> None:
    await pipeline.respond(FORGOT)
    assert calls.seen[0].region == REGION


@pytest.mark.parametrize(("token", "status"), [("good", 200), ("forged", 400)])
async def test_an_access_token_names_user_and_region(
    pipeline: Pipeline, calls: Calls, token: str, status: int
) -> None:
    sent = request("GlobalSignOut", json.dumps({"AccessToken": token}))
    response = await pipeline.respond(sent)
    assert response.status == status
    if status == 200:
        assert calls.seen[0].region == "us-west-2"
    else:
        assert code(response) == "NotAuthorizedException"
        assert calls.seen == []


@pytest.mark.parametrize("operation", ["SetUICustomization", "CreateUserPool"])
async def test_an_operation_without_a_row_names_itself(pipeline: Pipeline, operation: str) -> None:
    response = await pipeline.respond(signed(request(operation)))
    assert response.status == 501
    assert operation in response.body.decode()


async def test_an_unknown_path_and_an_unknown_target_are_refused(pipeline: Pipeline) -> None:
    path = await pipeline.respond(HttpRequest("GET", "/nope", "", (), b"", "127.0.0.1"))
    assert path.status == 404
    target = await pipeline.respond(request("NoSuchThing"))
    assert target.status == 400
    assert code(target) == "UnknownOperationException"


async def test_extra_routes_come_first_and_may_pass(pipeline: Pipeline) -> None:
    unsigned = HttpRequest("GET", "/_keyfob/health", "", (), b"", "127.0.0.1")
    assert (await pipeline.respond(unsigned)).body == b"well"
    assert (await pipeline.respond(replace(unsigned, path="/_keyfob/other"))).status == 404


async def test_mqtt_without_an_upgrade_is_426(pipeline: Pipeline) -> None:
    response = await pipeline.respond(HttpRequest("GET", "/mqtt", "", (), b"", "127.0.0.1"))
    assert response.status == 426
    assert response.headers["upgrade"] == "websocket"


@pytest.mark.parametrize("in_route", [True, False])
async def test_a_bug_is_logged_with_its_request_id_and_never_told(
    pipeline: Pipeline, calls: Calls, caplog: pytest.LogCaptureFixture, in_route: bool
) -> None:
    calls.failure = LookupError("a secret path")
    sent = replace(FORGOT, path="/broken") if in_route else FORGOT
    response = await pipeline.respond(sent)
    assert response.status == 500
    assert b"secret" not in response.body
    assert b"Traceback" not in response.body
    assert code(response) == "InternalFailure"
    assert response.headers["x-amzn-requestid"] in caplog.text
    assert "a secret path" in caplog.text


@pytest.mark.parametrize("body", ["{", "[]", "<xml/>", "\x00", "[" * 200_000])
async def test_a_body_that_is_no_json_object_is_refused(pipeline: Pipeline, body: str) -> None:
    response = await pipeline.respond(request("ForgotPassword", body))
    assert response.status == 400
    assert code(response) == "SerializationException"
