"""The command line: one module per command, loaded when the command is called."""

import sys

from cyclopts import App

from keyfob.core.errors import ConfigError

_COMMANDS = ("up", "env", "demo", "who", "denials", "mail")

app = App(
    name="keyfob",
    help="Amazon Cognito, IAM/STS and AWS IoT Core for per-user MQTT, in one process.",
    version_flags=["--version"],
)
for _name in _COMMANDS:
    app.command(f"keyfob.cli.{_name}:{_name}", name=_name)


def main() -> None:
    """Run the command line.

    An operator's mistake (`ConfigError`) is one line on standard error and exit code 2.
    """
    try:
        app()
    except ConfigError as error:
        print(f"keyfob: {error}", file=sys.stderr)
        sys.exit(2)


__all__ = ["app", "main"]
