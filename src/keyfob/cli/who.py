"""`keyfob who`: which user an identity is, and which identities a user has."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from keyfob.cli.operator import Operator
from keyfob.config import DEFAULT_DATA_DIRECTORY


def who(
    name: str,
    /,
    *,
    data: Annotated[Path, Parameter(name="--data")] = DEFAULT_DATA_DIRECTORY,
) -> None:
    """Show the user behind an identity id, or the identities of a user.

    Args:
        name: User name, sub, email or other alias of a user, or an identity id.
        data: Data directory of the server.
    """
    people = Operator(data).get("who", name=name)["people"]
    if not people:
        print(f"nobody here goes by `{name}`", file=sys.stderr)
        sys.exit(1)
    for person in people:
        print(f"{person['username'] or '(guest)'}")
        for label in ("user_pool_id", "sub", "status"):
            if person[label]:
                print(f"  {label.replace('_', ' '):20} {person[label]}")
        for attribute, value in person["attributes"].items():
            print(f"  {attribute:20} {value}")
        for identity in person["identities"]:
            state = " (disabled)" if identity["is_disabled"] else ""
            print(f"  {'identity':20} {identity['identity_id']}{state}")
            print(f"  {'in pool':20} {identity['identity_pool_id']}")
