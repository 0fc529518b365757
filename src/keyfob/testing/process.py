"""A keyfob server as a process of its own, for tests and the demonstration."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from keyfob.core.errors import ConfigError, KeyfobError
from keyfob.store.data_directory import Endpoints, read_endpoints

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0


class ServerStartError(KeyfobError):
    """The server did not become ready; the message carries what it printed."""


class ServerProcess:
    """`keyfob up` on a data directory and a free port, stopped when the block ends.

    It may be killed and started again on the same directory: state is kept.
    """

    def __init__(self, data: Path, *options: str, port: int = 0) -> None:
        """Prepare a server; `start` runs it.

        Args:
            data: data directory; also holds `server.log`, everything the server prints.
            options: further options of `keyfob up`.
            port: port to listen on, 0 for a free one.
        """
        self.data = data
        self._command = [
            *(sys.executable, "-m", "keyfob", "up", "--data", str(data), "--port", str(port)),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """How to reach the running server."""
        if self._endpoints is None:
            raise ServerStartError("the server was not started")
        return self._endpoints

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise ServerStartError("the server was not started")
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything the server printed so far."""
        return (self.data / "server.log").read_text(errors="replace")

    def start(self) -> "ServerProcess":
        """Run the server and wait until it is ready.

        Raises:
            ServerStartError: it ended, or was not ready in time.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.data / "endpoints.json").unlink(missing_ok=True)
        with (self.data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ServerStartError(f"the server ended at once: {self.log}")
            try:
                self._endpoints = read_endpoints(self.data)
            except ConfigError:
                time.sleep(0.01)
            else:
                return self
        self.kill()
        raise ServerStartError(f"the server was not ready in time: {self.log}")

    def stop(self) -> int:
        """Ask the server to stop, as Ctrl-C does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End the server at once, as a crash does (`kill -9`)."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            os.kill(process.pid, how)
        try:
            code = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        self._process = None
        return code

    def __enter__(self) -> "ServerProcess":
        return self.start()

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
