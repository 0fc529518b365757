"""Tags of customer managed policies: Tag, Untag, List."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.tags import add_tags, remove_tags
from keyfob.services.iam.operations.managed_policies import find_policy, update_policy
from keyfob.services.iam.operations.tags import cut_tags


async def tag_policy(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Add tags, or give them new values."""
    added = request.params["Tags"]
    await update_policy(
        service,
        request,
        lambda policy: msgspec.structs.replace(
            policy, tags=add_tags(policy.tags, added, "TagsPerPolicy")
        ),
    )
    return {}


async def untag_policy(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Remove tags."""
    keys = request.params["TagKeys"]
    await update_policy(
        service,
        request,
        lambda policy: msgspec.structs.replace(policy, tags=remove_tags(policy.tags, keys)),
    )
    return {}


async def list_policy_tags(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of tags."""
    record = await find_policy(service, request.params["PolicyArn"], request.account)
    return cut_tags(request.params, record.tags)
