"""Tags of named resources: Tag, Untag, List."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import msgspec

from keyfob.authz.operation import AuthorizedRequest, Params
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.tags import add_tags, remove_tags, render_tags
from keyfob.services.iam.entities import ROLE, USER
from keyfob.services.iam.instance_profiles import INSTANCE_PROFILE
from keyfob.services.iam.kinds import ResourceKind
from keyfob.services.iam.paging import cut_page
from keyfob.services.iam.providers import OPEN_ID_PROVIDER, SAML_PROVIDER
from keyfob.store.ports.iam_resources import RecordT


def cut_tags(params: Params, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer that lists a page of tags, in the order they were added.

    Pages are keyed by position: a tag key of 128 wide characters would not fit a marker.
    """
    numbered = enumerate(render_tags(tags))
    page, more = cut_page("tags", params, numbered, key=lambda item: f"{item[0]:03}")
    return {"Tags": [tag for _, tag in page], **more}


@dataclass(frozen=True, slots=True)
class Tags(Generic[RecordT]):
    """The operations for one kind of resource."""

    kind: ResourceKind[RecordT]

    async def add(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Add tags, or give them new values."""
        added, quota = request.params["Tags"], f"TagsPer{self.kind.quota_word}"
        await self.kind.update(
            service,
            request,
            lambda record: msgspec.structs.replace(
                record, tags=add_tags(record.tags, added, quota)
            ),
        )
        return {}

    async def remove(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Remove tags."""
        keys = request.params["TagKeys"]
        await self.kind.update(
            service,
            request,
            lambda record: msgspec.structs.replace(record, tags=remove_tags(record.tags, keys)),
        )
        return {}

    async def list(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Return a page of tags."""
        record = await self.kind.find(service, request)
        return cut_tags(request.params, record.tags)


ROLE_TAGS = Tags(ROLE)
USER_TAGS = Tags(USER)
INSTANCE_PROFILE_TAGS = Tags(INSTANCE_PROFILE)
OPEN_ID_PROVIDER_TAGS = Tags(OPEN_ID_PROVIDER)
SAML_PROVIDER_TAGS = Tags(SAML_PROVIDER)
