import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.server.conftest import OpenPort, Port

from keyfob.core import limits
from keyfob.core.http import HttpRequest, HttpResponse
from keyfob.server.http import HttpServer
from keyfob.server.reception import Peer, ProtocolFactory, Speech
from keyfob.server.settings import ListenerSettings

Responder = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Site:
    """An HTTP server on a real port; `answer` may be replaced."""

    def __init__(self, open_port: OpenPort, settings: ListenerSettings) -> None:
        self.requests: list[HttpRequest] = []
        self.upgrades: list[HttpRequest] = []
        self.answer: Responder = self.echo
        self.http = HttpServer(self.respond, self.upgrade, settings)
        self.port: Port = open_port({Speech.HTTP: self.open}, settings)

    async def open(self, peer: Peer) -> ProtocolFactory:
        return self.http.protocol

    async def respond(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return await self.answer(request)

    async def echo(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, request.body, {"x-path": request.path})

    def upgrade(self, request: HttpRequest, transport: asyncio.Transport, rest: bytes) -> None:
        self.upgrades.append(request)
        transport.write(b"rest:" + rest)
        transport.close()

    async def exchange(self, *parts: bytes) -> bytes:
        """Send `parts` and return all that comes until the server closes."""
        reader, writer = await self.port.dial()
        for part in parts:
            writer.write(part)
        answer = await reader.read()
        writer.close()
        return answer


OpenSite = Callable[..., Site]


@pytest.fixture
def open_site(open_port: OpenPort) -> OpenSite:
    return lambda **settings: Site(open_port, ListenerSettings(**settings))


def close(head: bytes, body: bytes = b"") -> bytes:
    return head + b"\r\nhost: localhost\r\nconnection: close\r\n\r\n" + body


async def test_a_request_arrives_as_it_was_sent(open_site: OpenSite) -> None:
    site = open_site()
    await site.exchange(
        close(
            b"POST /topics/a%2Fb%20c/%C3%A9?qos=1&x=%20y HTTP/1.1\r\nX-Twice: 1\r\nx-twice:  2 "
            b"\r\ncontent-length: 4",
            b"body",
        )
    )
    (request,) = site.requests
    assert request.method == "POST"
    assert request.path == "/topics/a%2Fb%20c/%C3%A9"
    assert request.query == "qos=1&x=%20y"
    assert [pair for pair in request.headers if pair[0] == "x-twice"] == [
        ("x-twice", "1"),
        ("x-twice", "2"),
    ]
    assert request.body == b"body"
    assert (request.source_ip, request.is_tls) == ("127.0.0.1", False)


async def test_an_absolute_target_and_a_chunked_body(open_site: OpenSite) -> None:
    site = open_site()
    answer = await site.exchange(
        close(
            b"PUT http://localhost/p?q HTTP/1.1\r\ntransfer-encoding: chunked",
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        )
    )
    assert answer.endswith(b"\r\n\r\nabcde")
    assert (site.requests[0].path, site.requests[0].query) == ("/p", "q")


async def test_head_has_a_length_and_no_body(open_site: OpenSite) -> None:
    site = open_site()

    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, b"12345")

    site.answer = answer
    answered = await site.exchange(close(b"HEAD / HTTP/1.1"))
    assert b"content-length: 5\r\n" in answered
    assert answered.endswith(b"\r\n\r\n")


async def test_requests_on_one_connection_are_answered_in_order(open_site: OpenSite) -> None:
    site = open_site()
    answer = await site.exchange(
        b"POST /1 HTTP/1.1\r\nhost: l\r\ncontent-length: 1\r\n\r\n1", close(b"GET /2 HTTP/1.1")
    )
    assert answer.index(b"x-path: /1") < answer.index(b"x-path: /2")


async def test_values_that_clients_wrote_cannot_break_a_header(open_site: OpenSite) -> None:
    site = open_site()

    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, b"", {"x-message": "a\r\nset-cookie: b\u2603\x00"})

    site.answer = answer
    assert b"x-message: a  set-cookie: b? \r\n" in await site.exchange(close(b"GET / HTTP/1.1"))


@pytest.mark.parametrize("framing", [b"content-length: %d", b"transfer-encoding: chunked"])
async def test_ten_megabytes_get_a_readable_refusal(open_site: OpenSite, framing: bytes) -> None:
    site = open_site()
    size = 10 * 1024 * 1024
    body = b"x" * size
    if b"chunked" in framing:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
    else:
        framing %= size
    head = b"POST / HTTP/1.1\r\nhost: l\r\n" + framing + b"\r\n\r\n"
    answer = await site.exchange(head, body)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close\r\n" in answer
    assert b"access-control-allow-origin: *\r\n" in answer
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert document["__type"] == "RequestEntityTooLargeException"
    assert site.requests == []


