"""Inline policies of roles, users and groups: Put, Get, List, Delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.documents import (
    render_document,
    require_inline_document,
    require_inline_size,
)
from keyfob.services.iam.entities import GROUP, ROLE, USER
from keyfob.services.iam.kinds import ResourceKind
from keyfob.services.iam.paging import cut_page
from keyfob.store.ports.iam_entities import EntityT


@dataclass(frozen=True, slots=True)
class InlinePolicies(Generic[EntityT]):
    """The operations for one kind of entity."""

    kind: ResourceKind[EntityT]

    async def put(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Add or replace an inline policy."""
        name, document = request.params["PolicyName"], request.params["PolicyDocument"]
        require_inline_document(self.kind.word, self.kind.require_name(request.call), document)

        def change(record: EntityT) -> EntityT:
            inline = {**record.inline, name: document}
            require_inline_size(self.kind.word, record.name, inline)
            return msgspec.structs.replace(record, inline=inline)

        await self.kind.update(service, request, change)
        return {}

    async def get(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Return an inline policy."""
        record = await self.kind.find(service, request)
        name = request.params["PolicyName"]
        if name not in record.inline:
            raise errors.inline_policy_not_found(self.kind.word, name)
        return {
            self.kind.name_member: record.name,
            "PolicyName": name,
            "PolicyDocument": render_document(record.inline[name]),
        }

    async def list(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Return a page of the inline policies' names."""
        record = await self.kind.find(service, request)
        names, more = cut_page("inline", request.params, record.inline, key=str)
        return {"PolicyNames": names, **more}

    async def delete(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Delete an inline policy."""
        name = request.params["PolicyName"]

        def change(record: EntityT) -> EntityT:
            if name not in record.inline:
                raise errors.inline_policy_not_found(self.kind.word, name)
            rest = {key: value for key, value in record.inline.items() if key != name}
            return msgspec.structs.replace(record, inline=rest)

        await self.kind.update(service, request, change)
        return {}


ROLE_INLINE = InlinePolicies(ROLE)
USER_INLINE = InlinePolicies(USER)
GROUP_INLINE = InlinePolicies(GROUP)
