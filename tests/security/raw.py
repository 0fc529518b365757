"""Requests as bytes on a socket: signed where asked, and the answer as it came."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4 import SigningCredentials, sign_headers
from keyfob.store.data_directory import Endpoints

REGION = "eu-central-1"
ANSWER_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def code(self) -> str:
        """The error code, read in the form of the answer's own protocol."""
        kind = self.headers.get("content-type", "")
        if kind == "text/xml":
            assert self.body.startswith(b"<ErrorResponse")
            return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
        document = json.loads(self.body)
        assert isinstance(document["message"], str)
        if kind == "application/x-amz-json-1.1":
            code: str = document["__type"]
            return code
        assert kind == "application/json"
        return self.headers["x-amzn-errortype"]


def root_key(endpoints: Endpoints) -> SigningCredentials:
    """Return the root user's key."""
    return SigningCredentials(endpoints.access_key_id, Secret(endpoints.secret_access_key))


def request(
    endpoints: Endpoints,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    body: bytes = b"",
    **headers: str,
) -> HttpRequest:
    """Return an unsigned request; header names are written with underscores."""
    fields = {"host": address(endpoints), "content_length": str(len(body)), **headers}
    return HttpRequest(
        method=method,
        path=path,
        query=query,
        headers=tuple((name.replace("_", "-"), value) for name, value in fields.items()),
        body=body,
        source_ip="",
    )


def signed(unsigned: HttpRequest, credentials: SigningCredentials, service: str) -> HttpRequest:
    """Return the request with a signature of now; its length is not part of what is signed."""
    lengths = tuple(field for field in unsigned.headers if field[0] == "content-length")
    others = tuple(field for field in unsigned.headers if field[0] != "content-length")
    complete = sign_headers(
        replace(unsigned, headers=others),
        credentials,
        region=REGION,
        service=service,
        now_s=time.time(),
    )
    return replace(complete, headers=(*complete.headers, *lengths))


def render(value: HttpRequest) -> bytes:
    """Return the request as it goes on the wire."""
    target = f"{value.path}?{value.query}" if value.query else value.path
    lines = [f"{value.method} {target} HTTP/1.1"]
    lines += [f"{name}: {text}" for name, text in value.headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + value.body


def address(endpoints: Endpoints) -> str:
    """Return host and port."""
    return urlsplit(endpoints.endpoint_url).netloc


class Wire:
    """One connection."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened

    def send(self, data: bytes) -> None:
        """Send, unless the server has closed already."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def answer(self) -> Answer:
        """Read one answer."""
        reader = http.client.HTTPResponse(self.socket)
        reader.begin()
        body = reader.read()
        headers = {name.lower(): value for name, value in reader.getheaders()}
        return Answer(reader.status, headers, body)

    def rest(self) -> bytes:
        """Read until the server closes."""
        parts = []
        try:
            while part := self.socket.recv(65_536):
                parts.append(part)
        except (ConnectionResetError, ssl.SSLError):
            pass  # what came before it closed is what counts
        return b"".join(parts)


@contextmanager
def wire(endpoints: Endpoints, *, tls: bool = False) -> Iterator[Wire]:
    """Connect."""
    host, port = endpoints.mqtt_host, endpoints.mqtt_port
    opened = socket.create_connection((host, port), ANSWER_TIMEOUT_S)
    try:
        if tls:
            context = ssl.create_default_context(cafile=endpoints.ca_file)
            opened = context.wrap_socket(opened, server_hostname=host)
        yield Wire(opened)
    finally:
        opened.close()


def ask(endpoints: Endpoints, value: HttpRequest) -> Answer:
    """Send one request on a connection of its own and return the answer."""
    with wire(endpoints) as connection:
        connection.send(render(value))
        return connection.answer()


def good(endpoints: Endpoints) -> HttpRequest:
    """Return a signed request that every test may make: `sts:GetCallerIdentity`."""
    unsigned = request(
        endpoints,
        body=b"Action=GetCallerIdentity&Version=2011-06-15",
        content_type="application/x-www-form-urlencoded",
    )
    return signed(unsigned, root_key(endpoints), "sts")


def json_request(endpoints: Endpoints, service: str, operation: str, document: Any) -> HttpRequest:
    """Return a signed JSON 1.1 request; bytes go as they are."""
    prefix = {
        "cognito-idp": "AWSCognitoIdentityProviderService",
        "cognito-identity": "AWSCognitoIdentityService",
    }[service]
    unsigned = request(
        endpoints,
        body=document if isinstance(document, bytes) else json.dumps(document).encode(),
        content_type="application/x-amz-json-1.1",
        x_amz_target=f"{prefix}.{operation}",
    )
    return signed(unsigned, root_key(endpoints), service)
