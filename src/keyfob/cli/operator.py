"""Asks the running server what only its operator may see: signed requests to `/_keyfob/`."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from keyfob.core.clock import SystemClock
from keyfob.core.errors import ConfigError
from keyfob.core.http import HttpRequest
from keyfob.core.secret import Secret
from keyfob.sigv4 import SigningCredentials, sign_headers
from keyfob.store.data_directory import read_endpoints

TIMEOUT_S = 30.0


class Operator:
    """A client with the root key of the server that runs on a data directory."""

    def __init__(self, data: Path) -> None:
        """Find the server.

        Raises:
            ConfigError: none is running on the directory.
        """
        self._endpoints = read_endpoints(data)
        self._credentials = SigningCredentials(
            self._endpoints.access_key_id, Secret(self._endpoints.secret_access_key)
        )

    def get(self, name: str, /, **parameters: object) -> Any:
        """Return the decoded answer of `GET /_keyfob/<name>`.

        Raises:
            ConfigError: the server refused, or is gone.
        """
        try:
            return json.loads(self.get_text(name, **parameters))
        except ValueError as error:
            raise ConfigError(f"the server answered with something else: {error}") from error

    def get_text(self, name: str, /, **parameters: object) -> str:
        """Return the answer of `GET /_keyfob/<name>` as it is.

        Raises:
            ConfigError: the server refused, or is gone.
        """
        host = urlsplit(self._endpoints.endpoint_url).netloc
        request = sign_headers(
            HttpRequest(
                method="GET",
                path=f"/_keyfob/{name}",
                query=urlencode(parameters),
                headers=(("host", host),),
                body=b"",
                source_ip="",
            ),
            self._credentials,
            region=self._endpoints.region,
            service="keyfob",
            now_s=SystemClock().now(),
        )
        connection = http.client.HTTPConnection(host, timeout=TIMEOUT_S)
        try:
            connection.request(
                "GET", f"{request.path}?{request.query}", headers=dict(request.headers)
            )
            answer = connection.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ConfigError(f"the server on {host} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise ConfigError(f"the server refused: {_message(body)}")
        return body


def _message(body: str) -> str:
    """Return what an error says: its message, or all of it where it is no JSON."""
    try:
        return str(json.loads(body).get("message", body))
    except (ValueError, AttributeError):
        return body
