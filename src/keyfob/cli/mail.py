"""`keyfob mail`: the messages that users would have got, with their codes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from keyfob.cli.operator import Operator
from keyfob.config import DEFAULT_DATA_DIRECTORY


def mail(
    *,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
    limit: int = 20,
) -> None:
    """Print the newest messages, newest last.

    Args:
        data: Data directory of the server.
        limit: How many messages to print.
    """
    messages = Operator(data).get("mail", limit=limit)["messages"]
    for message in reversed(messages):
        sent = datetime.fromtimestamp(message["sent_at_s"], UTC)
        print(f"{sent:%Y-%m-%d %H:%M:%SZ}  {message['user_pool_id']}  to {message['destination']}")
        print(f"  {message['subject']}: {message['text']}")
