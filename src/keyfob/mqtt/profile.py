"""Which broker keyfob is: AWS IoT Core, or the MQTT standard."""

from enum import Enum


class Profile(Enum):
    """A broker's behaviour where AWS and the standard differ."""

    AWS = "aws"
    """As AWS IoT Core: its limits, its reserved topics, `a/#` without `a`, no retained message for
    a wildcard."""
    OASIS = "oasis"
    """As the MQTT standard says."""
