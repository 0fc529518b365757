"""The data directory: who may use it, and the few files beside the database.

DIR/                 mode 0700
  lock               held while a server runs
  keyfob.db          the database (and its -wal, -shm)
  master.key         what seals tokens and encrypts secrets in the database
  root.json          the root user's access key
  endpoints.json     how to reach the running server, written when it is ready
  tls/               the local CA and the server certificate
"""

import fcntl
import os
from pathlib import Path

import msgspec

from keyfob.core.errors import ConfigError
from keyfob.core.ids import Randomness, new_secret_access_key, new_unique_id

MASTER_KEY_BYTES = 32


class Endpoints(msgspec.Struct, frozen=True):
    """What `endpoints.json` says of a running server."""

    endpoint_url: str
    https_endpoint_url: str
    mqtt_host: str
    mqtt_port: int
    ca_file: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    pid: int


class RootKeyFile(msgspec.Struct, frozen=True):
    """What `root.json` says."""

    access_key_id: str
    secret_access_key: str


class DataDirectory:
    """One server's state on disk, locked for as long as this object is open."""

    def __init__(self, path: Path) -> None:
        """Make the directory if need be, and lock it.

        Raises:
            ConfigError: it cannot be made or written, or another server holds it.
        """
        self.path = path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"cannot use {self.path}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigError(f"another keyfob is running on {self.path}") from None

    def __truediv__(self, name: str) -> Path:
        """Return the path of a file in the directory."""
        return self.path / name

    def master_key(self, randomness: Randomness) -> bytes:
        """Return the master key, made at the first call ever.

        Raises:
            ConfigError: the file is there and is not a key.
        """
        path = self.path / "master.key"
        if not path.exists():
            write_private(path, randomness.token_bytes(MASTER_KEY_BYTES).hex().encode() + b"\n")
        try:
            key = bytes.fromhex(path.read_text().strip())
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot read the master key in {path}") from error
        if len(key) != MASTER_KEY_BYTES:
            raise ConfigError(f"the master key in {path} is not {MASTER_KEY_BYTES} bytes")
        return key

    def root_key(self, randomness: Randomness) -> RootKeyFile:
        """Return the root user's access key, made at the first call ever."""
        path = self.path / "root.json"
        if not path.exists():
            key = RootKeyFile(new_unique_id(randomness, "AKIA"), new_secret_access_key(randomness))
            write_private(path, msgspec.json.format(msgspec.json.encode(key)) + b"\n")
        try:
            return msgspec.json.decode(path.read_bytes(), type=RootKeyFile)
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"cannot read the root key in {path}") from error

    def announce(self, endpoints: Endpoints) -> None:
        """Write `endpoints.json`: the server is ready."""
        content = msgspec.json.format(msgspec.json.encode(endpoints)) + b"\n"
        write_private(self.path / "endpoints.json", content)

    def close(self) -> None:
        """Withdraw the announcement and unlock."""
        (self.path / "endpoints.json").unlink(missing_ok=True)
        os.close(self._lock)


def read_endpoints(path: Path) -> Endpoints:
    """Return what the server running on a data directory announced.

    Raises:
        ConfigError: no server is running on it.
    """
    try:
        endpoints = msgspec.json.decode((path / "endpoints.json").read_bytes(), type=Endpoints)
        os.kill(endpoints.pid, 0)
    except (OSError, msgspec.MsgspecError):
        raise ConfigError(f"no keyfob is running on {path}; start one with `keyfob up`") from None
    return endpoints


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 so that it is there whole or not at all."""
    draft = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
