"""Permissions boundaries of roles and users: Put and Delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.ids import AccountId
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.entities import ROLE, USER, PrincipalKind, PrincipalT
from keyfob.services.iam.operations.managed_policies import require_attachable
from keyfob.store.ports.iam_entities import IamPrincipal


@dataclass(frozen=True, slots=True)
class Boundaries(Generic[PrincipalT]):
    """The operations for one kind of entity."""

    kind: PrincipalKind[PrincipalT]

    async def put(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Set or replace the boundary."""
        arn = request.params["PermissionsBoundary"]
        require_boundary(arn, request.account)
        await self.kind.update(
            service, request, lambda record: msgspec.structs.replace(record, boundary_arn=arn)
        )
        return {}

    async def delete(self, service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
        """Remove the boundary."""

        def change(record: PrincipalT) -> PrincipalT:
            if record.boundary_arn is None:
                raise errors.boundary_not_found(self.kind.word, record.name)
            return msgspec.structs.replace(record, boundary_arn=None)

        await self.kind.update(service, request, change)
        return {}


ROLE_BOUNDARIES = Boundaries(ROLE)
USER_BOUNDARIES = Boundaries(USER)


def require_boundary(arn: str | None, account: AccountId) -> None:
    """Refuse a boundary of another account, or one of AWS's policies that keyfob does not know.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    if arn is not None:
        require_attachable(arn, account)


def render_boundary(record: IamPrincipal) -> dict[str, Any]:
    """Return the member that names an entity's boundary, if it has one."""
    if record.boundary_arn is None:
        return {}
    return {
        "PermissionsBoundary": {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": record.boundary_arn,
        }
    }
