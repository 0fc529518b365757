"""A server killed outright has everything when it starts again."""

from pathlib import Path

from tests.conformance.device import device
from tests.conformance.flow import PASSWORD, REGION, clients_of, exchange, sign_in

from keyfob.testing import ServerProcess
from keyfob.testing.article import (
    IOT_POLICY_NAME,
    Clients,
    add_user,
    build_article,
    building_policy,
)


def test_state_is_there_after_a_kill(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    clients = Clients(server.endpoints, REGION)
    policy = building_policy(REGION, server.endpoints.account_id)
    article = build_article(clients, server.endpoints.account_id, policy, policy)
    add_user(clients, article, "alice", PASSWORD, "1")
    tokens = sign_in(clients, article, "alice")
    before = exchange(clients, article, tokens["IdToken"])
    clients.client("iot").attach_policy(policyName=IOT_POLICY_NAME, target=before.identity_id)
    server.kill()

    server.start()
    try:
        clients = Clients(server.endpoints, REGION)
        idp = clients.client("cognito-idp")
        assert idp.get_user(AccessToken=tokens["AccessToken"])["Username"] == "alice"
        after = exchange(clients, article, tokens["IdToken"])
        assert after.identity_id == before.identity_id
        caller = clients_of(server.endpoints, before).client("sts").get_caller_identity()
        assert caller["Account"] == article.account
        assert exchange(
            clients, article, sign_in(clients, article, "alice")["IdToken"]
        ).identity_id == (before.identity_id)
        for client_id, credentials in (("before", before), ("after", after)):
            with device(server.endpoints, credentials) as opened:
                assert opened.connect(client_id) == 0
                assert opened.publish("building/1/door", b"open") == 0
    finally:
        assert server.stop() == 0
