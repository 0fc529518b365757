"""The command line: one module per command, loaded when the command is called."""

import sys

from cyclopts import App

from keyfob.core.errors import ConfigError

_COMMANDS = {
    "up": "Serve the AWS APIs and MQTT, over TCP, TLS and WebSocket, on one port.",
    "env": "Print the environment that points the AWS CLI and SDKs at the running server.",
    "demo": "Play the whole flow with two users, and show who could do what, and why not.",
    "who": "Show the user behind an identity id, or the identities of a user.",
    "denials": "Print what was refused and why.",
    "explain": "Say why something is allowed or not.",
    "lint": "Check policies, and the policies in CloudFormation and SAM templates.",
    "top": "Watch clients, rates and denials, live.",
    "mail": "Print the messages that users would have got, with their codes.",
}
"""Each command's name and its line in `keyfob --help`; the module is not loaded for that."""

app = App(
    name="keyfob",
    help="Amazon Cognito, IAM/STS and AWS IoT Core for per-user MQTT, in one process.",
    version_flags=["--version"],
)
for _name, _summary in _COMMANDS.items():
    app.command(f"keyfob.cli.{_name}:{_name}", name=_name, help=_summary)


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
