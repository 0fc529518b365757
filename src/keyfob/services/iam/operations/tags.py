"""Tags of roles and users: Tag, Untag, List."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iam.domain.tags import add_tags, remove_tags, render_tags
from keyfob.services.iam.entities import ROLE, USER, EntityKind, EntityT
from keyfob.services.iam.paging import cut_page

if TYPE_CHECKING:
    from keyfob.services.iam.service import IamService


@dataclass(frozen=True, slots=True)
class Tags(Generic[EntityT]):
    """The operations for one kind of entity."""

    kind: EntityKind[EntityT]

    async def add(self, service: "IamService", request: AuthorizedRequest) -> Mapping[str, Any]:
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

    async def remove(self, service: "IamService", request: AuthorizedRequest) -> Mapping[str, Any]:
        """Remove tags."""
        keys = request.params["TagKeys"]
        await self.kind.update(
            service,
            request,
            lambda record: msgspec.structs.replace(record, tags=remove_tags(record.tags, keys)),
        )
        return {}

    async def list(self, service: "IamService", request: AuthorizedRequest) -> Mapping[str, Any]:
        """Return a page of tags in the order they were added.

        Pages are keyed by position: a tag key of 128 wide characters would not fit a marker.
        """
        record = await self.kind.find(service, request)
        tags = enumerate(render_tags(record.tags))
        page, more = cut_page("tags", request.params, tags, key=lambda item: f"{item[0]:03}")
        return {"Tags": [tag for _, tag in page], **more}


ROLE_TAGS = Tags(ROLE)
USER_TAGS = Tags(USER)
