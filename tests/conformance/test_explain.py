"""`keyfob explain` about live people, users, roles and clients, as an operator calls it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.security.crowd import Member, signing_credentials

from keyfob.testing import ServerProcess
from keyfob.testing.article import (
    IOT_POLICY_NAME,
    Article,
    Clients,
    add_user,
    build_article,
    building_policy,
)

REGION = "eu-central-1"
PASSWORD = "Correct-horse-1"


@dataclass
class Scene:
    """The article's set-up with one person signed in, attached and known by its identity id."""

    server: ServerProcess
    clients: Clients
    article: Article
    identity_id: str
    credentials: dict[str, Any]

    def explain(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the command with `--json`; return its exit code and answer."""
        done = self._run(*arguments, "--json")
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    def explain_text(self, *arguments: str) -> tuple[int, str]:
        """Run the command; return its exit code and what it printed."""
        done = self._run(*arguments)
        return done.returncode, done.stdout + done.stderr

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "keyfob", "explain", "--data", str(self.server.data)]
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=False, timeout=30
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    data = tmp_path_factory.mktemp("explain") / "data"
    with ServerProcess(data, "--memory") as server:
        clients = Clients(server.endpoints, REGION)
        account = server.endpoints.account_id
        policy = building_policy(REGION, account)
        article = build_article(clients, account, policy, policy)
        add_user(clients, article, "alice", PASSWORD, "7")
        identity_id, credentials = sign_in(clients, article)
        clients.client("iot").attach_policy(policyName=IOT_POLICY_NAME, target=identity_id)
        yield Scene(server, clients, article, identity_id, credentials)


def sign_in(clients: Clients, article: Article) -> tuple[str, dict[str, Any]]:
    idp, identity = clients.client("cognito-idp"), clients.client("cognito-identity")
    idp.update_user_pool_client(
        UserPoolId=article.user_pool_id,
        ClientId=article.client_id,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        ReadAttributes=["email", "custom:buildingId"],
        WriteAttributes=["email"],
    )
    token = idp.initiate_auth(
        ClientId=article.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]["IdToken"]
    logins = {article.provider_name: token}
    identity_id = identity.get_id(IdentityPoolId=article.identity_pool_id, Logins=logins)[
        "IdentityId"
    ]
    found = identity.get_credentials_for_identity(IdentityId=identity_id, Logins=logins)
    return identity_id, found["Credentials"]


PUBLISH = ("--action", "iot:Publish", "--resource")


@pytest.mark.parametrize("who", ["user", "identity"])
def test_a_person_is_judged_as_their_session_would_be(scene: Scene, who: str) -> None:
    name = "alice" if who == "user" else scene.identity_id
    code, answer = scene.explain(f"--{who}", name, *PUBLISH, "building/7/door")
    report = answer["report"]
    assert (code, report["effect"]) == (0, "allow")
    assert report["principal"].endswith("TestIdentityPoolRole/CognitoIdentityCredentials")
    assert report["resource"].endswith(":topic/building/7/door")
    assert {layer["layer"] for layer in report["layers"]} >= {"identity-based policy", "IoT policy"}


def test_the_nearest_statement_is_told_with_the_person_s_tags_filled_in(scene: Scene) -> None:
    code, text = scene.explain_text("--user", "alice", *PUBLISH, "building/8/door")
    assert code == 1
    assert text.startswith("denied: iot:Publish on arn:aws:iot:eu-central-1:")
    assert "TestIamPolicyBuilding:v1[ReceiveMessages] at $.Statement[2]" in text
    assert "topic/building/7/*` here" in text


def test_context_can_be_given(scene: Scene) -> None:
    code, answer = scene.explain(
        "--user",
        "alice",
        *PUBLISH,
        "building/8/door",
        "--context",
        "aws:PrincipalTag/building_id=8",
    )
    assert (code, answer["report"]["effect"]) == (0, "allow")


def test_roles_and_iam_users(scene: Scene) -> None:
    code, answer = scene.explain("--role", scene.article.role_arn, "--action", "s3:GetObject")
    assert (code, answer["report"]["layer"]) == (1, "identity-based policy")
    scene.clients.client("iam").create_user(UserName="operator")
    code, answer = scene.explain("--user", "operator", "--action", "iam:ListUsers")
    assert (code, answer["report"]["effect"]) == (1, "implicit deny")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--user", "nobody", "--action", "iot:Connect"), "nobody goes by `nobody`"),
        (("--role", "Missing", "--action", "iot:Connect"), "there is no role"),
        (("--identity", "eu-central-1:x", "--action", "iot:Connect"), "there is no identity"),
        (("--client", "absent", "--action", "iot:Connect"), "no client `absent` is connected"),
        (("--client", "absent"), "nothing was refused"),
        (("--user", "alice"), "`action` is missing"),
        (("--user", "alice", "--role", "x", "--action", "iot:Connect"), "name one of"),
    ],
)
def test_what_cannot_be_answered_is_exit_code_2(
    scene: Scene, arguments: tuple[str, ...], says: str
) -> None:
    code, text = scene.explain_text(*arguments)
    assert (code, says in text) == (2, True), text


async def test_a_client_is_judged_as_its_connection_is(scene: Scene) -> None:
    credentials = signing_credentials(scene.credentials)
    member, _ = await Member.arrive(scene.server.endpoints, REGION, credentials, "door-7")
    code, answer = scene.explain("--client", "door-7", *PUBLISH, "building/7/door")
    assert (code, answer["report"]["effect"]) == (0, "allow")
    assert scene.explain("--client", "door-7")[0] == 2
    await member.publish("building/8/door")
    code, answer = scene.explain("--client", "door-7")
    denial = answer["denial"]
    assert (code, denial["action"], denial["client_id"]) == (1, "iot:Publish", "door-7")
    assert denial["variables"]["aws:PrincipalTag/building_id"] == "7"
    await member.leave()


def test_explaining_leaves_no_denial_behind(scene: Scene) -> None:
    def denials() -> str:
        command = [sys.executable, "-m", "keyfob", "denials", "--data", str(scene.server.data)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    before = denials()
    assert scene.explain("--user", "alice", *PUBLISH, "building/9/door")[0] == 1
    assert denials() == before


def test_why_a_person_would_get_no_credentials_is_told(scene: Scene) -> None:
    iam = scene.clients.client("iam")
    document = iam.get_role(RoleName="TestIdentityPoolRole")["Role"]["AssumeRolePolicyDocument"]
    statement = {**document["Statement"][0], "Action": ["sts:AssumeRoleWithWebIdentity"]}
    untagging = json.dumps({**document, "Statement": [statement]})
    name = "TestIdentityPoolRole"
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=untagging)
    try:
        code, text = scene.explain_text("--user", "alice", *PUBLISH, "building/7/door")
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))
    assert code == 2
    assert "role trust policy: no statement allows sts:TagSession" in text


def test_the_simulator_over_the_wire(scene: Scene) -> None:
    topic = f"arn:aws:iot:{REGION}:{scene.server.endpoints.account_id}:topic/building/7/door"
    tag = {
        "ContextKeyName": "aws:PrincipalTag/building_id",
        "ContextKeyType": "string",
        "ContextKeyValues": ["7"],
    }
    iam = scene.clients.client("iam")
    asked = {
        "PolicySourceArn": scene.article.role_arn,
        "ActionNames": ["iot:Publish"],
        "ResourceArns": [topic],
    }
    (without,) = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert without["EvalDecision"] == "implicitDeny"
    (per_resource,) = without["ResourceSpecificResults"]
    assert per_resource["MissingContextValues"] == ["aws:PrincipalTag/building_id"]
    (result,) = iam.simulate_principal_policy(**asked, ContextEntries=[tag])["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    (matched,) = result["MatchedStatements"]
    assert matched["SourcePolicyId"] == "TestIamPolicyBuilding"
    assert matched["SourcePolicyType"] == "user-managed"
    assert matched["StartPosition"]["Line"] == 1
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=scene.article.role_arn)
    assert keys["ContextKeyNames"] == ["aws:PrincipalTag/building_id"]