async def test_an_endless_body_is_cut(open_site: OpenSite) -> None:
    site = open_site(close_deadline_s=0.1)
    reader, writer = await site.port.dial()
    writer.write(b"POST / HTTP/1.1\r\nhost: l\r\ncontent-length: 99999999999\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_the_largest_body_is_taken(open_site: OpenSite) -> None:
    site = open_site()
    size = limits.MAX_BODY_BYTES
    head = close(b"POST / HTTP/1.1\r\ncontent-length: %d" % size)
    await site.exchange(head, b"x" * size)
    assert len(site.requests[0].body) == size


async def test_a_body_that_does_not_come_is_answered_408(open_site: OpenSite) -> None:
    site = open_site(body_deadline_s=0.05, close_deadline_s=0.05)
    answer = await site.exchange(b"POST / HTTP/1.1\r\nhost: l\r\ncontent-length: 9\r\n\r\nhalf")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert site.requests == []


@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nhost: l", b"\r\n"])
async def test_half_a_head_is_ended_by_its_deadline(open_site: OpenSite, sent: bytes) -> None:
    site = open_site(head_deadline_s=0.05)
    answer = await site.exchange(sent)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_dripping_bytes_does_not_move_the_heads_deadline(open_site: OpenSite) -> None:
    site = open_site(head_deadline_s=0.1)
    reader, writer = await site.port.dial()

    async def drip() -> None:
        while True:
            writer.write(b"\r\n")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    with contextlib.suppress(ConnectionResetError):
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
    dripping.cancel()
    writer.close()


async def test_a_second_head_has_a_deadline_too(open_site: OpenSite) -> None:
    site = open_site(head_deadline_s=0.05)
    answer = await site.exchange(b"GET /1 HTTP/1.1\r\nhost: l\r\n\r\n", b"GET /2 HTTP/1.1\r\nhos")
    assert b"x-path: /1" in answer
    assert [request.path for request in site.requests] == ["/1"]


async def test_an_idle_connection_is_closed(open_site: OpenSite) -> None:
    site = open_site(keep_alive_s=0.05)
    answer = await site.exchange(b"GET /1 HTTP/1.1\r\nhost: l\r\n\r\n")
    assert b"x-path: /1" in answer


async def test_a_head_without_end_is_refused(open_site: OpenSite) -> None:
    site = open_site(max_head_bytes=1000)
    answer = await site.exchange(b"GET / HTTP/1.1\r\nx: " + b"y" * 2000)
    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("before", [b"", b"GET /1 HTTP/1.1\r\nhost: l\r\n\r\n"])
async def test_a_head_that_comes_at_once_is_measured(open_site: OpenSite, before: bytes) -> None:
    site = open_site(max_head_bytes=1000)
    head = b"GET /2 HTTP/1.1\r\nhost: l\r\nx: " + b"y" * 2000 + b"\r\n\r\n"
    await site.exchange(before + head)
    assert [request.path for request in site.requests] == (["/1"] if before else [])


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: l\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: l\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"CONNECT localhost:443 HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_400(open_site: OpenSite, sent: bytes) -> None:
    site = open_site()
    answer = await site.exchange(sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Traceback" not in answer
    assert site.requests == []


async def test_a_responder_that_raises_leaks_nothing(
    open_site: OpenSite, caplog: pytest.LogCaptureFixture
) -> None:
    site = open_site()

    async def broken(request: HttpRequest) -> HttpResponse:
        raise LookupError("a secret path")

    site.answer = broken
    with caplog.at_level(logging.ERROR):
        answer = await site.exchange(close(b"GET / HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert "a secret path" in caplog.text


@pytest.mark.parametrize("cut", range(1, 80, 7))
async def test_an_upgrade_is_handed_over_with_what_follows(open_site: OpenSite, cut: int) -> None:
    site = open_site()
    head = b"GET /mqtt?a=b HTTP/1.1\r\nhost: l\r\nupgrade: WebSocket\r\nconnection: Upgrade\r\n\r\n"
    reader, writer = await site.port.dial()
    writer.write(head[:cut])
    await asyncio.sleep(0)
    writer.write(head[cut:] + b"more")
    assert await reader.read() == b"rest:more"
    assert (site.upgrades[0].path, site.upgrades[0].query) == ("/mqtt", "a=b")
    writer.close()


async def test_an_offer_of_http_2_is_passed_over(open_site: OpenSite) -> None:
    site = open_site()
    answer = await site.exchange(
        b"GET /x HTTP/1.1\r\nhost: l\r\nupgrade: h2c\r\nconnection: upgrade, close\r\n\r\n"
    )
    assert b"x-path: /x" in answer


async def test_closing_lets_answers_in_flight_finish(open_site: OpenSite) -> None:
    site = open_site()
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(request: HttpRequest) -> HttpResponse:
        asked.set()
        await go.wait()
        return HttpResponse(200, b"done")

    site.answer = slow
    exchange = asyncio.create_task(site.exchange(b"GET / HTTP/1.1\r\nhost: l\r\n\r\n"))
    idle = asyncio.create_task(site.exchange(b"G"))
    await asked.wait()
    closing = asyncio.create_task(site.http.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    assert (await exchange).endswith(b"done")
    await idle


async def test_closing_does_not_wait_for_ever(open_site: OpenSite) -> None:
    site = open_site(drain_deadline_s=0.05)
    asked = asyncio.Event()

    async def stuck(request: HttpRequest) -> HttpResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    site.answer = stuck
    exchange = asyncio.create_task(site.exchange(b"GET / HTTP/1.1\r\nhost: l\r\n\r\n"))
    await asked.wait()
    await site.http.close()
    assert b"done" not in await exchange


async def test_a_client_that_waits_for_100_is_told_to_go_on(open_site: OpenSite) -> None:
    site = open_site()
    reader, writer = await site.port.dial()
    writer.write(close(b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 4"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"body")
    assert (await reader.read()).endswith(b"\r\n\r\nbody")
    writer.close()


async def test_a_client_that_waits_for_100_gets_the_refusal_first(open_site: OpenSite) -> None:
    site = open_site(close_deadline_s=0.05)
    head = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 99999999"
    assert (await site.exchange(close(head))).startswith(b"HTTP/1.1 413 ")


async def test_http_1_0_gets_one_answer(open_site: OpenSite) -> None:
    site = open_site()
    asked = b"GET /1 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"
    assert (await site.exchange(asked + asked)).count(b"HTTP/1.1 200 OK\r\n") == 1


async def test_nothing_behind_the_last_request_is_served(open_site: OpenSite) -> None:
    site = open_site()
    answer = await site.exchange(close(b"GET /1 HTTP/1.1") + close(b"GET /2 HTTP/1.1") + b"\x00")
    assert b"x-path: /1" in answer
    assert [request.path for request in site.requests] == ["/1"]


async def test_what_came_before_a_broken_request_is_answered(open_site: OpenSite) -> None:
    site = open_site()
    answer = await site.exchange(b"GET /1 HTTP/1.1\r\nhost: l\r\n\r\nNONSENSE\r\n\r\n")
    assert b"x-path: /1" in answer
    assert answer.index(b"HTTP/1.1 200 ") < answer.index(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_content_has_no_length(open_site: OpenSite, status: int) -> None:
    site = open_site()

    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, b"")

    site.answer = answer
    assert b"content-length" not in await site.exchange(close(b"GET / HTTP/1.1"))


async def test_one_connection_too_many_is_told_so(open_site: OpenSite) -> None:
    site = open_site(max_http_connections=1)
    reader, writer = await site.port.dial()
    writer.write(b"GET /1 HTTP/1.1\r\nhost: l\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    assert (await site.exchange(b"GET /2 HTTP/1.1\r\nhost: l\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
    writer.write(close(b"GET /3 HTTP/1.1"))
    assert b"x-path: /3" in await reader.read()
    writer.close()


async def test_a_client_that_pipelines_and_does_not_read_is_not_read_from(
    open_site: OpenSite,
) -> None:
    site = open_site()
    body = b"x" * limits.MAX_BODY_BYTES
    reader, writer = await site.port.dial()
    head = b"POST / HTTP/1.1\r\nhost: l\r\ncontent-length: %d\r\n\r\n" % len(body)
    last = close(b"POST /last HTTP/1.1\r\ncontent-length: 0")
    writer.write((head + body) * 20 + last)
    await writer_is_stuck(writer)
    assert len(site.requests) < 20
    answer = await reader.read()
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 21
    assert site.requests[-1].path == "/last"
    writer.close()


async def writer_is_stuck(writer: asyncio.StreamWriter) -> None:
    """Return once what waits to be written has stopped to shrink."""
    before = -1
    while (now := writer.transport.get_write_buffer_size()) != before:
        before = now
        for _ in range(100):
            await asyncio.sleep(0)
