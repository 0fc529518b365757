"""The calls to repeat: prepared once as bytes on the wire, so that the client costs little."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.apis.flow import REGION, Caller, Flow, RefusedError, sign_in_with_password
from benchmarks.apis.servers import Server

IDENTITY = "AWSCognitoIdentityService"


@dataclass(frozen=True)
class Prepared:
    """One request, good for some minutes."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def on(self, server: Server) -> Callable[[], None]:
        """Return a call that sends it on a connection of its own.

        The call raises `RefusedError` for any other answer than 200.
        """
        connection = HTTPConnection("127.0.0.1", server.port)

        def send() -> None:
            connection.request(self.method, self.path, self.body, self.headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RefusedError(body.decode(errors="replace")[:300])

        return send


def prepare(server: Server, flow: Flow) -> dict[str, Prepared]:
    """Return the calls that a server has, each seen to succeed once."""
    caller = Caller(server)
    token = sign_in_with_password(caller, flow)["IdToken"]
    logins = {flow.provider: token}
    pool = {"IdentityPoolId": flow.identity_pool_id, "Logins": logins}
    identity_id = caller.call(f"{IDENTITY}.GetId", pool)["IdentityId"]
    theirs = {"IdentityId": identity_id, "Logins": logins}
    keys = caller.call(f"{IDENTITY}.GetCredentialsForIdentity", theirs)["Credentials"]
    session = Credentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
    root = Credentials(server.access_key_id, server.secret_access_key)
    candidates: dict[str, Callable[[], Prepared]] = {
        "GetId": lambda: _json(f"{IDENTITY}.GetId", pool),
        "GetCredentialsForIdentity": lambda: _json(f"{IDENTITY}.GetCredentialsForIdentity", theirs),
        "AssumeRoleWithWebIdentity": lambda: _web_identity(server, flow, logins, identity_id),
        "GetCallerIdentity, session": lambda: _caller_identity(server, session),
        "iot-data Publish, HTTP": lambda: _publish(server, root),
    }
    prepared = {}
    for name, make in candidates.items():
        try:
            prepared[name] = made = make()
            made.on(server)()
        except (RefusedError, ClientError, BotoCoreError, OSError) as error:
            prepared.pop(name, None)
            print(f"{server.name} has no {name}: {str(error)[:120]}")
    return prepared


def _json(target: str, members: dict[str, Any]) -> Prepared:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
        "Host": f"cognito-identity.{REGION}.amazonaws.com",
    }
    return Prepared("POST", "/", headers, json.dumps(members).encode())


def _web_identity(server: Server, flow: Flow, logins: dict[str, str], identity_id: str) -> Prepared:
    """Prepare the second half of the classic flow."""
    options = {
        "region_name": REGION,
        "endpoint_url": server.url,
        "aws_access_key_id": server.access_key_id,
        "aws_secret_access_key": server.secret_access_key,
    }
    identity = boto3.client("cognito-identity", **options)
    pool = identity.describe_identity_pool(IdentityPoolId=flow.identity_pool_id)
    del pool["ResponseMetadata"]
    settings = {name: value for name, value in pool.items() if value not in ("", None)}
    identity.update_identity_pool(**settings | {"AllowClassicFlow": True})
    token = identity.get_open_id_token(IdentityId=identity_id, Logins=logins)["Token"]
    role = boto3.client("iam", **options).get_role(RoleName="bench")["Role"]["Arn"]
    body = (
        f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=bench"
        f"&RoleArn={role}&WebIdentityToken={token}"
    )
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": f"sts.{REGION}.amazonaws.com",
    }
    return Prepared("POST", "/", headers, body.encode())


def _caller_identity(server: Server, session: Credentials) -> Prepared:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _sign(server, session, "sts", "/", headers, body)


def _publish(server: Server, keys: Credentials) -> Prepared:
    return _sign(server, keys, "iotdata", "/topics/bench?qos=0", {}, b"hello")


def _sign(
    server: Server,
    keys: Credentials,
    service: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
) -> Prepared:
    host = "data-ats.iot" if service == "iotdata" else service
    fields = {**headers, "Host": f"{host}.{REGION}.amazonaws.com"}
    request = AWSRequest("POST", server.url + path, data=body, headers=fields)
    SigV4Auth(keys, service, REGION).add_auth(request)
    return Prepared("POST", path, dict(request.headers.items()), body)
