"""What IoT policies are attached to.

Source: IoT API Reference, `AttachPolicy`: a certificate, a thing group or an Amazon Cognito
identity (documented).
"""

import re

from keyfob.core.arn import ArnError, parse_arn
from keyfob.core.ids import AccountId, Region
from keyfob.services.iot import errors

MAX_POLICIES = 10
"""Policies of one target; AWS General Reference, IoT Core quotas (documented)."""

_IDENTITY_ID = re.compile(r"[\w-]+:[0-9a-f-]{36}", re.ASCII)
_RESOURCE = re.compile(r"cert/[0-9a-fA-F]{64}|thinggroup/[a-zA-Z0-9:_-]{1,128}")


def require_target(target: str, account: AccountId, region: Region) -> None:
    """Refuse what has not the form of a target of the account and region.

    Raises:
        AwsError: `InvalidRequestException`.
    """
    if not is_arn(target):
        if _IDENTITY_ID.fullmatch(target) is None:
            raise errors.invalid_target(target)
        return
    try:
        arn = parse_arn(target)
    except ArnError:
        raise errors.invalid_target(target) from None
    is_here = (arn.service, arn.region, arn.account) == ("iot", region, account)
    if not is_here or _RESOURCE.fullmatch(arn.resource) is None:
        raise errors.invalid_target(target)


def is_arn(target: str) -> bool:
    """Return whether a target is written as an ARN rather than an identity id."""
    return target.startswith("arn:")
