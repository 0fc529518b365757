import asyncio
import errno
import socket
from typing import Any, cast

import pytest
from tests.unit.server.conftest import until

from keyfob.core.errors import ConfigError
from keyfob.server.listener import Listener, bind
from keyfob.server.settings import ListenerSettings


class ExhaustedSocket:
    """A listening socket whose `accept` fails with `number` for the first `failures` calls."""

    def __init__(self, real: socket.socket, number: int, failures: int) -> None:
        self._real = real
        self._number = number
        self.failures = failures
        self.accepts = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.accepts += 1
        if self.failures:
            self.failures -= 1
            raise OSError(self._number, "no")
        return self._real.accept()

    def fileno(self) -> int:
        return self._real.fileno()

    def close(self) -> None:
        self._real.close()


async def accept_one(number: int, failures: int) -> ExhaustedSocket:
    exhausted = ExhaustedSocket(bind("127.0.0.1", 0), number, failures)
    accepted: asyncio.Queue[socket.socket] = asyncio.Queue()
    listener = Listener(
        cast("socket.socket", exhausted),
        accepted.put_nowait,
        ListenerSettings(exhausted_pause_s=0.02),
    )
    listener.start()
    client = socket.create_connection(exhausted._real.getsockname())
    (await accepted.get()).close()
    client.close()
    listener.close()
    listener.close()
    return exhausted


async def test_without_descriptors_accepting_rests_and_resumes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exhausted = await accept_one(errno.EMFILE, failures=2)
    assert caplog.text.count("accepting rests") == 2
    # Two failed rounds, one good accept, and at most one more that finds the queue empty.
    assert exhausted.accepts <= 4


async def test_a_peer_that_left_the_queue_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    await accept_one(errno.ECONNABORTED, failures=3)
    assert caplog.text == ""


async def test_closing_while_it_rests_accepts_no_more() -> None:
    exhausted = ExhaustedSocket(bind("127.0.0.1", 0), errno.EMFILE, 1)
    accepted: list[socket.socket] = []
    settings = ListenerSettings(exhausted_pause_s=0.01)
    listener = Listener(cast("socket.socket", exhausted), accepted.append, settings)
    listener.start()
    client = socket.create_connection(exhausted._real.getsockname())
    await until(lambda: not exhausted.failures)
    listener.close()
    await asyncio.sleep(0.03)
    assert accepted == []
    client.close()


async def test_a_round_is_bounded() -> None:
    listening = bind("127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    accepted: list[socket.socket] = []
    after_rounds: set[int] = set()

    def receive(peer: socket.socket) -> None:
        accepted.append(peer)
        loop.call_soon(lambda: after_rounds.add(len(accepted)))

    listener = Listener(listening, receive, ListenerSettings(accepts_per_tick=2))
    clients = [socket.create_connection(listening.getsockname()) for _ in range(5)]
    listener.start()
    await until(lambda: 5 in after_rounds)
    assert after_rounds == {2, 4, 5}
    listener.close()
    for each in (*clients, *accepted):
        each.close()


async def test_the_address_is_the_one_really_bound() -> None:
    listening = bind("127.0.0.1", 0)
    listener = Listener(listening, lambda accepted: accepted.close(), ListenerSettings())
    assert listener.address == listening.getsockname()
    assert listener.address[1] > 0
    listener.close()


def test_a_taken_port_is_one_clear_line() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"cannot listen on `127.0.0.1:{port}`: Addr"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("no such host", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be_is_refused(host: str, port: int) -> None:
    with pytest.raises(ConfigError, match="cannot listen on"):
        bind(host, port)
