"""`keyfob lint`: exit codes and what goes where."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keyfob.testing.article import building_policy, printed_second_policy


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keyfob", "lint", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def printed(tmp_path: Path) -> Path:
    path = tmp_path / "printed.json"
    path.write_text(json.dumps(printed_second_policy("eu-central-1", "123456789012"), indent=1))
    return path


@pytest.fixture
def meant(tmp_path: Path) -> Path:
    path = tmp_path / "meant.json"
    path.write_text(json.dumps(building_policy("eu-central-1", "123456789012"), indent=1))
    return path


def test_errors_exit_with_one(printed: Path, meant: Path) -> None:
    done = run(printed, meant)
    assert done.returncode == 1
    assert f"{printed}:" in done.stdout
    assert "error KF203:" in done.stdout
    assert f"{meant}:" in done.stdout
    assert done.stderr == ""


def test_warnings_alone_exit_with_zero(meant: Path) -> None:
    done = run(meant, "--format", "json")
    assert done.returncode == 0
    assert [one["severity"] for one in json.loads(done.stdout)] == ["warning"]


def test_the_kind_can_be_said(meant: Path) -> None:
    done = run(meant, "--kind", "iot", "--format", "json")
    assert "KF403" in {one["rule"] for one in json.loads(done.stdout)}


def test_unusable_input_exits_with_two_and_one_line(tmp_path: Path, printed: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"Statement":\n [}')
    for path, expected in ((broken, f"{broken}:2:3: not json"), (tmp_path / "no", "cannot read")):
        done = run(printed, path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert expected in done.stderr
        assert done.stderr.count("\n") == 1


def test_no_file_exits_with_two() -> None:
    assert run().returncode == 2


def test_a_rule_is_explained() -> None:
    done = run("--explain", "kf203")
    assert done.returncode == 0
    assert done.stdout.startswith("# KF203: ")
    assert run("--explain", "../x").returncode == 2
