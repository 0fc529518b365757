import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from keyfob.app import fetch as module
from keyfob.app.fetch import MAX_BYTES, FetchError, fetch


@asynccontextmanager
async def server(answer: bytes, *, holds: bool = False) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer every request alike on a free port; `holds` keeps the connection open."""
    requests: list[bytes] = []
    released = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        if holds:
            await released.wait()
        writer.close()

    running = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with running:
        port = running.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", requests
        released.set()


def response(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", *fields])
    return head.encode() + b"\r\n\r\n" + body


async def test_a_document_is_fetched() -> None:
    async with server(response(b"hello", "Content-Length: 5"), holds=True) as (url, requests):
        assert await fetch(f"{url}/a/b?c=d") == b"hello"
    assert requests[0].startswith(b"GET /a/b?c=d HTTP/1.1\r\n")
    assert f"Host: {url.removeprefix('http://')}\r\n".encode() in requests[0]


async def test_chunks_and_bodies_that_end_with_the_connection() -> None:
    chunked = response(b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    for answer in (chunked, response(b"hello")):
        async with server(answer) as (url, _):
            assert await fetch(url) == b"hello"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(b"", "Content-Length: 0", status="404 Not Found"), "status 404"),
        (response(b"", "Location: /x", "Content-Length: 0", status="302 Found"), "status 302"),
        (response(b"hel", "Content-Length: 5"), "cut short"),
        (response(b"x" * (MAX_BYTES + 20_000)), "too long"),
        (b"", "no answer"),
        (b"SSH-2.0-x\r\n", "."),
    ],
    ids=["404", "redirect", "short", "long", "empty", "no http"],
)
async def test_anything_else_is_an_error(answer: bytes, reason: str) -> None:
    async with server(answer) as (url, _):
        with pytest.raises(FetchError, match=reason):
            await fetch(url)


async def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    async with server(b"", holds=True) as (url, _):
        with pytest.raises(FetchError, match="in time"):
            await fetch(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http:///x", "http://127.0.0.1/a b"])
async def test_what_cannot_be_asked(url: str) -> None:
    with pytest.raises(FetchError):
        await fetch(url)
