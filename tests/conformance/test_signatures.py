"""Who signs, and what a wrong signature gets, per protocol."""

from typing import Any

import pytest
from tests.conformance.flow import REGION, refusal

from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "cognito-idp": ("list_user_pools", {"MaxResults": 1}),
    "cognito-identity": ("list_identity_pools", {"MaxResults": 1}),
    "iam": ("list_roles", {}),
    "sts": ("get_caller_identity", {}),
    "iot": ("list_policies", {}),
    "iot-data": ("publish", {"topic": "t"}),
}
STATUS = {"cognito-idp": 400, "cognito-identity": 400}
QUERY = {"iam", "sts"}


def call(keys: Clients, service: str) -> Any:
    name, arguments = CALLS[service]
    return refusal(getattr(keys.client(service), name), **arguments)


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_is_refused(server: ServerProcess, service: str) -> None:
    keys = Clients(
        server.endpoints,
        REGION,
        aws_access_key_id=server.endpoints.access_key_id,
        aws_secret_access_key=server.endpoints.secret_access_key + "x",
    )
    refused = call(keys, service)
    expected = "SignatureDoesNotMatch" if service in QUERY else "InvalidSignatureException"
    assert (refused.code, refused.status) == (expected, STATUS.get(service, 403))
    assert "The request signature we calculated does not match" in refused.message


@pytest.mark.parametrize("service", CALLS)
def test_an_unknown_access_key_is_refused(server: ServerProcess, service: str) -> None:
    keys = Clients(
        server.endpoints,
        REGION,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI",
    )
    refused = call(keys, service)
    expected = "InvalidClientTokenId" if service in QUERY else "UnrecognizedClientException"
    assert (refused.code, refused.status) == (expected, STATUS.get(service, 403))
    assert refused.message == "The security token included in the request is invalid."


def test_a_deactivated_access_key_is_refused(server: ServerProcess, clients: Clients) -> None:
    iam = clients.client("iam")
    iam.create_user(UserName="leaver")
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    keys = Clients(
        server.endpoints,
        REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    sts = keys.client("sts")
    assert sts.get_caller_identity()["Arn"].endswith(":user/leaver")
    iam.update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused = refusal(sts.get_caller_identity)
    assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)
