"""`keyfob demo`: the whole flow, with two users in two buildings, through public clients only."""

import sys

from keyfob.core.errors import ConfigError


def demo() -> None:
    """Play the walk-through on a server of its own, and show who could do what, and why not.

    Exits with 0 only if every expectation held.
    """
    try:
        from keyfob.cli.demo.play import play
    except ImportError as error:
        raise ConfigError(f"the demo needs `{error.name}`: pip install 'keyfob[demo]'") from error
    sys.exit(0 if play() else 1)


__all__ = ["demo"]
