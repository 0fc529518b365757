"""`keyfob env`: what to export so that SDKs and tools talk to the running server."""

import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from keyfob.config import DEFAULT_DATA_DIRECTORY
from keyfob.store.data_directory import Endpoints, read_endpoints

Format = Literal["sh", "fish", "powershell", "json", "dotenv"]


def env(
    *,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
    format: Annotated[Format, Parameter(name="--format")] = "sh",  # noqa: A002 - the option's name
) -> None:
    """Print the environment that points the AWS CLI and SDKs at the running server.

    Args:
        data: Data directory of the server.
        format: Shell or file syntax to print; `sh` is for `eval "$(keyfob env)"`.
    """
    print(render(build_environment(read_endpoints(data)), format))


def build_environment(endpoints: Endpoints) -> dict[str, str]:
    """Return the variables that the AWS CLI, boto3 and the JavaScript SDK v3 read."""
    return {
        "AWS_ENDPOINT_URL": endpoints.endpoint_url,
        "AWS_ACCESS_KEY_ID": endpoints.access_key_id,
        "AWS_SECRET_ACCESS_KEY": endpoints.secret_access_key,
        "AWS_REGION": endpoints.region,
        "AWS_DEFAULT_REGION": endpoints.region,
        "AWS_CA_BUNDLE": endpoints.ca_file,
        "NODE_EXTRA_CA_CERTS": endpoints.ca_file,
    }


def render(variables: Mapping[str, str], syntax: Format) -> str:
    """Return the variables in one syntax, a line each."""
    if syntax == "json":
        return json.dumps(variables, indent=2)
    return "\n".join(_RENDERERS[syntax](name, value) for name, value in variables.items())


def _fish_quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell_quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _dotenv_quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


_RENDERERS: Mapping[str, Callable[[str, str], str]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "fish": lambda name, value: f"set -gx {name} {_fish_quote(value)}",
    "powershell": lambda name, value: f"$Env:{name} = {_powershell_quote(value)}",
    "dotenv": lambda name, value: f"{name}={_dotenv_quote(value)}",
}
"""How each syntax sets one variable."""
