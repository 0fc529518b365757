"""One real server for the calls of boto3, with the article's set-up and its two residents."""

import json
from collections.abc import Iterator

import pytest
from tests.conformance.flow import (
    ALLOW_ALL,
    BUILDINGS,
    PASSWORD,
    REGION,
    Resident,
    identity_pool_with_role,
    resident,
    sign_in,
)

from keyfob.testing import ServerProcess
from keyfob.testing.article import (
    IOT_POLICY_NAME,
    Article,
    Clients,
    add_user,
    build_article,
    building_policy,
    with_attach_permission,
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("conformance") / "data") as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture(scope="session")
def clients(server: ServerProcess) -> Clients:
    return Clients(server.endpoints, REGION)


@pytest.fixture(scope="session")
def article(server: ServerProcess, clients: Clients) -> Article:
    account = server.endpoints.account_id
    policy = building_policy(REGION, account)
    built = build_article(clients, account, with_attach_permission(policy), policy)
    for name, building in BUILDINGS.items():
        add_user(clients, built, name, PASSWORD, building)
    return built


@pytest.fixture(scope="session")
def id_tokens(clients: Clients, article: Article) -> dict[str, str]:
    """Everyone's ID token."""
    return {name: sign_in(clients, article, name)["IdToken"] for name in BUILDINGS}


@pytest.fixture(scope="session")
def residents(clients: Clients, article: Article, id_tokens: dict[str, str]) -> dict[str, Resident]:
    """Everyone with temporary credentials, the building policy attached to their identity."""
    found = {
        name: resident(clients, article, article.identity_pool_id, token)
        for name, token in id_tokens.items()
    }
    for one in found.values():
        clients.client("iot").attach_policy(policyName=IOT_POLICY_NAME, target=one.identity_id)
    return found


@pytest.fixture(scope="session")
def wide_pool(clients: Clients, article: Article) -> str:
    """An identity pool whose role may do everything."""
    return identity_pool_with_role(clients, article, "wide", ALLOW_ALL)


@pytest.fixture(scope="session")
def allow_all_iot_policy(clients: Clients) -> str:
    """An IoT policy that allows everything."""
    clients.client("iot").create_policy(
        policyName="allow-all",
        policyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
            }
        ),
    )
    return "allow-all"
