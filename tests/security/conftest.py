"""One real server; after every test it must still serve, and have nothing to be ashamed of."""

from collections.abc import Iterator

import pytest
from tests.security.raw import REGION, ask, good

from keyfob.store.data_directory import Endpoints
from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    # Refused packets are no failures of the server, but would be logged as the clients'.
    data = tmp_path_factory.mktemp("security") / "data"
    with ServerProcess(data, "--mqtt-logs", "off") as running:
        yield running


@pytest.fixture(scope="session")
def endpoints(server: ServerProcess) -> Endpoints:
    return server.endpoints


@pytest.fixture(scope="session")
def clients(endpoints: Endpoints) -> Clients:
    return Clients(endpoints, REGION)


@pytest.fixture(autouse=True)
def keeps_serving(server: ServerProcess) -> Iterator[None]:
    """See after each test that the process is the same, serves, and logged no failure."""
    pid, logged = server.pid, len(server.log)
    yield
    assert server.pid == pid
    answer = ask(server.endpoints, good(server.endpoints))
    assert answer.status == 200
    assert b"GetCallerIdentityResult" in answer.body
    news = server.log[logged:]
    assert "Traceback" not in news
    assert " ERROR " not in news
