"""Helpers that fetch credentials by themselves, unmodified: boto3, awscrt, the AWS CLI."""

import contextlib
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from awscrt import auth, http, io
from tests.interop.people import PASSWORDS, REGION

from keyfob.cli.demo.person import Credentials, Person
from keyfob.testing import ServerProcess
from keyfob.testing.article import Article, Clients

pytestmark = pytest.mark.interop

ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def trust(principal: dict[str, str], action: str, **condition: Any) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(clients: Clients, name: str, trust_policy: str) -> str:
    iam = clients.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))
    return arn


@pytest.fixture(scope="module")
def id_token(clients: Clients, article: Article) -> str:
    return Person("alice", PASSWORDS["alice"], "1").sign_in(clients, article)


@pytest.fixture(scope="module")
def web_identity_role(clients: Clients, article: Article) -> str:
    """A role for ID tokens of the user pool, registered in IAM as any other provider."""
    provider_arn = clients.client("iam").create_open_id_connect_provider(
        Url=f"https://{article.provider_name}",
        ClientIDList=[article.client_id],
        ThumbprintList=["0" * 40],
    )["OpenIDConnectProviderArn"]
    audience = {f"{article.provider_name}:aud": article.client_id}
    action = "sts:AssumeRoleWithWebIdentity"
    return make_role(
        clients,
        "helpers-web",
        trust({"Federated": provider_arn}, action, StringEquals=audience),
    )


@pytest.fixture
def environment(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A clean environment that knows the endpoint; yields the path of an empty config file."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.touch()
    monkeypatch.setenv("HOME", str(tmp_path))  # the CLI keeps assumed roles there
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoints.endpoint_url)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield config


def whoami() -> str:
    """Ask who boto3 is, from nothing but the environment."""
    session = boto3.session.Session(botocore_session=botocore.session.Session())
    client = session.client("sts")
    arn: str = client.get_caller_identity()["Arn"]
    client.close()
    return arn


def cli(*arguments: str) -> Any:
    program = Path(sys.executable).with_name("aws")
    done = subprocess.run(
        [str(program), *arguments, "--output", "json"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_boto3_assumes_a_role_with_a_token_file(
    environment: Path,
    web_identity_role: str,
    id_token: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(id_token)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token_file))
    monkeypatch.setenv("AWS_ROLE_ARN", web_identity_role)
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "file")
    assert whoami().endswith(":assumed-role/helpers-web/file")


