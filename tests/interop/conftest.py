"""One real server for clients that nobody here wrote, set up as the article does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.people import BUILDINGS, PASSWORDS, REGION

from keyfob.cli.demo.person import Credentials, Person, attach_policy
from keyfob.testing import ServerProcess
from keyfob.testing.article import (
    Article,
    Clients,
    add_user,
    build_article,
    building_policy,
    with_attach_permission,
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def clients(server: ServerProcess) -> Clients:
    return Clients(server.endpoints, REGION)


@pytest.fixture(scope="session")
def article(server: ServerProcess, clients: Clients) -> Article:
    account = server.endpoints.account_id
    policy = building_policy(REGION, account)
    built = build_article(clients, account, with_attach_permission(policy), policy)
    for name, password in PASSWORDS.items():
        add_user(clients, built, name, password, BUILDINGS[name])
    return built


@pytest.fixture(scope="session")
def credentials(
    server: ServerProcess, clients: Clients, article: Article
) -> dict[str, Credentials]:
    """Everyone's temporary credentials, their IoT policy attached by themselves."""
    found = {}
    for name, password in PASSWORDS.items():
        person = Person(name, password, BUILDINGS[name])
        found[name] = person.exchange(clients, article, person.sign_in(clients, article))
        attach_policy(server.endpoints, REGION, found[name])
    return found


@pytest.fixture(scope="session")
def ca_file(server: ServerProcess) -> Path:
    return Path(server.endpoints.ca_file)
