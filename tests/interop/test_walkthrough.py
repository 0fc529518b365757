"""docs/walkthrough.md does what it says, command by command."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keyfob.testing import ServerProcess

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]


def test_every_command_of_the_walkthrough_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "walkthrough.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    script = "\n".join(["set -e", *blocks])
    shutil.copy(ROOT / "examples" / "connect.py", tmp_path)
    programs = str(Path(sys.executable).parent)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with ServerProcess(tmp_path / ".keyfob"):
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=tmp_path,
            env={**inherited, "PATH": f"{programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=55,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "building 1: published" in done.stdout
    assert "building 2: refused" in done.stdout
    assert "connected\nSUCCESS" in done.stdout
    assert "NOT_AUTHORIZED identity-based policy: no statement allows iot:Publish" in done.stdout
    assert "alice (client alice-phone): iot:Publish on" in done.stdout
