"""`keyfob env`: each syntax says the same, whatever the values hold."""

import json
import subprocess

from keyfob.cli.env import build_environment, render
from keyfob.store.data_directory import Endpoints

AWKWARD = 'a\'b "c" $HOME \\ `d`'


def variables() -> dict[str, str]:
    return build_environment(
        Endpoints(
            endpoint_url="http://127.0.0.1:4566",
            https_endpoint_url="https://localhost:4566",
            mqtt_host="localhost",
            mqtt_port=4566,
            ca_file=AWKWARD,
            region="eu-central-1",
            account_id="123456789012",
            access_key_id="AKIATEST",
            secret_access_key="se+cr/et",
            pid=1,
        )
    )


def test_a_shell_reads_back_what_was_printed() -> None:
    script = render(variables(), "sh") + '\nprintf %s "$AWS_CA_BUNDLE"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == AWKWARD


def test_json_holds_every_variable() -> None:
    assert json.loads(render(variables(), "json")) == variables()


def test_other_syntaxes_quote_awkward_values() -> None:
    assert "set -gx AWS_REGION 'eu-central-1'" in render(variables(), "fish")
    assert "$Env:AWS_REGION = 'eu-central-1'" in render(variables(), "powershell")
    assert "'a''b \"c\" $HOME" in render(variables(), "powershell")
    assert 'AWS_REGION="eu-central-1"' in render(variables(), "dotenv")
    assert "\\$HOME" in render(variables(), "dotenv")
