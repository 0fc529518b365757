"""MQTT.js in a real browser, over `ws://` and `wss://`, with a URL presigned elsewhere."""

import base64
import hashlib
import json
import queue
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from tests.interop.presigning import presigned_path

from keyfob.cli.demo.person import Credentials
from keyfob.testing import ServerProcess

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

HERE = Path(__file__).parent / "javascript"
FILES = {
    "/browser.html": (HERE / "browser.html", "text/html"),
    "/mqtt.min.js": (HERE / "node_modules" / "mqtt" / "dist" / "mqtt.min.js", "text/javascript"),
}
PATIENCE_S = 60.0


class Site(ThreadingHTTPServer):
    """Serves the page and takes what it saw."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: queue.Queue[Any] = queue.Queue()


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        path, kind = FILES.get(urlsplit(self.path).path, (None, ""))
        if path is None:
            self.send_error(404)
            return
        self._answer(path.read_bytes(), kind)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"", "text/plain")
        self.server.seen.put(json.loads(body))

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.05,))
        thread.start()
        yield site
        site.shutdown()
        thread.join()


def key_hash(server: ServerProcess) -> str:
    """Return the hash of the server's key, once its certificate was verified against its CA."""
    endpoints = server.endpoints
    address = (endpoints.mqtt_host, endpoints.mqtt_port)
    pem = ssl.get_server_certificate(address, ca_certs=endpoints.ca_file)
    key = load_pem_x509_certificate(pem.encode()).public_key()
    data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@contextmanager
def chromium(profile: Path, url: str, trusted: str) -> Iterator[None]:
    """Open a page in a browser that trusts one key more than usual."""
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--no-first-run", "--disable-background-networking", "--remote-debugging-port=0"),
        *(f"--user-data-dir={profile}", f"--ignore-certificate-errors-spki-list={trusted}", url),
    ]
    with (profile.parent / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        browser.terminate()
        try:
            browser.wait(20)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_mqtt_js_in_a_browser(
    server: ServerProcess,
    credentials: dict[str, Credentials],
    site: Site,
    tmp_path: Path,
    scheme: str,
    version: int,
) -> None:
    endpoints = server.endpoints
    host = f"{endpoints.mqtt_host}:{endpoints.mqtt_port}"
    play = {
        "url": f"{scheme}://{host}{presigned_path(host, credentials['alice'])}",
        "version": version,
        "name": f"browser-{scheme}-{version}",
        "own": "building/1",
        "others": "building/2",
    }
    page = f"http://127.0.0.1:{site.server_port}/browser.html?play={quote(json.dumps(play))}"
    with chromium(tmp_path / "profile", page, key_hash(server)):
        seen = site.seen.get(timeout=PATIENCE_S)
    allowed = {"building/1": True, "building/2": False}
    assert seen == {
        "subprotocol": "mqtt",
        "received": "from the browser",
        "subscribe": allowed,
        "publish": allowed,
        "unsigned": "refused",
    }
