"""The operator's own endpoints, `/_keyfob/...`: for the root key alone.

    GET  /_keyfob/health                         no signature: `{"status": "ok"}`
    GET  /_keyfob/metrics                        Prometheus text; no signature from a loopback
    GET  /_keyfob/connections                    the open MQTT connections
    GET  /_keyfob/denials?limit=&since=          newest first; `since` is epoch seconds
    GET  /_keyfob/who?name=                      users and identities, both ways
    GET  /_keyfob/mail?limit=                    messages with their codes
    GET  /_keyfob/explain?user=&action=&...      why something is allowed or not (`explanation`)
    POST /_keyfob/clock  {"advance_s": 3600}     only where the clock is one that moves

Requests are signed with SigV4 for the service `keyfob`; a principal other than root is refused.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from keyfob.authz.audit import Denial, DenialLog
from keyfob.authz.principal import Root, SigningPrincipal
from keyfob.core.clock import ManualClock
from keyfob.core.errors import AwsError
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.server.explanation import Explainer, read_query

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "/_keyfob/"
SIGNING_NAME = "keyfob"
MAX_LIMIT = 1_000

Authenticate = Callable[[HttpRequest], Awaitable[SigningPrincipal]]
"""Verifies a request's signature for `SIGNING_NAME`; raises `AwsError`."""


class PeopleDirectory(Protocol):
    """Who is who: users of pools, and identities."""

    async def find(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return what is known of a user name, sub or identity id."""
        ...


class MailReader(Protocol):
    """Reads the messages that users would have got."""

    async def read(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return the newest messages first."""
        ...


class BrokerObserver(Protocol):
    """Sees what the MQTT brokers do."""

    async def metrics(self) -> str:
        """Return the counters in Prometheus' text format."""
        ...

    async def list_connections(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return open connections."""
        ...


class Admin:
    """Answers the operator's requests."""

    def __init__(
        self,
        authenticate: Authenticate,
        denials: DenialLog,
        people: PeopleDirectory,
        mail: MailReader,
        explainer: Explainer,
        clock: ManualClock | None,
        broker: BrokerObserver,
    ) -> None:
        """Answer from these; `clock` is None where time cannot be moved."""
        self._authenticate = authenticate
        self._denials = denials
        self._people = people
        self._mail = mail
        self._explainer = explainer
        self._clock = clock
        self._broker = broker
        self._routes: Mapping[tuple[str, str], Callable[[HttpRequest], Awaitable[object]]] = {
            ("GET", "connections"): self._list_connections,
            ("GET", "denials"): self._list_denials,
            ("GET", "who"): self._who,
            ("GET", "mail"): self._list_mail,
            ("GET", "explain"): self._explain,
            ("POST", "clock"): self._advance_clock,
        }

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a request under `PREFIX`; None for any other path."""
        if not request.path.startswith(PREFIX):
            return None
        name = request.path.removeprefix(PREFIX)
        if (request.method, name) == ("GET", "health"):
            return _json(200, {"status": "ok"})
        try:
            if (request.method, name) == ("GET", "metrics"):
                return await self._metrics(request)
            await self._require_root(request)
            handler = self._routes.get((request.method, name))
            if handler is None:
                raise AwsError("NotFoundException", f"there is no `{name[:100]}` here", status=404)
            return _json(200, await handler(request))
        except AwsError as error:
            return _json(error.status or 400, {"code": error.code, "message": error.message})

    async def _require_root(self, request: HttpRequest) -> None:
        principal = await self._authenticate(request)
        if not isinstance(principal, Root):
            raise AwsError(
                "AccessDeniedException",
                f"{principal.arn} is not the root user, who alone may look behind the scenes",
                status=403,
            )

    async def _metrics(self, request: HttpRequest) -> HttpResponse:
        """Return the counters; scrapers do not sign, so a peer on this host need not."""
        if not _is_loopback(request.source_ip):
            await self._require_root(request)
        body = (await self._broker.metrics()).encode()
        return HttpResponse(200, body, {"content-type": METRICS_TYPE})

    async def _list_connections(self, request: HttpRequest) -> object:
        return {"connections": await self._broker.list_connections(_limit(request))}

    async def _list_denials(self, request: HttpRequest) -> object:
        since_s = _number(request, "since", 0.0)
        limit = _limit(request)
        recent = [denial for denial in self._denials.recent() if denial.last_time_s > since_s]
        return {"denials": [await self._render_denial(denial) for denial in recent[:limit]]}

    async def _render_denial(self, denial: Denial) -> Mapping[str, Any]:
        """Return a denial, with the user's name looked up where the principal does not tell it."""
        rendered: dict[str, Any] = msgspec.to_builtins(denial)
        if denial.username is None and denial.sub is not None:
            found = await self._people.find(denial.sub)
            rendered["username"] = next((person["username"] for person in found), None)
        return rendered

    async def _who(self, request: HttpRequest) -> object:
        return {"people": await self._people.find(_text(request, "name"))}

    async def _list_mail(self, request: HttpRequest) -> object:
        return {"messages": await self._mail.read(_limit(request))}

    async def _explain(self, request: HttpRequest) -> object:
        return await self._explainer.explain(read_query(request.query))

    async def _advance_clock(self, request: HttpRequest) -> object:
        if self._clock is None:
            raise AwsError(
                "NotSupportedException", "the clock moves only with `keyfob up --dev`", status=409
            )
        try:
            wanted = msgspec.json.decode(request.body, type=dict[str, float])
            self._clock.advance(wanted["advance_s"])
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise AwsError(
                "ValidationException", 'expected {"advance_s": seconds, not negative}'
            ) from error
        return {"now_s": self._clock.now()}


def _text(request: HttpRequest, name: str) -> str:
    values = parse_qs(request.query).get(name)
    if not values:
        raise AwsError("ValidationException", f"the query parameter `{name}` is missing")
    return values[0]


def _number(request: HttpRequest, name: str, default: float) -> float:
    text = parse_qs(request.query).get(name, [""])[0]
    try:
        return float(text) if text else default
    except ValueError:
        raise AwsError("ValidationException", f"`{name}` is not a number") from None


def _limit(request: HttpRequest) -> int:
    limit = _number(request, "limit", 100)
    if not 1 <= limit <= MAX_LIMIT:
        raise AwsError("ValidationException", f"`limit` is 1 to {MAX_LIMIT}")
    return int(limit)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _json(status: int, value: object) -> HttpResponse:
    return HttpResponse(status, msgspec.json.encode(value), {"content-type": "application/json"})
