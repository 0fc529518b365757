"""The servers under measurement, each started on a free port and stopped by its process id."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from keyfob.core.errors import ConfigError
from keyfob.store.data_directory import Endpoints, read_endpoints

START_TIMEOUT_S = 60.0
PROBE = (
    b'{"UserPoolId": "us-east-1_AAAAAAAAA"}',
    {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.DescribeUserPool",
        "Host": "cognito-idp.us-east-1.amazonaws.com",
    },
)
"""A first request that every server answers, if only by refusing it."""


@dataclass
class Server:
    """One running server."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    access_key_id: str
    secret_access_key: str
    start_s: float
    """Seconds from the start of the process to its first answer."""
    first_rss_mb: float
    """Resident memory right after the first answer, children included."""
    directory: tempfile.TemporaryDirectory[str] = field(repr=False)

    @property
    def url(self) -> str:
        """Endpoint URL."""
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        """Resident memory now."""
        return _rss_mb(self.process.pid)

    def cpu_s(self) -> float:
        """Processor time used so far, children included."""
        return sum(_cpu_s(pid) for pid in _family(self.process.pid))

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()


def start(name: str, peers: Path) -> Server:
    """Start `keyfob`, `ministack` (AUTH=true) or `moto`; wait for its first answer."""
    port = _free_port()
    directory = tempfile.TemporaryDirectory(prefix=f"bench-{name}-")
    command, environment = _command(name, port, peers, Path(directory.name))
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd=directory.name,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _await_answer(process, port)
    start_s = time.perf_counter() - begun
    keys = ("test", "test")
    if name == "keyfob":
        endpoints = _endpoints(Path(directory.name) / "data")
        keys = (endpoints.access_key_id, endpoints.secret_access_key)
    return Server(name, process, port, *keys, start_s, _rss_mb(process.pid), directory)


def _command(
    name: str, port: int, peers: Path, directory: Path
) -> tuple[list[str], dict[str, str]]:
    if name == "keyfob":
        up = [sys.executable, "-m", "keyfob", "up", "--data", str(directory / "data")]
        return [*up, "--port", str(port)], {}
    if name == "ministack":
        environment = {
            "AUTH": "true",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }
        return [str(peers / "bin" / "ministack")], environment
    if name == "moto":
        return [str(peers / "bin" / "moto_server"), "-p", str(port)], {}
    raise ValueError(f"there is no server `{name}`")


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    body, headers = PROBE
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", "/", body, headers)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.005)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError("the server did not answer")


def _endpoints(data: Path) -> Endpoints:
    for _ in range(200):
        try:
            return read_endpoints(data)
        except ConfigError:
            time.sleep(0.01)
    raise RuntimeError("keyfob did not announce itself")


def _rss_mb(pid: int) -> float:
    """Resident megabytes of a process and its children."""
    total = 0.0
    for child in _family(pid):
        status = Path(f"/proc/{child}/status").read_text()
        total += next(
            (int(line.split()[1]) / 1024 for line in status.splitlines() if "VmRSS" in line), 0.0
        )
    return total


def _cpu_s(pid: int) -> float:
    """Seconds of user and system time of a process (proc(5), fields 14 and 15 of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in _family(int(child)))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