def test_javascript_assumes_a_role_with_a_token(
    environment: Path, server: ServerProcess, web_identity_role: str, id_token: str
) -> None:
    config = {"region": REGION, "roleArn": web_identity_role, "webIdentityToken": id_token}
    done = subprocess.run(
        ["node", "web-token.mjs", json.dumps(config)],
        cwd=Path(__file__).parent / "javascript",
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    theirs = Clients(
        server.endpoints,
        REGION,
        aws_access_key_id=found["accessKeyId"],
        aws_secret_access_key=found["secretAccessKey"],
        aws_session_token=found["sessionToken"],
    )
    arn = theirs.client("sts").get_caller_identity()["Arn"]
    assert arn.endswith(":assumed-role/helpers-web/javascript")


def test_the_cli_and_boto3_run_a_credential_process(
    environment: Path, server: ServerProcess, article: Article, id_token: str, tmp_path: Path
) -> None:
    script = tmp_path / "credentials.py"
    script.write_text(
        "import boto3, json\n"
        f"logins = { ({article.provider_name: id_token})!r}\n"
        "from botocore import UNSIGNED\n"
        "from botocore.config import Config\n"
        f"options = dict(endpoint_url={server.endpoints.endpoint_url!r}, region_name={REGION!r})\n"
        "identity = boto3.Session().client('cognito-identity',"
        " config=Config(signature_version=UNSIGNED), **options)\n"
        f"found = identity.get_id(IdentityPoolId={article.identity_pool_id!r}, Logins=logins)\n"
        "keys = identity.get_credentials_for_identity("
        "IdentityId=found['IdentityId'], Logins=logins)['Credentials']\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': keys['AccessKeyId'],"
        " 'SecretAccessKey': keys['SecretKey'], 'SessionToken': keys['SessionToken'],"
        " 'Expiration': keys['Expiration'].isoformat()}))\n"
    )
    environment.write_text(
        f"[profile alice]\ncredential_process = env -u AWS_PROFILE {sys.executable} {script}\n"
    )
    expected = ":assumed-role/TestIdentityPoolRole/CognitoIdentityCredentials"
    answer = cli("sts", "get-caller-identity", "--profile", "alice")
    assert answer["Arn"].endswith(expected)
    session = boto3.session.Session(profile_name="alice")
    assert session.client("sts").get_caller_identity()["Arn"].endswith(expected)


def test_a_profile_with_a_source_profile_assumes_its_role(
    environment: Path, server: ServerProcess, clients: Clients
) -> None:
    iam = clients.client("iam")
    iam.create_user(UserName="helper")
    iam.put_user_policy(UserName="helper", PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))
    key = iam.create_access_key(UserName="helper")["AccessKey"]
    root = f"arn:aws:iam::{server.endpoints.account_id}:root"
    external = {"sts:ExternalId": "secret"}
    role = make_role(
        clients, "helpers-source", trust({"AWS": root}, "sts:AssumeRole", StringEquals=external)
    )
    environment.write_text(
        "[profile base]\n"
        f"aws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
        "[profile target]\n"
        f"role_arn = {role}\n"
        "source_profile = base\n"
        "external_id = secret\n"
        "role_session_name = profile\n"
    )
    answer = cli("sts", "get-caller-identity", "--profile", "target")
    assert answer["Arn"].endswith(":assumed-role/helpers-source/profile")
    session = boto3.session.Session(profile_name="target")
    assert session.client("sts").get_caller_identity()["Arn"] == answer["Arn"]


class Tunnel(socketserver.StreamRequestHandler):
    """Answers `CONNECT` for any host by joining the client with the server under test."""

    target: tuple[str, int]

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(self.target) as server:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, self.connection))
            back.start()
            pump(self.connection, server)
            back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy until either side ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[http.HttpProxyOptions]:
    """The provider always asks port 443; through this proxy that is the server."""
    address = urlsplit(server.endpoints.https_endpoint_url)
    handler = type("Handler", (Tunnel,), {"target": ("127.0.0.1", address.port)})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield http.HttpProxyOptions(
            "127.0.0.1",
            running.server_address[1],
            connection_type=http.HttpProxyConnectionType.Tunneling,
        )
        running.shutdown()
        thread.join()


def test_awscrt_fetches_an_identitys_credentials(
    server: ServerProcess,
    clients: Clients,
    article: Article,
    id_token: str,
    proxy: http.HttpProxyOptions,
) -> None:
    logins = {article.provider_name: id_token}
    identity_id = clients.client("cognito-identity").get_id(
        IdentityPoolId=article.identity_pool_id, Logins=logins
    )["IdentityId"]
    options = io.TlsContextOptions()
    options.override_default_trust_store_from_path(None, server.endpoints.ca_file)
    provider = auth.AwsCredentialsProvider.new_cognito(
        endpoint="localhost",
        identity=identity_id,
        tls_ctx=io.ClientTlsContext(options),
        logins=[(article.provider_name, id_token)],
        http_proxy_options=proxy,
    )
    found = provider.get_credentials().result(10)
    theirs = Credentials(
        identity_id, found.access_key_id, found.secret_access_key, found.session_token
    )
    signed = Clients(
        server.endpoints,
        REGION,
        aws_access_key_id=theirs.access_key_id,
        aws_secret_access_key=theirs.secret_key,
        aws_session_token=theirs.session_token,
    )
    arn = signed.client("sts").get_caller_identity()["Arn"]
    assert arn.endswith("/CognitoIdentityCredentials")
