"""Who is told why: reason strings of MQTT 5, and the messages of AccessDenied."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.security.crowd import Member
from tests.security.raw import REGION

from keyfob.core.secret import Secret
from keyfob.mqtt.codec import Properties, PropertyId, ReasonCode
from keyfob.sigv4 import SigningCredentials
from keyfob.store.data_directory import Endpoints
from keyfob.testing import ServerProcess
from keyfob.testing.article import Clients

ASKED = {"request_problem_information": 1}
NOT_ASKED = {"request_problem_information": 0}


def statement(effect: str, action: str, resource: str = "*") -> dict[str, str]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def make_user(clients: Clients, name: str) -> SigningCredentials:
    """Make a user who may connect as `me`, publish to `mine` and subscribe to nothing."""
    iam = clients.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    prefix = f"arn:aws:iot:{REGION}:{arn.split(':')[4]}"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            statement("Allow", "iot:Connect", f"{prefix}:client/me"),
            statement("Allow", "iot:Publish", f"{prefix}:topic/mine"),
            statement("Deny", "iam:CreateUser"),
        ],
    }
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return SigningCredentials(key["AccessKeyId"], Secret(key["SecretAccessKey"]))


@pytest.fixture(scope="module")
def talkative(clients: Clients, endpoints: Endpoints) -> tuple[Endpoints, SigningCredentials]:
    return endpoints, make_user(clients, "reasons")


@pytest.fixture(scope="module")
def silent(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Endpoints, SigningCredentials]]:
    data = tmp_path_factory.mktemp("silent") / "data"
    with ServerProcess(data, "--no-explain-to-clients", "--memory") as running:
        yield running.endpoints, make_user(Clients(running.endpoints, REGION), "reasons")


async def refusals(
    server: tuple[Endpoints, SigningCredentials], asked: dict[str, Any]
) -> dict[str, tuple[int, str | None]]:
    """Have every kind of packet refused; return reason code and reason string of each."""

    def told(code: int, properties: Properties) -> tuple[int, str | None]:
        return code, properties.text(PropertyId.REASON_STRING)

    endpoints, credentials = server
    stranger, connack = await Member.arrive(endpoints, REGION, credentials, "stranger", **asked)
    member, _ = await Member.arrive(endpoints, REGION, credentials, "me", **asked)
    puback = await member.publish("theirs")
    suback = await member.subscribe("theirs/#")
    disconnect = await member.refused_publish("theirs")
    await stranger.leave()
    await member.leave()
    return {
        "CONNACK": told(connack.code, connack.properties),
        "PUBACK": told(puback.code, puback.properties),
        "SUBACK": told(suback.codes[0], suback.properties),
        "DISCONNECT": told(disconnect.code, disconnect.properties),
    }


@pytest.mark.parametrize("asked", [{}, ASKED], ids=["by default", "asked for"])
async def test_every_answer_says_why(
    talkative: tuple[Endpoints, SigningCredentials], asked: dict[str, Any]
) -> None:
    found = await refusals(talkative, asked)
    assert {code for code, _ in found.values()} == {ReasonCode.NOT_AUTHORIZED}
    expected = {
        "CONNACK": ("iot:Connect", "client/stranger"),
        "PUBACK": ("iot:Publish", "topic/theirs"),
        "SUBACK": ("iot:Subscribe", "topicfilter/theirs/#"),
        "DISCONNECT": ("iot:Publish", "topic/theirs"),
    }
    for packet, (action, resource) in expected.items():
        sentence = found[packet][1]
        assert sentence is not None, packet
        assert sentence.startswith(f"identity-based policy: no statement allows {action} on")
        assert resource in sentence, packet


async def test_nobody_is_told_who_did_not_ask(
    talkative: tuple[Endpoints, SigningCredentials],
) -> None:
    found = await refusals(talkative, NOT_ASKED)
    assert set(found.values()) == {(ReasonCode.NOT_AUTHORIZED, None)}


async def test_nobody_is_told_where_the_setting_is_off(
    silent: tuple[Endpoints, SigningCredentials],
) -> None:
    found = await refusals(silent, ASKED)
    assert set(found.values()) == {(ReasonCode.NOT_AUTHORIZED, None)}


@pytest.mark.parametrize(
    ("operation", "arguments", "resource", "cause"),
    [
        (
            "list_users",
            {},
            "user/",
            "because no identity-based policy allows the iam:ListUsers action",
        ),
        (
            "create_user",
            {"UserName": "x"},
            "user/x",
            "with an explicit deny in an identity-based policy",
        ),
    ],
)
def test_access_denied_reads_as_aws_s(
    talkative: tuple[Endpoints, SigningCredentials],
    operation: str,
    arguments: dict[str, Any],
    resource: str,
    cause: str,
) -> None:
    endpoints, credentials = talkative
    iam = Clients(
        endpoints,
        REGION,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret.reveal(),
    ).client("iam")
    with pytest.raises(ClientError) as refused:
        getattr(iam, operation)(**arguments)
    account = endpoints.account_id
    action = "iam:" + operation.title().replace("_", "")
    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        f"User: arn:aws:iam::{account}:user/reasons is not authorized to perform: {action}"
        f" on resource: arn:aws:iam::{account}:{resource} {cause}"
    )
