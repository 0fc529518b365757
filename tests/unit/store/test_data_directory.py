"""The data directory: private, locked, and clear about what it cannot do."""

import os
import stat
from pathlib import Path

import pytest

from keyfob.core.errors import ConfigError
from keyfob.core.ids import SystemRandomness
from keyfob.store.data_directory import DataDirectory, Endpoints, read_endpoints


def endpoints(pid: int) -> Endpoints:
    return Endpoints(
        endpoint_url="http://127.0.0.1:4566",
        https_endpoint_url="https://localhost:4566",
        mqtt_host="localhost",
        mqtt_port=4566,
        ca_file="/tmp/ca.pem",
        region="eu-central-1",
        account_id="123456789012",
        access_key_id="AKIATEST",
        secret_access_key="secret",
        pid=pid,
    )


def test_everything_is_private(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "deep" / "data")
    directory.master_key(SystemRandomness())
    directory.root_key(SystemRandomness())
    directory.announce(endpoints(os.getpid()))
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    for name in ("lock", "master.key", "root.json", "endpoints.json"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600, name
    directory.close()


def test_keys_are_made_once(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    keys = (first.master_key(SystemRandomness()), first.root_key(SystemRandomness()))
    first.close()
    second = DataDirectory(tmp_path)
    assert (second.master_key(SystemRandomness()), second.root_key(SystemRandomness())) == keys
    second.close()


def test_a_second_server_on_the_directory_is_refused(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    with pytest.raises(ConfigError, match="another keyfob is running"):
        DataDirectory(tmp_path)
    first.close()
    DataDirectory(tmp_path).close()


def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot use"):
        DataDirectory(tmp_path / "file" / "data")


@pytest.mark.parametrize("content", ["", "zz", "abcd"])
def test_a_spoilt_master_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "master.key").write_text(content)
    directory = DataDirectory(tmp_path)
    with pytest.raises(ConfigError, match="master key"):
        directory.master_key(SystemRandomness())
    directory.close()


def test_endpoints_are_those_of_a_server_that_runs(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.announce(endpoints(os.getpid()))
    assert read_endpoints(tmp_path).mqtt_port == 4566
    directory.close()
    with pytest.raises(ConfigError, match="no keyfob is running"):
        read_endpoints(tmp_path)
    crashed = DataDirectory(tmp_path)
    crashed.announce(endpoints(2**22 + 1))
    with pytest.raises(ConfigError, match="no keyfob is running"):
        read_endpoints(tmp_path)
    crashed.close()
