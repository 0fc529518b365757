"""Amazon Resource Names.

Form: `arn:<partition>:<service>:<region>:<account>:<resource>`; the resource may itself
hold colons. keyfob lives in one partition, `aws`.
"""

from dataclasses import dataclass

from keyfob.core.errors import KeyfobError
from keyfob.core.ids import AccountId, Region


class ArnError(KeyfobError):
    """A text is not an ARN."""


@dataclass(frozen=True, slots=True)
class Arn:
    """One parsed ARN."""

    service: str
    """Service namespace, for instance `iot`."""
    region: str
    """Region, empty for global services."""
    account: str
    """Account id, empty for resources without one."""
    resource: str
    """Everything after the fifth colon, for instance `topic/building/1`."""
    partition: str = "aws"
    """Partition; always `aws` for what keyfob makes."""

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn:
    """Parse an ARN.

    Raises:
        ArnError: fewer than six parts, a wrong first part, or an empty service or resource.
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        raise ArnError(f"`{text[:200]}` is not an arn")
    _, partition, service, region, account, resource = parts
    return Arn(service, region, account, resource, partition)


def iam_arn(account: AccountId, resource: str) -> str:
    """Return the ARN of an IAM resource, for instance `role/service/Name`."""
    return f"arn:aws:iam::{account}:{resource}"


def sts_arn(account: AccountId, resource: str) -> str:
    """Return the ARN of an STS resource, for instance `assumed-role/Name/session`."""
    return f"arn:aws:sts::{account}:{resource}"


def iot_arn(region: Region, account: AccountId, resource: str) -> str:
    """Return the ARN of an IoT resource, for instance `topic/building/1`."""
    return f"arn:aws:iot:{region}:{account}:{resource}"


def user_pool_arn(region: Region, account: AccountId, pool_id: str) -> str:
    """Return the ARN of a user pool."""
    return f"arn:aws:cognito-idp:{region}:{account}:userpool/{pool_id}"


def identity_pool_arn(region: Region, account: AccountId, pool_id: str) -> str:
    """Return the ARN of an identity pool."""
    return f"arn:aws:cognito-identity:{region}:{account}:identitypool/{pool_id}"
