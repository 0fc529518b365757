"""`keyfob up` and its companions as an operator meets them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from keyfob.testing import ServerProcess


def keyfob(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "keyfob", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_one_clear_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("keyfob: ")
    for word in words:
        assert word in lines[0]


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = keyfob("up", "--data", str(tmp_path / "data"), "--port", port)
    assert_one_clear_line(done, port, "in use")
    assert not (tmp_path / "data" / "endpoints.json").exists()


def test_a_second_server_on_the_same_directory_is_one_clear_line(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as first:
        done = keyfob("up", "--data", str(tmp_path / "data"), "--port", "0")
        assert_one_clear_line(done, "another keyfob is running on", str(tmp_path / "data"))
        assert keyfob("env", "--data", str(tmp_path / "data")).returncode == 0
        assert first.stop() == 0


def test_an_unusable_directory_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    done = keyfob("up", "--data", str(tmp_path / "file" / "data"), "--port", "0")
    assert_one_clear_line(done, "cannot use", str(tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--region", "nowhere", "region"),
        ("--account", "12", "twelve digits"),
        ("--listen", "tcp://127.0.0.1:0", "policy"),
        ("--port", "70000", "70000"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    tmp_path: Path, option: str, value: str, word: str
) -> None:
    done = keyfob("up", "--data", str(tmp_path / "data"), option, value)
    assert_one_clear_line(done, word)


def test_the_operators_commands_say_when_no_server_runs(tmp_path: Path) -> None:
    for command in (["env"], ["who", "alice"], ["denials"], ["mail"]):
        done = keyfob(*command, "--data", str(tmp_path))
        assert_one_clear_line(done, "no keyfob is running on")


def test_the_root_key_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYFOB_ROOT_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("KEYFOB_ROOT_SECRET_ACCESS_KEY", "test")
    with ServerProcess(tmp_path / "data", "--memory") as server:
        assert server.endpoints.access_key_id == "test"
        assert not (tmp_path / "data" / "keyfob.db").exists()


def test_env_matches_the_running_server_and_goes_with_it(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", "--region", "eu-central-1") as server:
        printed = keyfob("env", "--data", str(server.data), "--format", "json").stdout
        variables = json.loads(printed)
        assert variables["AWS_ENDPOINT_URL"] == server.endpoints.endpoint_url
        assert variables["AWS_REGION"] == "eu-central-1"
        assert Path(variables["AWS_CA_BUNDLE"]).read_text().startswith("-----BEGIN CERTIFICATE")
        assert server.stop() == 0
    assert not (tmp_path / "data" / "endpoints.json").exists()
