"""The enforcement point of the HTTP APIs: every request goes through here, in this order.

    CORS preflight -> extra routes -> wire.route -> the operation's row -> authenticate
    -> wire.parse -> authz.enforce -> handler -> wire.render_result

Rules. 1. A handler is reached only with what `authz.enforce` returned. 2. What raises `AwsError`
or `SignatureError` is rendered for the client; anything else is a bug: it is logged with the
request id and the client is told only that. 3. An operation of the model without a row answers
501; a request is never half served.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from keyfob import wire
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.enforce import enforce
from keyfob.authz.operation import Auth, Call, Operation
from keyfob.authz.ports import AccessTokenVerifier, CredentialLookup
from keyfob.authz.principal import Anonymous, Principal
from keyfob.core.clock import Clock
from keyfob.core.errors import AwsError, internal_failure
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.core.ids import AccountId, Randomness, Region, new_uuid
from keyfob.server import cors
from keyfob.server.authentication import authenticate
from keyfob.server.websocket import MQTT_PATH
from keyfob.sigv4 import SignatureError, to_aws_error

_logger = logging.getLogger(__name__)

ExtraRoute = Callable[[HttpRequest], Awaitable[HttpResponse | None]]
"""Answers what is no AWS API; None leaves the request to the APIs."""

_ID_SEPARATORS = {"UserPoolId": "_", "IdentityPoolId": ":", "IdentityId": ":"}
"""Input members whose value begins with the region, and what ends it there."""


@dataclass(frozen=True, slots=True)
class RegisteredService:
    """A service and its operation table."""

    service: object
    """What handlers are called with."""
    operations: Mapping[str, Operation[Any]]
    """Rows by operation name."""


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who calls, where."""

    principal: Principal
    region: Region | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Answers HTTP requests."""

    services: Mapping[str, RegisteredService]
    """By the catalog's names, for instance `cognito-idp`."""
    authorizer: Authorizer
    credentials: CredentialLookup
    access_tokens: AccessTokenVerifier
    clock: Clock
    randomness: Randomness
    default_account: AccountId
    """Account of calls that nobody signs."""
    default_region: Region
    """Region of requests that name none."""
    extra_routes: Mapping[str, ExtraRoute] = field(default_factory=dict)
    """By a text that the path contains, for instance `/.well-known/`; asked in order."""

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request; never raises."""
        if (granted := cors.preflight(request)) is not None:
            return granted
        request_id = new_uuid(self.randomness)
        response = await self._respond(request, request_id)
        fields = {
            "date": formatdate(self.clock.now(), usegmt=True),
            "x-amzn-requestid": request_id,
            **cors.RESPONSE_FIELDS,
        }
        return HttpResponse(response.status, response.body, fields | response.headers)

    async def _respond(self, request: HttpRequest, request_id: str) -> HttpResponse:
        route: wire.Route | None = None
        try:
            if (response := await self._extra(request)) is not None:
                return response
            route = wire.route(request)
            result = await self._call(route, request, request_id)
            return wire.render_result(route, result, request_id)
        except SignatureError as error:
            protocol = wire.guess_protocol(request) if route is None else route.protocol
            return wire.render_error(route, to_aws_error(error, protocol), request_id, request)
        except AwsError as error:
            return wire.render_error(route, error, request_id, request)
        except Exception:
            name = "-" if route is None else f"{route.service}:{route.operation_name}"
            _logger.exception("request %s (%s) failed", request_id, name)
            return wire.render_error(route, internal_failure(), request_id, request)

    async def _extra(self, request: HttpRequest) -> HttpResponse | None:
        if request.path == MQTT_PATH:
            text = b"MQTT is spoken here over WebSocket: send an upgrade"
            return HttpResponse(426, text, {"content-type": "text/plain", "upgrade": "websocket"})
        for fragment, answer in self.extra_routes.items():
            if fragment in request.path:
                response = await answer(request)
                if response is not None:
                    return response
        return None

    async def _call(
        self, route: wire.Route, request: HttpRequest, request_id: str
    ) -> Mapping[str, Any]:
        """Authenticate, parse, authorise, do."""
        registered = self.services.get(route.service)
        row = None if registered is None else registered.operations.get(route.operation_name)
        if registered is None or row is None:
            raise wire.not_implemented(route.service, route.operation_name)
        now_s = self.clock.now()
        if row.auth in (Auth.SIGV4, Auth.SIGV4_WITHOUT_POLICY):
            names = route.model.row.signing_names
            signer = await authenticate(self.credentials, request, names, now_s)
            params = wire.parse(route, request)
            caller = _Caller(signer.principal, signer.region)
        else:
            params = wire.parse(route, request)
            caller = await self._unsigned_caller(row, route, params, now_s)
        call = Call(
            service=route.service,
            operation=route.operation_name,
            params=params,
            principal=caller.principal,
            account=caller.principal.account,
            region=caller.region or self.default_region,
            request_id=request_id,
            source_ip=request.source_ip,
            is_tls=request.is_tls,
            now_s=now_s,
            user_agent=request.header("user-agent"),
            headers=dict(request.headers),
        )
        authorized = await enforce(self.authorizer, row, registered.service, call)
        return await row.handler(registered.service, authorized)

    async def _unsigned_caller(
        self, row: Operation[Any], route: wire.Route, params: Mapping[str, Any], now_s: float
    ) -> _Caller:
        """Find the caller of an operation whose model says that it takes no signature.

        A signature that came nonetheless is not looked at, as with AWS (documented: the models'
        `authtype: none`); bad credentials in the environment do not keep a user from signing in.
        """
        if row.auth is Auth.ACCESS_TOKEN:
            user = await self.access_tokens.verify(params["AccessToken"], now_s)
            return _Caller(user, Region(user.pool_id.partition("_")[0]))
        return _Caller(Anonymous(self.default_account), _named_region(params) or route.region)


def _named_region(params: Mapping[str, Any]) -> Region | None:
    """Return the region that an id among the input begins with."""
    for member, separator in _ID_SEPARATORS.items():
        value = params.get(member)
        if isinstance(value, str) and separator in value:
            return Region(value.partition(separator)[0])
    return None
