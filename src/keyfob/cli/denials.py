"""`keyfob denials`: what was refused, to whom, and why."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from keyfob.cli.operator import Operator
from keyfob.config import DEFAULT_DATA_DIRECTORY

POLL_S = 0.5


def denials(
    *,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
    follow: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    limit: int = 100,
) -> None:
    """Print what was refused and why, newest last.

    Args:
        data: Data directory of the server.
        follow: Go on printing new denials until interrupted.
        as_json: Print one JSON object a line.
        limit: How many denials to print.
    """
    operator = Operator(data)
    since_s = 0.0
    while True:
        found = operator.get("denials", limit=limit, since=since_s)["denials"]
        for denial in reversed(found):
            print(json.dumps(denial) if as_json else render(denial), flush=True)
            since_s = max(since_s, denial["last_time_s"])
        if not follow:
            return
        time.sleep(POLL_S)


def render(denial: Mapping[str, Any]) -> str:
    """Return one denial as a few lines a person can read."""
    moment = datetime.fromtimestamp(denial["last_time_s"], UTC)
    who = denial["username"] or denial["identity_id"] or denial["principal_arn"]
    client = f" (client {denial['client_id']})" if denial["client_id"] else ""
    times = f", {denial['count']} times" if denial["count"] > 1 else ""
    return (
        f"{moment:%H:%M:%SZ}  {who}{client}: {denial['action']} on {denial['resource']}{times}\n"
        f"  {denial['sentence']}"
    )
